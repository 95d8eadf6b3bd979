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

/** Throws MW-NOT-FOUND. */
export function modelMetadata(serving: Serving, endpoint: string, version: number | undefined) {
  const signature = serving.signature(endpoint, version);
  const versions = serving.view(endpoint).versions.map((entry) => String(entry.version));
  return {
    name: endpoint,
    versions,
    platform: 'onnxruntime_onnx',
    inputs: signature.inputs,
    outputs: signature.outputs,
  };
}
