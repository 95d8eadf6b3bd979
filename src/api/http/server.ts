/** The control plane's HTTP server: guard, own API, live stream, and whatever other transports the composition registers. */
import Fastify, { type FastifyInstance } from 'fastify';
import { errorBody, MillwrightError, recognized } from '../../domain/errors.ts';
import { type Auth, bindRoutes, type Handlers } from './bind.ts';
import { guard, type GuardOptions } from './guard.ts';
import { BODY_WINDOW_MS, cutSlowBodies } from './slow-body.ts';
import { registerStream, type Stream } from './stream.ts';

export interface HttpOptions extends GuardOptions {
  readonly auth: Auth;
  readonly handlers: Handlers;
  readonly stream: Stream;
  /** Other transports: MLflow, metrics, the web app's files. */
  readonly extend: (app: FastifyInstance) => Promise<void>;
  /** See slow-body.ts. */
  readonly bodyWindowMs?: number;
  /** The web app's one page, answered to browsers for every address that no route has. */
  readonly page: () => Promise<string | undefined>;
}

function asMillwright(error: unknown): MillwrightError {
  const own = recognized(error);
  if (own !== undefined) return own;
  const fastify = error as { readonly code?: string; readonly statusCode?: number; readonly message?: string };
  if (fastify.code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new MillwrightError('MW-BODY-TOO-LARGE', 'the body is larger than this route accepts');
  if (fastify.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return new MillwrightError('MW-MEDIA-TYPE', 'send the body as application/json');
  if (fastify.code === 'ECONNRESET')
    return new MillwrightError('MW-CANCELLED', 'the client went away before its body was there', { cause: error });
  if (fastify.statusCode !== undefined && fastify.statusCode < 500)
    return new MillwrightError('MW-INVALID', fastify.message ?? 'bad request');
  return new MillwrightError('MW-INTERNAL', 'something failed inside the server; its log has the details', {
    cause: error,
  });
}

const CSP =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/** Addresses of programs: a page there would hide a wrong path. */
const NO_PAGE = /^\/(?:api|ajax-api|v1|v2|assets|metrics|get-artifact|graphql|files|wandb)(?:\/|$|\?)/;

export async function createHttp(options: HttpOptions): Promise<FastifyInstance> {
  const app = Fastify({
    logger: false,
    bodyLimit: 1_048_576,
    // Of the whole request, which would cut large artifacts; headers have their time below and bodies their rate in slow-body.ts.
    requestTimeout: 0,
    connectionTimeout: 0,
    keepAliveTimeout: 65_000,
    routerOptions: { maxParamLength: 1000, ignoreTrailingSlash: true },
    http: { maxHeaderSize: 16_384, headersTimeout: 20_000 },
    forceCloseConnections: true,
    // Requests are judged by zod (bind.ts) and answers are plain JSON: fastify's own compilers would load 100 modules for nothing.
    schemaController: {
      compilersFactory: {
        // Typed as Ajv's own; no route has a schema, so it is never asked.
        buildValidator: (() => () => () => true) as never,
        buildSerializer: () => () => (value: unknown) => JSON.stringify(value),
      },
    },
  });
  guard(app, options);
  cutSlowBodies(app, options.bodyWindowMs ?? BODY_WINDOW_MS);
  app.addHook('onSend', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff');
    reply.header('referrer-policy', 'no-referrer');
    if (!reply.hasHeader('content-security-policy')) reply.header('content-security-policy', CSP);
  });
  app.setErrorHandler((error, _request, reply) => {
    const known = asMillwright(error);
    if (known.code === 'MW-INTERNAL') options.auth.log.error({ err: known.cause ?? error }, 'request failed');
    return reply.status(known.kind.status).send(errorBody(known));
  });
  bindRoutes(app, options.auth, options.handlers);
  registerStream(app, options.auth, options.stream);
  await options.extend(app);
  // The folder of static files would answer its own root with 403.
  app.get('/', (_request, reply) => reply.callNotFound());
  app.setNotFoundHandler(async (request, reply) => {
    // Addresses inside the web app are its own to know; programs get an error that they can read.
    const wantsPage =
      request.method === 'GET' && !NO_PAGE.test(request.url) && (request.headers.accept ?? '').includes('text/html');
    const page = wantsPage ? await options.page() : undefined;
    if (page !== undefined) {
      return reply.type('text/html; charset=utf-8').header('cache-control', 'no-cache').send(page);
    }
    const error = new MillwrightError('MW-ROUTE', `no such address: ${request.method} ${request.url.slice(0, 200)}`, {
      next: 'see docs/contracts/openapi.json',
    });
    return reply.status(404).send(errorBody(error));
  });
  return app;
}
