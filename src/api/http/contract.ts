/** Every route of our own API as data: the server registers these and nothing else, and OpenAPI is made from them. */
import { z } from 'zod';
import {
  byProject,
  endpointName,
  id,
  limit,
  name,
  number,
  paging,
  route,
  type RouteContract,
  versionPath,
} from './contract-route.ts';
import { TRACE_ROUTES } from './contract-traces.ts';
import { TRACKING_ROUTES } from './contract-tracking.ts';
import { datasetsResponse } from './schemas/datasets.ts';
import {
  abResponse,
  deployRequest,
  deployResponse,
  endpointResponse,
  endpointsResponse,
  foundPredictionResponse,
  outcomesRequest,
  outcomesResponse,
  predictionResponse,
  predictionsResponse,
  rollbackResponse,
  seriesResponse,
  shadowResponse,
  tryRequest,
  tryResponse,
} from './schemas/endpoints.ts';
import { eventsResponse, homeResponse, resources, serverInfo } from './schemas/home.ts';
import {
  aliasGatesRequest,
  aliasMovesResponse,
  cardRequest,
  modelResponse,
  modelsResponse,
  promoteRequest,
  proofResponse,
  versionResponse,
} from './schemas/models.ts';
import { alertResponse, alertsResponse, monitorResponse, monitorsResponse } from './schemas/monitors.ts';
import {
  logResponse,
  pipelineRunResponse,
  pipelineRunsResponse,
  startRequest,
  startResponse,
} from './schemas/pipelines.ts';
import { done, planResponse } from './schemas/scalars.ts';
import { auditResponse, tokenRequest, tokenResponse, tokensResponse } from './schemas/tokens.ts';

export const ROUTES = {
  server: route('GET', '/api/v1/server', 'read', 'This server: version, addresses, who you are', {
    response: serverInfo,
  }),
  home: route('GET', '/api/v1/home', 'read', 'Every project: stage by stage, what happens now and next', {
    response: homeResponse,
  }),
  events: route('GET', '/api/v1/events', 'read', 'What happened, newest first', {
    query: z.object({
      project: name.optional(),
      before: z.coerce.number().int().optional(),
      types: z.string().max(500).optional(),
      limit: limit.optional(),
    }),
    response: eventsResponse,
  }),
  resources: route('GET', '/api/v1/resources', 'read', 'Processor, memory and disk of this machine', {
    response: resources,
  }),

  ...TRACKING_ROUTES,
  ...TRACE_ROUTES,

  datasets: route('GET', '/api/v1/datasets', 'read', 'Dataset versions, newest first', {
    query: byProject,
    response: datasetsResponse,
  }),

  pipelineRuns: route('GET', '/api/v1/pipeline-runs', 'read', 'Pipeline runs, newest first', {
    query: byProject,
    response: pipelineRunsResponse,
  }),
  pipelineRun: route('GET', '/api/v1/pipeline-runs/{id}', 'read', 'One pipeline run with its steps', {
    params: id,
    response: pipelineRunResponse,
  }),
  stepLog: route('GET', '/api/v1/pipeline-runs/{id}/steps/{step}/log', 'read', 'Log of a step from a byte offset', {
    params: z.object({ id: name, step: name }),
    query: z.object({ attempt: number.optional(), offset: z.coerce.number().int().min(0).optional() }),
    response: logResponse,
  }),
  startPipeline: route('POST', '/api/v1/projects/{name}/pipeline-runs', 'run', 'Run the pipeline of a project', {
    params: endpointName,
    body: startRequest,
    response: startResponse,
  }),
  cancelPipeline: route('POST', '/api/v1/pipeline-runs/{id}/cancel', 'run', 'Stop a pipeline run', {
    params: id,
    response: done,
  }),

  models: route('GET', '/api/v1/models', 'read', 'Registered models', { response: modelsResponse }),
  model: route('GET', '/api/v1/models/{name}', 'read', 'A model and its versions, newest first', {
    params: endpointName,
    query: paging,
    response: modelResponse,
  }),
  version: route(
    'GET',
    '/api/v1/models/{name}/versions/{version}',
    'read',
    'A version: what it is made of and how it was judged',
    { params: versionPath, response: versionResponse },
  ),
  aliasMoves: route('GET', '/api/v1/models/{name}/alias-moves', 'read', 'Moves of the aliases, newest first', {
    params: endpointName,
    response: aliasMovesResponse,
  }),
  setAliasGates: route(
    'PUT',
    '/api/v1/models/{name}/alias-gates',
    'deploy',
    'What a version must pass before the alias may point at it; no gates: anybody with the right may move it',
    { params: endpointName, body: aliasGatesRequest, response: done },
  ),
  deleteAlias: route('DELETE', '/api/v1/models/{name}/aliases/{alias}', 'deploy', 'Take an alias away', {
    params: z.object({ name, alias: name }),
    response: done,
  }),
  setCard: route('PUT', '/api/v1/models/{name}/versions/{version}/card', 'log', 'Write the model card (Markdown)', {
    params: versionPath,
    body: cardRequest,
    response: done,
  }),
  proveEnvironment: route(
    'POST',
    '/api/v1/models/{name}/versions/{version}/proofs',
    'run',
    'Build the environment anew from its lock and make one prediction in it',
    { params: versionPath, response: proofResponse },
  ),
  promote: route(
    'POST',
    '/api/v1/models/{name}/versions/{version}/promote',
    'deploy',
    'Point an alias at a version; champion only if its gates passed',
    {
      params: versionPath,
      body: promoteRequest,
      response: done,
    },
  ),

  endpoints: route('GET', '/api/v1/endpoints', 'read', 'Endpoints', { response: endpointsResponse }),
  endpoint: route('GET', '/api/v1/endpoints/{name}', 'read', 'An endpoint: traffic, rollout, signature', {
    params: endpointName,
    response: endpointResponse,
  }),
  endpointSeries: route(
    'GET',
    '/api/v1/endpoints/{name}/series',
    'read',
    'Calls, errors and latency over time, by version',
    {
      params: endpointName,
      query: z.object({
        windowMs: z.coerce
          .number()
          .int()
          .min(10_000)
          .max(7 * 86_400_000)
          .optional(),
      }),
      response: seriesResponse,
    },
  ),
  predictions: route(
    'GET',
    '/api/v1/endpoints/{name}/predictions',
    'read',
    'The newest predictions with their outcomes',
    { params: endpointName, query: paging, response: predictionsResponse },
  ),
  prediction: route(
    'GET',
    '/api/v1/endpoints/{name}/predictions/{id}',
    'read',
    'One prediction by its id (url-encoded)',
    {
      params: z.object({ name, id: z.string().min(1).max(300) }),
      response: predictionResponse,
    },
  ),
  shadow: route(
    'GET',
    '/api/v1/endpoints/{name}/shadow',
    'read',
    'The newest shadow beside the live answers: summary and the rows that differ most',
    { params: endpointName, query: paging, response: shadowResponse },
  ),
  abTest: route('GET', '/api/v1/endpoints/{name}/ab', 'read', 'The newest A/B test and its confidence sequence', {
    params: endpointName,
    response: abResponse,
  }),
  findPrediction: route(
    'GET',
    '/api/v1/predictions/{id}',
    'read',
    'One prediction by its id (url-encoded; a request id means its first row), whatever the endpoint',
    { params: z.object({ id: z.string().min(1).max(300) }), response: foundPredictionResponse },
  ),
  deployPlan: route('POST', '/api/v1/endpoints/{name}/plan', 'read', 'What a deployment would change', {
    params: endpointName,
    body: deployRequest,
    response: planResponse,
  }),
  deploy: route('POST', '/api/v1/endpoints/{name}/deploy', 'deploy', 'Release a version to the endpoint', {
    params: endpointName,
    body: deployRequest,
    response: deployResponse,
  }),
  rollback: route('POST', '/api/v1/endpoints/{name}/rollback', 'deploy', 'Put the previous version back at once', {
    params: endpointName,
    response: rollbackResponse,
  }),
  outcomes: route(
    'POST',
    '/api/v1/endpoints/{name}/outcomes',
    'log',
    'What became of predictions; durable when answered',
    { params: endpointName, body: outcomesRequest, response: outcomesResponse },
  ),
  tryIt: route('POST', '/api/v1/endpoints/{name}/try', 'predict', 'Send one real request from the page', {
    params: endpointName,
    body: tryRequest,
    response: tryResponse,
  }),

  monitors: route('GET', '/api/v1/monitors', 'read', 'Monitors with their newest evaluation', {
    query: byProject,
    response: monitorsResponse,
  }),
  monitor: route(
    'GET',
    '/api/v1/projects/{project}/monitors/{name}',
    'read',
    'A monitor: evaluations, drift by column, incidents',
    {
      params: z.object({ project: name, name }),
      query: paging,
      response: monitorResponse,
    },
  ),
  alerts: route('GET', '/api/v1/alerts', 'read', 'Incidents, newest first', {
    query: z.object({
      project: name.optional(),
      status: z.enum(['firing', 'resolved']).optional(),
      limit: limit.optional(),
    }),
    response: alertsResponse,
  }),
  alert: route('GET', '/api/v1/alerts/{id}', 'read', 'One incident', { params: id, response: alertResponse }),

  tokens: route('GET', '/api/v1/tokens', 'admin', 'Tokens, without their text', { response: tokensResponse }),
  createToken: route('POST', '/api/v1/tokens', 'admin', 'Make a token; its text is answered this once', {
    body: tokenRequest,
    response: tokenResponse,
  }),
  revokeToken: route('DELETE', '/api/v1/tokens/{id}', 'admin', 'End a token, by its id or name', {
    params: id,
    response: done,
  }),
  audit: route('GET', '/api/v1/audit', 'admin', 'Who changed what, newest first', {
    query: z.object({ actor: name.optional(), limit: limit.optional() }),
    response: auditResponse,
  }),
} as const satisfies Record<string, RouteContract>;

export type Routes = typeof ROUTES;
export type RouteName = keyof Routes;
