/** What the protocol tells about endpoints: an endpoint is its "model", a model version its "version". */
import type { Serving } from '../../modules/serving/index.ts';

/** Only what is whole: a client that finds a name here uses it. */
export const SERVER_EXTENSIONS = [
  'binary_tensor_data',
  'model_configuration',
  'model_repository',
  'model_repository(unload_dependents)',
  'parameters',
  'schedule_policy',
  'statistics',
] as const;

type VersionView = ReturnType<Serving['view']>['versions'][number];

/** In Triton's words where it has one: https://github.com/triton-inference-server/backend#backends. */
const RUNS: Readonly<Record<VersionView['kind'], { readonly platform: string; readonly backend: string }>> = {
  onnx: { platform: 'onnxruntime_onnx', backend: 'onnxruntime' },
  python: { platform: 'python', backend: 'python' },
  proxy: { platform: 'proxy', backend: 'proxy' },
};

/** What runs the version, or the newest one. */
export function runsOn(versions: readonly VersionView[], version: number | undefined) {
  const found = versions.find((entry) => version === undefined || entry.version === version);
  return RUNS[found?.kind ?? 'onnx'];
}

/** Throws MW-NOT-FOUND. */
export function modelMetadata(serving: Serving, endpoint: string, version: number | undefined) {
  const signature = serving.signature(endpoint, version);
  const { versions } = serving.view(endpoint);
  return {
    name: endpoint,
    versions: versions.map((entry) => String(entry.version)),
    platform: runsOn(versions, version).platform,
    inputs: signature.inputs,
    outputs: signature.outputs,
  };
}
