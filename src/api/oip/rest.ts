/** The Open Inference Protocol V2 over REST, with Triton's binary_tensor_data, model_repository(index) and basic statistics. */
import { MillwrightError } from '../../domain/errors.ts';
import type { InferAnswer, Serving } from '../../modules/serving/index.ts';
import { errorText, versionOf } from './call-options.ts';
import type { HttpAnswer, HttpCall, HttpRoutes } from './http-server.ts';
import { parseInfer } from './infer-request.ts';
import { dataToJson } from './json-tensor.ts';
import { modelConfig, modelMetadata, repositoryIndex, SERVER_EXTENSIONS, statistics } from './models.ts';
import { rawOf } from './raw-tensor.ts';

export interface RestDeps {
  readonly serving: Serving;
  readonly version: string;
  /** False while starting or draining: health/ready says so first, so that callers go elsewhere before connections close. */
  readonly ready: () => boolean;
}

const json = (status: number, body: unknown): HttpAnswer => ({ status, body: JSON.stringify(body) });

/** What every answer carries so that a caller can send the outcome later. */
export function predictionHeaders(answer: InferAnswer): Record<string, string> {
  return { 'mw-prediction-id': answer.id, 'mw-model-version': String(answer.version) };
}

function encode(answer: InferAnswer, binary: (output: string) => boolean): HttpAnswer {
  const raw: Buffer[] = [];
  let text = `{"model_name":${JSON.stringify(answer.endpoint)},"model_version":"${answer.version}","id":${JSON.stringify(answer.id)},"outputs":[`;
  answer.outputs.forEach((output, index) => {
    if (index > 0) text += ',';
    text += `{"name":${JSON.stringify(output.name)},"datatype":"${output.datatype}","shape":[${output.shape.join(',')}],`;
    if (binary(output.name)) {
      const bytes = rawOf(output);
      raw.push(bytes);
      text += `"parameters":{"binary_data_size":${bytes.length}}}`;
    } else text += `"data":${dataToJson(output)}}`;
  });
  text += ']}';
  const headers = predictionHeaders(answer);
  if (raw.length === 0) return { status: 200, headers, body: text };
  const head = Buffer.from(text, 'utf8');
  return {
    status: 200,
    type: 'application/octet-stream',
    headers: { ...headers, 'inference-header-content-length': head.length },
    body: Buffer.concat([head, ...raw]),
  };
}

export function createOipRoutes(deps: RestDeps): HttpRoutes {
  const { serving } = deps;

  async function infer(call: HttpCall, endpoint: string, version: number | undefined): Promise<HttpAnswer> {
    const header = call.headers['inference-header-content-length'];
    const parsed = parseInfer(await call.body(), typeof header === 'string' ? header : undefined);
    const answer = await serving.infer({ ...parsed.call, endpoint, ...(version === undefined ? {} : { version }) });
    return encode(answer, parsed.binary);
  }

  function model(call: HttpCall, rest: readonly string[]): HttpAnswer | Promise<HttpAnswer> | undefined {
    const [endpoint = '', ...tail] = rest;
    const versioned = tail[0] === 'versions';
    const version = versioned ? versionOf(tail[1]) : undefined;
    const action = (versioned ? tail.slice(2) : tail).join('/');
    if (call.method === 'POST') return action === 'infer' ? infer(call, endpoint, version) : undefined;
    if (action === '') return json(200, modelMetadata(serving, endpoint, version));
    if (action === 'ready') {
      serving.signature(endpoint, version);
      return json(deps.ready() ? 200 : 503, { name: endpoint, ready: deps.ready() });
    }
    if (action === 'stats') return json(200, statistics(serving, endpoint, version));
    if (action === 'config') return json(200, modelConfig(serving, endpoint, version));
    return undefined;
  }

  function handle(call: HttpCall): HttpAnswer | Promise<HttpAnswer> | undefined {
    const [, area, ...rest] = call.path;
    const get = call.method === 'GET' || call.method === 'HEAD';
    if (area === 'models' && rest.length > 0) {
      if (get && rest[0] === 'stats' && rest.length === 1) return json(200, statistics(serving, undefined, undefined));
      return get || call.method === 'POST' ? model(call, rest) : undefined;
    }
    if (get && (area === undefined || area === ''))
      return json(200, { name: 'millwright', version: deps.version, extensions: SERVER_EXTENSIONS });
    if (get && area === 'models') return json(200, { models: serving.endpoints().map((entry) => entry.endpoint) });
    if (get && area === 'health' && rest[0] === 'live') return json(200, { live: true });
    if (get && area === 'health' && rest[0] === 'ready') return json(deps.ready() ? 200 : 503, { ready: deps.ready() });
    if (call.method === 'POST' && area === 'repository' && rest[0] === 'index')
      return json(200, repositoryIndex(serving));
    if (area === 'repository') {
      throw new MillwrightError('MW-ROUTE', 'models are loaded by releases, not by this protocol', {
        next: 'use: mw deploy <model>',
      });
    }
    return undefined;
  }

  return {
    owns: (path) => path[0] === 'v2',
    handle,
    failed(error) {
      const { status, text } = errorText(error);
      return json(status, { error: text });
    },
  };
}
