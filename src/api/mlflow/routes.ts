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
import { otlpStreams } from './otlp.ts';
import { pageRoutes } from './page-routes.ts';
import { registeredModelRoutes } from './registered-models.ts';
import type { MlflowDeps, Route, StreamRoute } from './route.ts';
import { runRoutes } from './runs.ts';
import { signedRoutes, signedStreams } from './signed.ts';
import { serverRoutes, serverStreams } from './server.ts';
import { traceRoutes } from './traces.ts';

import { webhookRoutes } from './webhooks.ts';

export type { MlflowDeps } from './route.ts';

const PREFIXES = ['/api', '/ajax-api'] as const;
/** 1,000 metrics with 100 params of 6,000 and 100 tags of 8,000 characters fit, also where each takes three bytes. */
const JSON_LIMIT = 8 * 1024 * 1024;
const DEPTH_LIMIT = 64;
const MISSING = ['2.0/mlflow/*', '3.0/mlflow/*', '2.0/mlflow-artifacts/*'];

const UNKNOWN_ROUTE =
  '<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>The requested URL was not found on the ' +
  'server. If you entered the URL manually please check your spelling and try again.</p>\n';

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
  base: string,
): Promise<unknown> {
  const { audit } = deps;
  const decides = route.permission === 'deploy' || route.permission === 'admin';
  if (audit === undefined || route.method === 'GET' || !decides) return route.answer(raw, ctx, base);
  const subject = [raw['name'], raw['version'], raw['alias'] ?? raw['stage'], raw['webhook_id']]
    .filter((part) => typeof part === 'string' || typeof part === 'number')
    .join('/')
    .slice(0, 500);
  return audited(audit, ctx, { action: `${route.method} ${route.path}`, subject }, () => route.answer(raw, ctx, base));
}

function addJsonRoute(app: FastifyInstance, deps: MlflowDeps, route: Route, prefix: string): void {
  app.route({
    method: route.method,
    url: `${prefix}/${route.path}`,
    bodyLimit: route.bodyLimit ?? JSON_LIMIT,
    onRequest: authorizing(deps, route.permission),
    async handler(request, reply) {
      const raw = {
        ...fieldsOf(request.query, 'query'),
        ...fieldsOf(request.body, 'body'),
        ...fieldsOf(request.params, 'path'),
      };
      const ctx = contextOf(request);
      const answer = await answered(deps, ctx, route, raw, baseOf(request));
      return reply.header('content-type', 'application/json').send(JSON.stringify(answer));
    },
  });
}

/** How the client called us: the host was judged by the guard, and a proxy in front may say that it speaks TLS. */
function baseOf(request: FastifyRequest): string {
  const secure = request.protocol === 'https' || request.headers['x-forwarded-proto'] === 'https';
  return `${secure ? 'https' : 'http'}://${request.headers.host ?? '127.0.0.1'}`;
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

/** A page of another site can send text and forms unasked, JSON only after this server allowed it. */
const isJson = (type: string | undefined): boolean =>
  type?.split(';', 1)[0]?.trim().toLowerCase() === 'application/json';

const notJson = (): MillwrightError =>
  new MillwrightError('MW-INVALID', "Bad Request. Content-Type must be one of ['application/json'].", {
    where: 'content-type',
  });

/** Registers everything, or leaves out `/health` and `/version` where the server already has them. */
export async function registerMlflow(app: FastifyInstance, deps: MlflowDeps): Promise<void> {
  const routes = [
    ...experimentRoutes(deps),
    ...runRoutes(deps),
    ...metricRoutes(deps),
    ...pageRoutes(deps),
    ...loggedModelRoutes(deps),
    ...registeredModelRoutes(deps),
    ...modelVersionRoutes(deps),
    ...webhookRoutes(deps),
    ...artifactRoutes(deps),
    ...signedRoutes(deps),
    ...traceRoutes(deps),
    ...serverRoutes(),
  ];
  await app.register(async (scope) => {
    answerErrors(scope);
    scope.removeAllContentTypeParsers();
    const parse = scope.getDefaultJsonParser('error', 'error');
    // Clients send DELETE and POST with the JSON type and no body.
    scope.addContentTypeParser(['application/json', '*'], { parseAs: 'string' }, (request, text, done) => {
      if (text === '') return done(null, undefined);
      if (!isJson(request.headers['content-type'])) return done(notJson());
      if (jsonDepth(typeof text === 'string' ? text : text.toString('utf8')) > DEPTH_LIMIT)
        return done(
          new MillwrightError('MW-BODY-TOO-DEEP', `the JSON body is nested deeper than ${DEPTH_LIMIT} levels`),
        );
      void parse(request, typeof text === 'string' ? text : text.toString('utf8'), done);
    });
    for (const prefix of PREFIXES) {
      for (const route of routes) addJsonRoute(scope, deps, route, prefix);
      for (const path of MISSING) {
        // A page and no JSON: clients take this, and not a code of ours, for a server that lacks the route.
        scope.all(`${prefix}/${path}`, { onRequest: authorizing(deps, 'public') }, async (_request, reply) =>
          reply.status(404).type('text/html; charset=utf-8').send(UNKNOWN_ROUTE),
        );
      }
    }
  });
  await app.register(async (scope) => {
    answerErrors(scope);
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    for (const route of [...artifactStreams(deps), ...otlpStreams(deps)]) addStreamRoute(scope, deps, route);
    for (const { method, path, admit, serve } of signedStreams(deps)) {
      const onRequest = async (request: FastifyRequest): Promise<void> => admit(request);
      scope.route({ method, url: path, onRequest, handler: (request, reply) => serve(request, reply) });
    }
    for (const route of serverStreams()) {
      if (!app.hasRoute({ method: route.method, url: route.path })) addStreamRoute(scope, deps, route);
    }
  });
}
