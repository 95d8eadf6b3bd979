/** A model as its clients know it: Triton's model_configuration, as far as it describes what is served here. */
import type { TensorSpec } from '../../domain/registry.ts';
import type { Serving } from '../../modules/serving/index.ts';
import { DEFAULT_PRIORITY_LEVEL, PRIORITY_LEVELS } from './call-options.ts';
import { runsOn } from './models.ts';

/** Rows that one call may have; the limit of the serving module. */
const MAX_BATCH = 100_000;

/** Triton's name of a datatype in a model configuration: https://github.com/triton-inference-server/common, model_config.proto. */
const configType = (datatype: string): string => `TYPE_${datatype === 'BYTES' ? 'STRING' : datatype}`;

/** Without the batch dimension. An empty shape has no form there: one element, reshaped to none. */
function dims(spec: TensorSpec, batched: boolean): { readonly dims: number[]; readonly reshape?: { shape: number[] } } {
  if (!batched) return { dims: [...spec.shape] };
  const rest = spec.shape.slice(1);
  return rest.length === 0 ? { dims: [1], reshape: { shape: [] } } : { dims: rest };
}

/** Throws MW-NOT-FOUND. `max_batch_size` is 0 for a model whose tensors do not all begin with a free dimension. */
export function modelConfig(serving: Serving, endpoint: string, version: number | undefined) {
  const signature = serving.signature(endpoint, version);
  const { versions } = serving.view(endpoint);
  const batched = [...signature.inputs, ...signature.outputs].every((spec) => spec.shape[0] === -1);
  const tensors = (specs: readonly TensorSpec[]) =>
    specs.map((spec) => ({ name: spec.name, data_type: configType(spec.datatype), ...dims(spec, batched) }));
  const stats = serving.stats().find((entry) => entry.endpoint === endpoint);
  const releases = stats?.releases.filter((release) => version === undefined || release.version === version) ?? [];
  return {
    name: endpoint,
    ...runsOn(versions, version),
    version_policy: { specific: { versions: versions.map((entry) => entry.version) } },
    max_batch_size: batched ? MAX_BATCH : 0,
    input: tensors(signature.inputs),
    output: tensors(signature.outputs),
    instance_group: [
      {
        name: endpoint,
        count: Math.max(1, ...releases.map((release) => release.runtime.replicas)),
        kind: 'KIND_CPU',
      },
    ],
    ...(batched
      ? {
          dynamic_batching: {
            preferred_batch_size: [],
            // Nothing waits for a batch to fill.
            max_queue_delay_microseconds: 0,
            priority_levels: PRIORITY_LEVELS,
            default_priority_level: DEFAULT_PRIORITY_LEVEL,
            default_queue_policy: { allow_timeout_override: true },
          },
        }
      : {}),
  };
}
