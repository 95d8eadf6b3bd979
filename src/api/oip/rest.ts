/** The Open Inference Protocol V2 over REST, with the extensions of Triton that clients use (see SERVER_EXTENSIONS). */
import { MillwrightError } from '../../domain/errors.ts';
import type { InferCall, Serving } from '../../modules/serving/index.ts';
import { errorText, stickyKeyOf, versionOf } from './call-options.ts';
import type { HttpAnswer, HttpCall, HttpRoutes } from './http-server.ts';
import { compressed, encodeAnswer } from './infer-answer.ts';
import { parseInfer } from './infer-request.ts';
import { checkDepth, isObject, parseJson } from './json-body.ts';
import { modelConfig } from './model-config.ts';
import { modelMetadata, SERVER_EXTENSIONS } from './models.ts';
import { isModelReady, loadModel, repositoryIndex } from './repository.ts';
import { LOG_SETTINGS, refuseSettings, refuseSharedMemory, TRACE_SETTINGS } from './server-settings.ts';
import { statistics } from './statistics.ts';

export interface RestDeps {
  readonly serving: Serving;
  readonly version: string;
  /** False while starting or draining: health/ready says so first, so that callers go elsewhere before connections close. */
  readonly ready: () => boolean;
}

const json = (status: number, body: unknown): HttpAnswer => ({ status, body: JSON.stringify(body) });
const DEPTH_LIMIT = 16;

/** The small JSON object of a call that is no inference; an empty body is an empty object. Throws MW-INVALID. */
async function settingsOf(call: HttpCall): Promise<Readonly<Record<string, unknown>>> {
  const body = await call.body();
  if (body.length === 0) return {};
  checkDepth(body, DEPTH_LIMIT);
  const root = parseJson(body.toString('utf8'), false);
  if (isObject(root)) return root;
  throw new MillwrightError('MW-INVALID', 'the request must be a JSON object', { where: 'body' });
}

const header = (call: HttpCall, name: string): string | undefined => {
  const value = call.headers[name];
  return typeof value === 'string' ? value : undefined;
};

export function createOipRoutes(deps: RestDeps): HttpRoutes {
  const { serving } = deps;

  async function infer(call: HttpCall, endpoint: string, version: number | undefined): Promise<HttpAnswer> {
    const parsed = parseInfer(await call.body(), header(call, 'inference-header-content-length'));
    // The parser made it for this call alone.
    const whole: { -readonly [K in keyof InferCall]: InferCall[K] } = Object.assign(parsed.call, { endpoint });
    if (version !== undefined) whole.version = version;
    const key = call.headers['mw-sticky-key'];
    if (key !== undefined && whole.stickyKey === undefined) whole.stickyKey = stickyKeyOf(key);
    whole.client = call.client();
    whole.signal = call.signal();
    const answer = await serving.infer(whole);
    return compressed(encodeAnswer(answer, parsed.binary), header(call, 'accept-encoding'));
  }

  function generate(): never {
    throw new MillwrightError('MW-UNSUPPORTED', 'models here take tensors, not prompts', {
      where: 'path',
      next: 'use POST /v2/models/<endpoint>/infer',
    });
  }

  function model(call: HttpCall, rest: readonly string[]): HttpAnswer | Promise<HttpAnswer> | undefined {
    const [endpoint = '', ...tail] = rest;
    const versioned = tail[0] === 'versions';
    const version = versioned ? versionOf(tail[1]) : undefined;
    const action = (versioned ? tail.slice(2) : tail).join('/');
    if (call.method === 'POST') {
      if (action === 'infer') return infer(call, endpoint, version);
      if (action === 'generate' || action === 'generate_stream' || action === 'infer_stream') return generate();
      return action === 'trace/setting' ? traceSettings(call, endpoint) : undefined;
    }
    if (action === '') return json(200, modelMetadata(serving, endpoint, version));
    if (action === 'ready') {
      const ready = isModelReady(serving, endpoint, version) && deps.ready();
      return json(ready ? 200 : 503, { name: endpoint, ready });
    }
    if (action === 'stats') return json(200, statistics(serving, endpoint, version));
    if (action === 'config') return json(200, modelConfig(serving, endpoint, version));
    return action === 'trace/setting' ? traceSettings(call, endpoint) : undefined;
  }

  async function traceSettings(call: HttpCall, endpoint?: string): Promise<HttpAnswer> {
    if (endpoint !== undefined) serving.signature(endpoint);
    if (call.method === 'POST') refuseSettings(Object.keys(await settingsOf(call)), 'trace');
    return json(200, TRACE_SETTINGS);
  }

  async function logSettings(call: HttpCall): Promise<HttpAnswer> {
    if (call.method === 'POST') refuseSettings(Object.keys(await settingsOf(call)), 'log');
    return json(200, LOG_SETTINGS);
  }

  async function repository(call: HttpCall, [kind, endpoint = '', action]: readonly string[]): Promise<HttpAnswer> {
    const body = await settingsOf(call);
    if (kind === 'index') {
      const { ready } = body;
      if (ready !== undefined && typeof ready !== 'boolean')
        throw new MillwrightError('MW-INVALID', 'ready must be true or false', { where: 'ready' });
      return json(200, repositoryIndex(serving, ready === true));
    }
    if (kind === 'models' && action === 'load')
      await loadModel(serving, endpoint, isObject(body['parameters']) ? Object.keys(body['parameters']) : []);
    else if (kind === 'models' && action === 'unload') await serving.unload(endpoint);
    else throw new MillwrightError('MW-ROUTE', `there is nothing at POST /${call.path.join('/')}`);
    return json(200, {});
  }

  /** /v2/systemsharedmemory and /v2/cudasharedmemory [/region/R] /status | /register | /unregister. */
  function sharedMemory(call: HttpCall, rest: readonly string[]): HttpAnswer | undefined {
    const action = rest.at(-1);
    const region = rest[0] === 'region' ? (rest[1] ?? '') : '';
    if (call.method === 'GET' && action === 'status') return region === '' ? json(200, []) : refuseSharedMemory(region);
    // There is none, so none is there afterwards.
    if (call.method === 'POST' && action === 'unregister') return json(200, {});
    return call.method === 'POST' && action === 'register' ? refuseSharedMemory(region) : undefined;
  }

  function handle(call: HttpCall): HttpAnswer | Promise<HttpAnswer> | undefined {
    const { method, path } = call;
    const area = path[1];
    const get = method === 'GET' || method === 'HEAD';
    if (!get && method !== 'POST') return undefined;
    // Before all else: it is what nearly every call is.
    if (area === 'models' && path.length === 4 && path[3] === 'infer' && !get)
      return infer(call, path[2] ?? '', undefined);
    const rest = path.slice(2);
    switch (area) {
      case 'models':
        if (rest.length === 0) {
          return get ? json(200, { models: serving.endpoints().map((entry) => entry.endpoint) }) : undefined;
        }
        if (get && rest[0] === 'stats' && rest.length === 1)
          return json(200, statistics(serving, undefined, undefined));
        return model(call, rest);
      case 'repository':
        return get ? undefined : repository(call, rest);
      case 'systemsharedmemory':
      case 'cudasharedmemory':
        return sharedMemory(call, rest);
      case 'trace':
        return rest.join('/') === 'setting' ? traceSettings(call) : undefined;
      case 'logging':
        return rest.length === 0 ? logSettings(call) : undefined;
      case 'health':
        if (get && rest[0] === 'live') return json(200, { live: true });
        return get && rest[0] === 'ready' ? json(deps.ready() ? 200 : 503, { ready: deps.ready() }) : undefined;
      case undefined:
      case '':
        return get
          ? json(200, { name: 'millwright', version: deps.version, extensions: SERVER_EXTENSIONS })
          : undefined;
      default:
        return undefined;
    }
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
