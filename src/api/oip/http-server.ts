/**
 * The data plane's HTTP server: bare node:http, because the hot path pays for every layer. Host and Origin are judged before
 * routing (a page in a browser must not reach a loopback service by a name it controls), sizes and times are bounded.
 */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { Server as NetServer } from 'node:net';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { MillwrightError } from '../../domain/errors.ts';
import { retryAfterSeconds } from './call-options.ts';
import { readBody } from './http-body.ts';
import type { BodyBudget, HeldBody } from './http-body.ts';

export interface HttpCall {
  readonly method: string;
  /** Path segments, percent-decoded. */
  readonly path: readonly string[];
  readonly headers: IncomingMessage['headers'];
  /** What follows `?`; empty without. */
  readonly query: string;
  /** Decompressed. Throws MW-BODY-TOO-LARGE, MW-OVERLOADED (too many bodies in memory), MW-MEDIA-TYPE, MW-INVALID, MW-CANCELLED. */
  body(): Promise<Buffer>;
  /** Who calls, for limits per client: a hash of the token where one is asked for, else the address. */
  client(): string;
  /** Aborted when the client leaves before the answer. */
  signal(): AbortSignal;
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

/** One answered call. Times are of the monotonic clock, ms. */
export interface SeenCall {
  readonly request: IncomingMessage;
  readonly answer: HttpAnswer;
  readonly startedAt: number;
  readonly endedAt: number;
}

export interface HttpServerOptions {
  /** Host names answered, without port; loopback names are always there. `*`: any, for a cloud's container; pages of other origins are refused all the same. */
  readonly hosts: readonly string[];
  /** Bytes of one body, after decompression. */
  readonly bodyLimit: number;
  /** Bytes of all bodies whose calls are not answered; default 256 MiB, and never less than one body. */
  readonly bodiesLimit?: number;
  /** After each answer: for access log, metrics and traces. Must not throw and must not wait. */
  readonly observe?: (seen: SeenCall) => void;
  /** sha256 (hex) of accepted bearer tokens; empty = none asked for. */
  readonly tokenCheck?: (authorization: string | undefined) => boolean;
}

/** Of one body, after decompression. */
export const BODY_LIMIT = 64 * 1024 * 1024;
/** Of all bodies whose calls are not answered. */
const BODIES_LIMIT = 4 * BODY_LIMIT;
/** A larger answer is counted until its client has read it. */
const LARGE_ANSWER = 256 * 1024;
/** Of all answers that their clients have not read. */
const UNREAD_LIMIT = 512 * 1024 * 1024;
/** Who reads a large answer slower than this, after a minute, is cut off. */
const SLOWEST_BYTES_PER_MS = 64;
const UNREAD_MS = 60_000;
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

const hostName = (host: string): string => host.replace(/:\d+$/, '').toLowerCase();

/** The playground's page, the same for every name and without any data: a browser cannot send a token before it is open. */
function isEmptyPage({ method, url }: IncomingMessage): boolean {
  return method === 'GET' && url !== undefined && /^\/v2\/models\/[^/?]+\/docs(?:\.js|\.css)?(?:\?|$)/.test(url);
}

/** What was computed from a header or a path, by its text: clients send the same few again and again. */
const KEPT = 500;
const KEPT_LENGTH = 300;

function remember<V>(map: Map<string, V>, key: string, value: V): V {
  if (key.length > KEPT_LENGTH) return value;
  if (map.size >= KEPT) map.clear();
  map.set(key, value);
  return value;
}

const hostNames = new Map<string, string>();
const hostNameOf = (host: string): string => hostNames.get(host) ?? remember(hostNames, host, hostName(host));

function guard(request: IncomingMessage, allowed: ReadonlySet<string>, options: HttpServerOptions): void {
  const host = request.headers.host;
  if (host === undefined || !(allowed.has(hostNameOf(host)) || allowed.has('*'))) {
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
  const token = open || options.tokenCheck === undefined || options.tokenCheck(request.headers.authorization);
  if (!token && !isEmptyPage(request)) {
    throw new MillwrightError('MW-UNAUTHENTICATED', 'a bearer token is needed', {
      where: 'Authorization',
      next: 'make one with: mw token create',
    });
  }
}

/** Names of callers seen: a hash is dearer than the rest of reading a call. */
const clients = new Map<string, string>();

/** An IPv4 address as it is; of IPv6 the 64 bits of the network, because whoever has one such address has 2^64 of them. */
function networkOf(address: string): string {
  const plain = address.replaceAll(/[[\]]|%.*$/g, '').replace(/^::ffff:(?=\d+\.)/i, '');
  if (!plain.includes(':')) return plain;
  const [left = [], right] = plain.split('::').map((half) => half.split(':').filter((group) => group !== ''));
  const zeros = right === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array.from({ length: zeros }, () => '0'), ...(right ?? [])];
  return `${groups.slice(0, 4).join(':').toLowerCase()}::/64`;
}

/**
 * Who calls, for limits per client: a hash of the token, so that none is kept in a log or a counter; else the address. `authorization`
 * is undefined where no token is asked for: what a caller makes up would be a new client with every call.
 */
export function clientName(authorization: string | undefined, address: string): string {
  if (authorization === undefined) {
    if (!address.includes(':')) return address;
    return clients.get(address) ?? remember(clients, address, networkOf(address));
  }
  const known = clients.get(authorization);
  if (known !== undefined) return known;
  // Not the word before it: it may be written in many ways.
  const token = /^\S+\s+(\S+)$/.exec(authorization)?.[1] ?? authorization;
  return remember(clients, authorization, createHash('sha256').update(token).digest('base64url').slice(0, 22));
}

/** A controller a call is dear; only calls that may wait ask for one. */
function leaving(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}

/** In the words of the protocol that was called, and when to ask again. */
function failure(routes: HttpRoutes | undefined, error: unknown): HttpAnswer {
  const found = routes?.failed(error) ?? { status: 500, body: '{}' };
  const seconds = retryAfterSeconds(error);
  return seconds === undefined ? found : { ...found, headers: { 'retry-after': seconds, ...found.headers } };
}

const paths = new Map<string, readonly string[]>();

function segments(url: string): readonly string[] {
  const end = url.indexOf('?');
  const path = end === -1 ? url : url.slice(0, end);
  const known = paths.get(path);
  if (known !== undefined) return known;
  const parts = path.split('/');
  parts.shift();
  if (!path.includes('%')) return remember(paths, path, parts);
  try {
    return parts.map(decodeURIComponent);
  } catch {
    throw new MillwrightError('MW-PATH', 'the path is not valid percent-encoding', { where: 'path' });
  }
}

function send(request: IncomingMessage, response: ServerResponse, answer: HttpAnswer, draining: boolean): void {
  const { body } = answer;
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  const headers: Record<string, string | number> = {
    'content-type': answer.type ?? 'application/json',
    'content-length': length,
    'x-content-type-options': 'nosniff',
  };
  if (answer.headers !== undefined) Object.assign(headers, answer.headers);
  // A body that was not read to its end would be taken for the next request.
  if (draining || !request.complete) headers['connection'] = 'close';
  response.writeHead(answer.status, headers);
  if (request.method === 'HEAD') response.end();
  // As many bytes as characters: then there are no others than ASCII, whose encoding costs less.
  else if (typeof body === 'string' && length === body.length) response.end(body, 'latin1');
  else response.end(body);
}

export interface DataPlaneServer {
  readonly server: Server;
  /**
   * Answers from now on end with `Connection: close`; resolves when the last connection is gone or after `ms`. `lingerMs`: connections
   * that wait for their client's next call are kept that long, so that a call that is under way is answered and not cut off.
   */
  drain(ms: number, lingerMs?: number): Promise<void>;
  /** Answers given, by status class: 2, 4, 5. */
  readonly answered: ReadonlyMap<number, number>;
}

/** `routes` are asked in order; the last one also words the errors of paths that nobody owns. */
export function createHttpServer(routes: readonly HttpRoutes[], options: HttpServerOptions): DataPlaneServer {
  const allowed = new Set([...LOOPBACK, ...options.hosts.map((host) => host.toLowerCase())]);
  const answered = new Map<number, number>();
  const fallback = routes[0];
  let draining = false;
  const budget: BodyBudget = {
    perBody: options.bodyLimit,
    inAll: Math.max(options.bodiesLimit ?? BODIES_LIMIT, options.bodyLimit),
    held: 0,
  };

  let unread = 0;
  /** A client that asks and does not read must not keep large answers in memory, neither many nor for long. Throws MW-OVERLOADED. */
  function keepUntilRead(response: ServerResponse, length: number): void {
    if (unread > 0 && unread + length > UNREAD_LIMIT) {
      throw new MillwrightError(
        'MW-OVERLOADED',
        'the answers that their clients have not read fill the memory for them',
        {
          next: 'read the answers, or ask for fewer rows at once',
          retryAfterMs: 1000,
        },
      );
    }
    unread += length;
    const late = setTimeout(() => response.destroy(), UNREAD_MS + length / SLOWEST_BYTES_PER_MS);
    late.unref();
    response.once('close', () => {
      clearTimeout(late);
      unread -= length;
    });
  }

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    owner: { routes: HttpRoutes | undefined },
    held: HeldBody,
  ): Promise<HttpAnswer> {
    guard(request, allowed, options);
    const url = request.url ?? '/';
    const path = segments(url);
    const mark = url.indexOf('?');
    const call: HttpCall = {
      method: request.method ?? 'GET',
      path,
      headers: request.headers,
      query: mark === -1 ? '' : url.slice(mark + 1),
      client: () =>
        clientName(
          options.tokenCheck === undefined ? undefined : request.headers.authorization,
          request.socket.remoteAddress ?? '',
        ),
      signal: () => leaving(response),
      body: () => readBody(request, budget, held),
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
    const held: HeldBody = { bytes: 0 };
    const startedAt = options.observe === undefined ? 0 : performance.now();
    try {
      let found: HttpAnswer;
      try {
        found = await answer(request, response, owner, held);
        if (found.body.length > LARGE_ANSWER) keepUntilRead(response, found.body.length);
      } catch (error) {
        found = failure(owner.routes, error);
      } finally {
        budget.held -= held.bytes;
      }
      const group = Math.floor(found.status / 100);
      answered.set(group, (answered.get(group) ?? 0) + 1);
      send(request, response, found, draining);
      options.observe?.({ request, answer: found, startedAt, endedAt: performance.now() });
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
    drain(ms, lingerMs = 0) {
      draining = true;
      return new Promise((resolve) => {
        const timer = setTimeout(() => {
          server.closeAllConnections();
          resolve();
        }, ms);
        const idle = setTimeout(() => server.closeIdleConnections(), lingerMs);
        // The close of http.Server would cut the idle connections at once.
        NetServer.prototype.close.call(server, () => {
          clearTimeout(timer);
          clearTimeout(idle);
          resolve();
        });
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
