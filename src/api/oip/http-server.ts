/**
 * The data plane's HTTP server: bare node:http, because the hot path pays for every layer. Host and Origin are judged before
 * routing (a page in a browser must not reach a loopback service by a name it controls), sizes and times are bounded.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { MillwrightError } from '../../domain/errors.ts';

export interface HttpCall {
  readonly method: string;
  /** Path segments, percent-decoded. */
  readonly path: readonly string[];
  readonly headers: IncomingMessage['headers'];
  /** Throws MW-BODY-TOO-LARGE. */
  body(): Promise<Buffer>;
}

export interface HttpAnswer {
  readonly status: number;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body: string | Buffer;
}

/** Undefined: not mine, ask the next. Errors are turned into an answer by `failed`. */
export interface HttpRoutes {
  handle(call: HttpCall): Promise<HttpAnswer> | HttpAnswer | undefined;
  /** The error in the words of this protocol. `owns` says whether a path is of this protocol. */
  readonly failed: (error: unknown) => HttpAnswer;
  owns(path: readonly string[]): boolean;
}

export interface HttpServerOptions {
  /** Host names answered, without port; loopback names are always there. */
  readonly hosts: readonly string[];
  readonly bodyLimit: number;
  /** sha256 (hex) of accepted bearer tokens; empty = none asked for. */
  readonly tokenCheck?: (authorization: string | undefined) => boolean;
}

export const BODY_LIMIT = 16 * 1024 * 1024;
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

const hostName = (host: string): string => host.replace(/:\d+$/, '').toLowerCase();

function guard(request: IncomingMessage, allowed: ReadonlySet<string>, options: HttpServerOptions): void {
  const host = request.headers.host;
  if (host === undefined || !allowed.has(hostName(host))) {
    throw new MillwrightError('MW-HOST', `the host name "${host ?? ''}" is not answered here`, {
      where: 'Host',
      next: 'use localhost, or start the server with --allowed-hosts <name>',
    });
  }
  const origin = request.headers.origin;
  if (origin !== undefined && !(URL.canParse(origin) && allowed.has(new URL(origin).hostname.toLowerCase()))) {
    throw new MillwrightError('MW-HOST', `pages of ${origin} may not call this service`, {
      where: 'Origin',
      next: 'call it from your own server',
    });
  }
  const open =
    request.url === '/v2/health/live' ||
    request.url === '/v2/health/ready' ||
    request.url === '/ping' ||
    request.url === '/health';
  if (!open && options.tokenCheck !== undefined && !options.tokenCheck(request.headers.authorization)) {
    throw new MillwrightError('MW-UNAUTHENTICATED', 'a bearer token is needed', {
      where: 'Authorization',
      next: 'make one with: mw token create',
    });
  }
}

function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const tooLarge = (): MillwrightError =>
    new MillwrightError('MW-BODY-TOO-LARGE', `the body is larger than ${limit} bytes`, {
      where: 'body',
      next: 'send the rows in several requests',
    });
  if (Number(request.headers['content-length'] ?? 0) > limit) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) reject(tooLarge());
      else chunks.push(chunk);
    });
    request.on('end', () =>
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)),
    );
    request.on('error', reject);
    request.on('aborted', () => reject(new MillwrightError('MW-CANCELLED', 'the client went away')));
  });
}

function segments(url: string): string[] {
  const end = url.indexOf('?');
  const path = end === -1 ? url : url.slice(0, end);
  const parts = path.split('/');
  parts.shift();
  if (!path.includes('%')) return parts;
  try {
    return parts.map(decodeURIComponent);
  } catch {
    throw new MillwrightError('MW-PATH', 'the path is not valid percent-encoding', { where: 'path' });
  }
}

function send(request: IncomingMessage, response: ServerResponse, answer: HttpAnswer, draining: boolean): void {
  const headers: Record<string, string | number> = {
    'content-type': answer.type ?? 'application/json',
    'content-length': typeof answer.body === 'string' ? Buffer.byteLength(answer.body) : answer.body.length,
    'x-content-type-options': 'nosniff',
    ...answer.headers,
  };
  // A body that was not read to its end would be taken for the next request.
  if (draining || !request.complete) headers['connection'] = 'close';
  response.writeHead(answer.status, headers);
  response.end(request.method === 'HEAD' ? undefined : answer.body);
}

export interface DataPlaneServer {
  readonly server: Server;
  /** Answers in flight end with `Connection: close`; resolves when the last connection is gone or after `ms`. */
  drain(ms: number): Promise<void>;
  /** Answers given, by status class: 2, 4, 5. */
  readonly answered: ReadonlyMap<number, number>;
}

/** `routes` are asked in order; the last one also words the errors of paths that nobody owns. */
export function createHttpServer(routes: readonly HttpRoutes[], options: HttpServerOptions): DataPlaneServer {
  const allowed = new Set([...LOOPBACK, ...options.hosts.map((host) => host.toLowerCase())]);
  const answered = new Map<number, number>();
  const fallback = routes[0];
  let draining = false;

  async function answer(request: IncomingMessage, owner: { routes: HttpRoutes | undefined }): Promise<HttpAnswer> {
    guard(request, allowed, options);
    const path = segments(request.url ?? '/');
    const call: HttpCall = {
      method: request.method ?? 'GET',
      path,
      headers: request.headers,
      body: () => readBody(request, options.bodyLimit),
    };
    for (const candidate of routes) {
      if (!candidate.owns(path)) continue;
      owner.routes = candidate;
      const found = candidate.handle(call);
      if (found !== undefined) return found;
    }
    throw new MillwrightError('MW-ROUTE', `there is nothing at ${request.method} /${path.join('/')}`, {
      next: 'see GET /v2',
    });
  }

  async function reply(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const owner: { routes: HttpRoutes | undefined } = { routes: fallback };
    try {
      let found: HttpAnswer;
      try {
        found = await answer(request, owner);
      } catch (error) {
        found = owner.routes?.failed(error) ?? { status: 500, body: '{}' };
      }
      const group = Math.floor(found.status / 100);
      answered.set(group, (answered.get(group) ?? 0) + 1);
      send(request, response, found, draining);
    } catch {
      // The connection broke while the answer was written: there is nobody to tell.
      response.destroy();
    }
  }

  const server = createServer(
    { maxHeaderSize: 16_384, headersTimeout: 20_000, requestTimeout: 60_000, keepAliveTimeout: 65_000, noDelay: true },
    (request, response) => void reply(request, response),
  );
  server.maxRequestsPerSocket = 0;

  return {
    server,
    answered,
    drain(ms) {
      draining = true;
      return new Promise((resolve) => {
        const timer = setTimeout(() => {
          server.closeAllConnections();
          resolve();
        }, ms);
        server.close(() => {
          clearTimeout(timer);
          resolve();
        });
        server.closeIdleConnections();
      });
    },
  };
}

/** The port it listens on. Throws MW-PORT-TAKEN. */
export function listenHttp(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(
        new MillwrightError('MW-PORT-TAKEN', `REST port ${port} on ${host} cannot be opened: ${error.message}`, {
          where: `${host}:${port}`,
          next: `choose another with --rest-port, or see what holds it: ss -ltnp 'sport = :${port}'`,
          cause: error,
        }),
      );
    });
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}
