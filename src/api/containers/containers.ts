/**
 * Routes of cloud containers beside those they share with MLflow (/ping, /invocations): SageMaker's multi-model door
 * (GET /models[/name], POST /models/name/invoke) and Vertex AI's own predict and health routes.
 */
import { MillwrightError } from '../../domain/errors.ts';
import type { Serving } from '../../modules/serving/index.ts';
import type { HttpAnswer, HttpCall, HttpRoutes } from '../oip/http-server.ts';
import { v1Request } from '../predict-v1/predict-v1.ts';
import { rowsJson } from '../scoring/predictions.ts';
import { onlyEndpoint, score, scoringError } from '../scoring/score.ts';
import { invoke } from '../scoring/scoring.ts';
import type { ContainerContract } from './contract.ts';

const json = (status: number, body: unknown): HttpAnswer => ({ status, body: JSON.stringify(body) });

const listed = (view: ReturnType<Serving['view']>) => ({
  modelName: view.endpoint,
  modelUrl: `models:/${view.model}/${view.versions[0]?.version ?? ''}`,
});

/** `contract` names further routes; without it there are SageMaker's only. */
export function createContainerRoutes(
  serving: Serving,
  ready: () => boolean,
  contract?: ContainerContract,
): HttpRoutes {
  const predictRoute = contract?.predictRoute;
  const healthRoute = contract?.healthRoute;

  async function vertex(call: HttpCall): Promise<HttpAnswer> {
    const { table, params } = await v1Request(call);
    const endpoint = onlyEndpoint(serving, '/v1/models/<name>:predict');
    const { answer, headers } = await score(serving, call, { endpoint }, table, params);
    const id = contract?.deployedModelId;
    const tail = id === undefined ? '' : `,"deployedModelId":${JSON.stringify(id)}`;
    return { status: 200, headers, body: `{"predictions":${rowsJson(answer.outputs)}${tail}}` };
  }

  function models(call: HttpCall, name: string | undefined, action: string | undefined) {
    const get = call.method === 'GET' || call.method === 'HEAD';
    if (name === undefined || name === '') {
      if (get) return json(200, { models: serving.endpoints().map(listed) });
    } else if (action === undefined) {
      if (get) return json(200, listed(serving.view(name)));
    } else return action === 'invoke' && call.method === 'POST' ? invoke(serving, call, name) : undefined;
    if (call.method !== 'POST' && call.method !== 'DELETE') return undefined;
    throw new MillwrightError('MW-ROUTE', 'models are loaded and unloaded by releases, not by this protocol', {
      next: 'use: mw deploy <model>',
    });
  }

  const own = (call: HttpCall): string => `/${call.path.join('/')}`;

  return {
    owns(path) {
      if (path[0] === 'models') return true;
      if (predictRoute === undefined && healthRoute === undefined) return false;
      const text = `/${path.join('/')}`;
      return text === predictRoute || text === healthRoute;
    },
    handle(call) {
      if (call.path[0] === 'models' && own(call) !== predictRoute) {
        const [, name, action] = call.path;
        return models(call, name, action);
      }
      if (call.method === 'POST') return own(call) === predictRoute ? vertex(call) : undefined;
      if (own(call) !== healthRoute) return undefined;
      return { status: ready() && serving.endpoints().length > 0 ? 200 : 503, body: '{}' };
    },
    failed: scoringError,
  };
}
