/**
 * MLflow's scoring protocol, as `mlflow models serve` of 3.17 speaks it: POST /invocations, GET /ping, /health, /version;
 * `/endpoints/<name>/invocations` where there are several, with the list that `mlflow.deployments` asks for. POST /invocations and
 * GET /ping are SageMaker's container contract too.
 */
import type { Serving } from '../../modules/serving/index.ts';
import type { HttpAnswer, HttpCall, HttpRoutes } from '../oip/http-server.ts';
import { rowsCsv, rowsJson } from './predictions.ts';
import { scoringRequest } from './request-body.ts';
import { onlyEndpoint, score, scoringError } from './score.ts';

/** What GET /version says: the protocol of this release of the mlflow package is spoken. */
const MLFLOW_VERSION = '3.17.2';
const ATTRIBUTES = 'x-amzn-sagemaker-custom-attributes';

/** Does the caller want CSV and not JSON? SageMaker's `Accept`. */
function wantsCsv(accept: string | undefined): boolean {
  return accept !== undefined && /^\s*text\/csv\b/i.test(accept);
}

/** SageMaker hands what the container says back to the caller; an id that was sent comes back. */
function echoed(call: HttpCall): Record<string, string> {
  const given = call.headers[ATTRIBUTES];
  return typeof given === 'string' && /^[\x20-\x7e]{1,1024}$/.test(given) ? { [ATTRIBUTES]: given } : {};
}

/** POST /invocations for one endpoint: JSON or CSV in, JSON or CSV out. Throws what `score` throws. */
export async function invoke(serving: Serving, call: HttpCall, name: string | undefined): Promise<HttpAnswer> {
  const { table, params } = await scoringRequest(call);
  const endpoint = name ?? onlyEndpoint(serving, '/endpoints/<name>/invocations');
  const { answer, headers } = await score(serving, call, { endpoint }, table, params);
  const all = { ...headers, ...echoed(call) };
  if (wantsCsv(call.headers.accept))
    return { status: 200, type: 'text/csv; charset=utf-8', headers: all, body: rowsCsv(answer.outputs) };
  return { status: 200, headers: all, body: `{"predictions":${rowsJson(answer.outputs)}}` };
}

/** An endpoint as `mlflow.deployments` lists it: mlflow/deployments/server/config.py. */
function deployed(view: ReturnType<Serving['view']>) {
  return {
    name: view.endpoint,
    endpoint_type: 'mlflow/v1/invocations',
    model: { name: view.model, provider: 'millwright' },
    endpoint_url: `/endpoints/${encodeURIComponent(view.endpoint)}/invocations`,
    limit: null,
  };
}

export function createScoringRoutes(serving: Serving, ready: () => boolean): HttpRoutes {
  function get([first, , area, name]: readonly string[]): HttpAnswer | undefined {
    if (first === 'version') return { status: 200, body: MLFLOW_VERSION };
    if (first === 'ping' || first === 'health')
      return { status: ready() && serving.endpoints().length > 0 ? 200 : 404, body: '\n' };
    if (first !== 'api' || area !== 'endpoints') return undefined;
    const body =
      name === undefined || name === ''
        ? { endpoints: serving.endpoints().map(deployed) }
        : deployed(serving.view(name));
    return { status: 200, body: JSON.stringify(body) };
  }

  return {
    owns([first, second, third]) {
      return (
        first === 'invocations' ||
        first === 'ping' ||
        first === 'health' ||
        first === 'version' ||
        (first === 'endpoints' && third === 'invocations') ||
        (first === 'api' && second === '2.0' && third === 'endpoints')
      );
    },
    handle(call) {
      const [first, name] = call.path;
      if (call.method === 'POST') {
        if (first === 'invocations') return invoke(serving, call, undefined);
        return first === 'endpoints' ? invoke(serving, call, name) : undefined;
      }
      return call.method === 'GET' || call.method === 'HEAD' ? get(call.path) : undefined;
    },
    failed: scoringError,
  };
}
