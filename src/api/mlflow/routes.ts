/** MLflow's REST API on a Fastify server: the JSON routes under both prefixes, and the routes that stream. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { MillwrightError } from '../../domain/errors.ts';
import type { Permission } from '../../domain/identity.ts';
import type { Context } from '../../ports/context.ts';
import { jsonDepth } from '../../platform/json-text.ts';
import { audited } from '../audited.ts';
import { artifactRoutes, artifactStreams } from './artifacts.ts';
import { toMlflowError } from './errors.ts';
import { experimentRoutes } from './experiments.ts';
import { loggedModelRoutes } from './logged-models.ts';
import { metricRoutes } from './metrics.ts';
import { modelVersionRoutes } from './model-versions.ts';
import { registeredModelRoutes } from './registered-models.ts';
import type { MlflowDeps, Route, StreamRoute } from './route.ts';
import { runRoutes } from './runs.ts';
import { serverRoutes, serverStreams } from './server.ts';
import { traceRoutes } from './traces.ts';

export type { MlflowDeps } from './route.ts';

const PREFIXES = ['/api', '/ajax-api'] as const;
/** MLflow's limit on a batch is 1,000,000 characters of body. */
const JSON_LIMIT = 1_000_000;
const DEPTH_LIMIT = 64;
const MISSING = ['2.0/mlflow/*', '3.0/mlflow/*', '2.0/mlflow-artifacts/*'];

/** Who asks, found before the body is read and kept for the handler. */
const contexts = new WeakMap<FastifyRequest, Context>();

function contextOf(request: FastifyRequest): Context {
  const ctx = contexts.get(request);
  if (ctx === undefined) throw new MillwrightError('MW-INTERNAL', 'a route answered without asking who calls');
  return ctx;
}

const authorizing = (deps: MlflowDeps, permission: Permission) => async (request: FastifyRequest) => {
  contexts.set(request, await deps.authorize(request, permission));
};

function fieldsOf(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (value === undefined || value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return Object.fromEntries(Object.entries(value));
  throw new MillwrightError('MW-INVALID', `the ${where} must be a JSON object`, { where });
}

/** Aliases and stages decide what is served; the rest of MLflow's routes only log. */
function answered(
  deps: MlflowDeps,
  ctx: Context,
  route: Route,
  raw: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const { audit } = deps;
  if (audit === undefined || route.method === 'GET' || route.permission !== 'deploy') return route.answer(raw, ctx);
  const subject = [raw['name'], raw['version'], raw['alias'] ?? raw['stage']]
    .filter((part) => typeof part === 'string' || typeof part === 'number')
    .join('/')
    .slice(0, 500);
  return audited(audit, ctx, { action: `${route.method} ${route.path}`, subject }, () => route.answer(raw, ctx));
}

function addJsonRoute(app: FastifyInstance, deps: MlflowDeps, route: Route, prefix: string): void {
  app.route({
    method: route.method,
    url: `${prefix}/${route.path}`,
    bodyLimit: JSON_LIMIT,
    onRequest: authorizing(deps, route.permission),
    async handler(request, reply) {
      const raw = {
        ...fieldsOf(request.query, 'query'),
        ...fieldsOf(request.body, 'body'),
        ...fieldsOf(request.params, 'path'),
      };
      const ctx = contextOf(request);
      const answer = await answered(deps, ctx, route, raw);
      return reply.header('content-type', 'application/json').send(JSON.stringify(answer));
    },
  });
}

function addStreamRoute(app: FastifyInstance, deps: MlflowDeps, route: StreamRoute): void {
  app.route({
    method: route.method,
    url: route.path,
    onRequest: authorizing(deps, route.permission),
    handler: (request, reply) => route.serve(request, reply, contextOf(request)),
  });
}

function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    const { status, body } = toMlflowError(error);
    if (status >= 500) contexts.get(request)?.log.error({ err: error, url: request.url }, 'MLflow request failed');
    return reply.status(status).header('content-type', 'application/json').send(JSON.stringify(body));
  });
}

/** Registers everything, or leaves out `/health` and `/version` where the server already has them. */
export async function registerMlflow(app: FastifyInstance, deps: MlflowDeps): Promise<void> {
  const routes = [
    ...experimentRoutes(deps),
    ...runRoutes(deps),
    ...metricRoutes(deps),
    ...loggedModelRoutes(deps),
    ...registeredModelRoutes(deps),
    ...modelVersionRoutes(deps),
    ...artifactRoutes(deps),
    ...traceRoutes(deps),
    ...serverRoutes(),
  ];
  await app.register(async (scope) => {
    answerErrors(scope);
    scope.removeAllContentTypeParsers();
    const parse = scope.getDefaultJsonParser('error', 'error');
    // Clients send DELETE and POST with the JSON type and no body; and some, old ones, without the right type.
    scope.addContentTypeParser(['application/json', '*'], { parseAs: 'string' }, (request, text, done) => {
      if (text === '') return done(null, undefined);
      if (jsonDepth(typeof text === 'string' ? text : text.toString('utf8')) > DEPTH_LIMIT)
        return done(
          new MillwrightError('MW-BODY-TOO-DEEP', `the JSON body is nested deeper than ${DEPTH_LIMIT} levels`),
        );
      void parse(request, typeof text === 'string' ? text : text.toString('utf8'), done);
    });
    for (const prefix of PREFIXES) {
      for (const route of routes) addJsonRoute(scope, deps, route, prefix);
      for (const path of MISSING) {
        scope.all(`${prefix}/${path}`, { onRequest: authorizing(deps, 'public') }, async (request) => {
          throw new MillwrightError(
            'MW-ROUTE',
            `Millwright does not answer ${request.method} ${request.url.split('?', 1)[0]}`,
          );
        });
      }
    }
  });
  await app.register(async (scope) => {
    answerErrors(scope);
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    for (const route of artifactStreams(deps)) addStreamRoute(scope, deps, route);
    for (const route of serverStreams(deps)) {
      if (!app.hasRoute({ method: route.method, url: route.path })) addStreamRoute(scope, deps, route);
    }
  });
}
