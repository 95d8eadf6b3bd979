/**
 * The V1 protocol of TensorFlow Serving and KServe: POST /v1/models/M[/versions/V]:predict, GET /v1/models[/M[/versions/V]][/metadata].
 * https://www.tensorflow.org/tfx/serving/api_rest, https://kserve.github.io/website/docs/concepts/architecture/data-plane/v1-protocol
 */
import type { ModelSignature, TensorSpec } from '../../domain/registry.ts';
import { MillwrightError } from '../../domain/errors.ts';
import type { Serving } from '../../modules/serving/index.ts';
import { errorText, versionOf } from '../oip/call-options.ts';
import type { HttpAnswer, HttpCall, HttpRoutes } from '../oip/http-server.ts';
import { isObject } from '../oip/json-body.ts';
import { columnsJson, rowsJson } from '../scoring/predictions.ts';
import { jsonObject } from '../scoring/request-body.ts';
import { score } from '../scoring/score.ts';
import type { Target } from '../scoring/score.ts';
import { refuse, tableOfInputs, tableOfInstances } from '../scoring/table.ts';
import type { Table } from '../scoring/table.ts';

const json = (status: number, body: unknown): HttpAnswer => ({ status, body: JSON.stringify(body) });

/** `{"b64": "…"}` is how the protocol writes bytes; ours are texts in UTF-8. Depth is bounded by the body's. */
function decoded(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decoded);
  if (!isObject(value)) return value;
  const { b64 } = value;
  if (typeof b64 === 'string' && Object.keys(value).length === 1) return Buffer.from(b64, 'base64').toString('utf8');
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, decoded(one)]));
}

export interface V1Request {
  readonly table: Table;
  readonly params: unknown;
  /** Row form: `predictions`, one a row. Column form: `outputs`, one list an output. */
  readonly rows: boolean;
}

/** Exactly one of `instances` (rows) and `inputs` (columns), and `parameters`. Throws MW-INVALID. */
export async function v1Request(call: HttpCall): Promise<V1Request> {
  const { root, text } = await jsonObject(call);
  const { instances, inputs, parameters, signature_name: signature } = root;
  if (signature !== undefined && signature !== '' && signature !== 'serving_default')
    refuse('the model has one signature, serving_default', 'signature_name');
  const rows = instances !== undefined;
  if (rows === (inputs !== undefined)) return refuse('the body must have exactly one of instances and inputs', 'body');
  const given = rows ? instances : inputs;
  const value = text.includes('"b64"') ? decoded(given) : given;
  return { table: rows ? tableOfInstances(value) : tableOfInputs(value), params: parameters, rows };
}

const DTYPES: Readonly<Record<string, string>> = {
  BYTES: 'DT_STRING',
  BOOL: 'DT_BOOL',
  FP32: 'DT_FLOAT',
  FP64: 'DT_DOUBLE',
};

function tensorInfo(specs: readonly TensorSpec[]) {
  return Object.fromEntries(
    specs.map((spec) => [
      spec.name,
      {
        dtype: DTYPES[spec.datatype] ?? `DT_${spec.datatype}`,
        tensor_shape: { dim: spec.shape.map((size) => ({ size: String(size), name: '' })), unknown_rank: false },
        name: spec.name,
      },
    ]),
  );
}

/** TF Serving's GetModelMetadata answer. */
function metadata(name: string, version: number, signature: ModelSignature) {
  const only = {
    inputs: tensorInfo(signature.inputs),
    outputs: tensorInfo(signature.outputs),
    method_name: 'tensorflow/serving/predict',
  };
  return {
    model_spec: { name, signature_name: '', version: String(version) },
    metadata: { signature_def: { signature_def: { serving_default: only } } },
  };
}

/** `M:predict` → M. The verb comes after the last colon. */
function verb(text: string): { readonly name: string; readonly verb: string } {
  const at = text.lastIndexOf(':');
  return at === -1 ? { name: text, verb: '' } : { name: text.slice(0, at), verb: text.slice(at + 1) };
}

export function createV1Routes(serving: Serving, ready: () => boolean): HttpRoutes {
  async function predict(call: HttpCall, target: Target): Promise<HttpAnswer> {
    const { table, params, rows } = await v1Request(call);
    const { answer, headers } = await score(serving, call, target, table, params);
    const body = rows ? `{"predictions":${rowsJson(answer.outputs)}}` : `{"outputs":${columnsJson(answer.outputs)}}`;
    return { status: 200, headers, body };
  }

  /** Both servers' answers in one object: TF Serving's clients read model_version_status, KServe's name and ready. */
  function status(name: string, version: number | undefined): HttpAnswer {
    const versions = serving.view(name).versions.map((entry) => entry.version);
    if (version !== undefined && !versions.includes(version))
      throw new MillwrightError('MW-NOT-FOUND', `version ${version} of "${name}" is not loaded`);
    const shown = version === undefined ? versions : [version];
    return json(200, {
      name,
      ready: ready(),
      model_version_status: shown.map((one) => ({
        version: String(one),
        state: ready() ? 'AVAILABLE' : 'UNLOADING',
        status: { error_code: 'OK', error_message: '' },
      })),
    });
  }

  function get(path: readonly string[]): HttpAnswer | undefined {
    const [name, ...rest] = path;
    if (name === undefined || name === '')
      return json(200, { models: serving.endpoints().map((entry) => entry.endpoint) });
    const versioned = rest[0] === 'versions';
    const version = versioned ? versionOf(rest[1]) : undefined;
    const [action, more] = versioned ? rest.slice(2) : rest;
    if (more !== undefined) return undefined;
    if (action === undefined || action === '') return status(name, version);
    if (action !== 'metadata') return undefined;
    const shown = version ?? serving.view(name).versions[0]?.version ?? 0;
    return json(200, metadata(name, shown, serving.signature(name, shown)));
  }

  function post(call: HttpCall, path: readonly string[]): Promise<HttpAnswer> | undefined {
    const [first = '', word, number, more] = path;
    if (word === undefined) {
      const { name: endpoint, verb: asked } = verb(first);
      return asked === 'predict' ? predict(call, { endpoint }) : undefined;
    }
    if (word !== 'versions' || more !== undefined) return undefined;
    const { name: text, verb: asked } = verb(number ?? '');
    const version = versionOf(text);
    if (asked !== 'predict' || version === undefined) return undefined;
    return predict(call, { endpoint: first, version });
  }

  return {
    owns: ([first, second]) => (first === 'v1' && second === 'models') || (first === '' && second === undefined),
    handle(call) {
      // KServe's question whether a V1 server lives.
      if (call.path[0] === '') return call.method === 'POST' ? undefined : json(200, { status: 'alive' });
      const path = call.path.slice(2);
      if (call.method === 'POST') return post(call, path);
      return call.method === 'GET' || call.method === 'HEAD' ? get(path) : undefined;
    },
    failed(error) {
      const { status: code, text } = errorText(error);
      return json(code, { error: text });
    },
  };
}
