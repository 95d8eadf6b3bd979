/** What the protocol tells about endpoints: an endpoint is its "model", a model version its "version". */
import type { EndpointStats, Serving } from '../../modules/serving/index.ts';

export const SERVER_EXTENSIONS = [
  'binary_tensor_data',
  'model_repository',
  'statistics',
  'parameters',
  'schedule_policy',
] as const;

export function modelMetadata(serving: Serving, endpoint: string, version: number | undefined) {
  const signature = serving.signature(endpoint, version);
  const versions = serving.view(endpoint).versions.map((entry) => String(entry.version));
  return { name: endpoint, versions, platform: 'onnx', inputs: signature.inputs, outputs: signature.outputs };
}

/** Triton's name of a datatype in a model configuration: https://github.com/triton-inference-server/common, model_config.proto. */
const configType = (datatype: string): string => `TYPE_${datatype === 'BYTES' ? 'STRING' : datatype}`;

/**
 * Triton's model_configuration, as far as it describes the model. `max_batch_size` is 0, which means that `dims` is the whole shape:
 * the signature holds the batch dimension (-1) where the model has one.
 */
export function modelConfig(serving: Serving, endpoint: string, version: number | undefined) {
  const signature = serving.signature(endpoint, version);
  const tensors = (specs: typeof signature.inputs) =>
    specs.map((spec) => ({ name: spec.name, data_type: configType(spec.datatype), dims: [...spec.shape] }));
  return {
    name: endpoint,
    platform: 'onnxruntime_onnx',
    backend: 'onnxruntime',
    max_batch_size: 0,
    input: tensors(signature.inputs),
    output: tensors(signature.outputs),
  };
}

export function repositoryIndex(serving: Serving) {
  return serving.endpoints().flatMap((entry) =>
    entry.versions.map(({ version }) => ({
      name: entry.endpoint,
      version: String(version),
      state: 'READY',
      reason: '',
    })),
  );
}

const ns = (ms: number): number => Math.round(ms * 1e6);

function modelStats(endpoint: string, release: EndpointStats['releases'][number]) {
  const good = release.calls - release.errors;
  const none = { count: 0, ns: 0 };
  return {
    name: endpoint,
    version: String(release.version),
    last_inference: release.lastAt,
    inference_count: release.rows,
    execution_count: good,
    inference_stats: {
      success: { count: good, ns: ns(release.sumMs) },
      fail: { count: release.errors, ns: 0 },
      queue: none,
      compute_input: none,
      compute_infer: { count: good, ns: ns(release.sumMs) },
      compute_output: none,
      cache_hit: none,
      cache_miss: none,
    },
    batch_stats: [],
    memory_usage: [],
  };
}

export function statistics(serving: Serving, endpoint: string | undefined, version: number | undefined) {
  if (endpoint !== undefined) serving.signature(endpoint, version);
  const model_stats = serving
    .stats()
    .filter((entry) => endpoint === undefined || entry.endpoint === endpoint)
    .flatMap((entry) =>
      entry.releases
        .filter((r) => version === undefined || r.version === version)
        .map((r) => modelStats(entry.endpoint, r)),
    );
  return { model_stats };
}
