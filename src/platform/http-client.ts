/**
 * Requests to the outside world (webhooks): bounded in time and size, no redirects, and not into the private network unless allowed.
 * The name is resolved once, every address is judged, and the connection goes to the address that was judged: with a second lookup
 * (as `fetch` does) a name server could answer differently the second time.
 */
import { lookup } from 'node:dns/promises';
import { request as httpRequest } from 'node:http';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { BlockList, isIP } from 'node:net';
import { CodedError, errnoOf } from './coded-error.ts';

export interface HttpClientOptions {
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
  /** Private, loopback, link-local and other special addresses are refused unless true. */
  readonly allowPrivate: boolean;
  /** Name resolution, for tests. */
  readonly resolve?: (host: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array;
}

export interface HttpClient {
  /**
   * Any status is an answer, 3xx too (never followed). Throws a CodedError: MW-INVALID for a URL that is not http(s), MW-FORBIDDEN for
   * an address that is refused, MW-UNAVAILABLE for no answer in time, a broken connection or an answer that is too large.
   */
  send(request: HttpRequest): Promise<HttpResponse>;
}

/** Special-purpose address blocks of IANA's registries (RFC 6890 and successors) that no webhook has business with. */
function specialAddresses(): BlockList {
  const list = new BlockList();
  const v4: readonly (readonly [string, number])[] = [
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.168.0.0', 16],
    ['198.18.0.0', 15],
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
    ['224.0.0.0', 4],
    ['240.0.0.0', 4],
  ];
  for (const [net, prefix] of v4) list.addSubnet(net, prefix, 'ipv4');
  const v6: readonly (readonly [string, number])[] = [
    ['::', 128],
    ['::1', 128],
    // NAT64, 6to4 and Teredo carry an IPv4 address inside, which could be a private one.
    ['64:ff9b::', 96],
    ['64:ff9b:1::', 48],
    ['100::', 64],
    ['2001::', 23],
    ['2001:db8::', 32],
    ['2002::', 16],
    ['fc00::', 7],
    ['fe80::', 10],
    ['ff00::', 8],
  ];
  for (const [net, prefix] of v6) list.addSubnet(net, prefix, 'ipv6');
  return list;
}

const SPECIAL = specialAddresses();

/** True for an address of the public internet. IPv4 mapped into IPv6 (`::ffff:10.0.0.1`) is judged as the IPv4 address it is. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return false;
  if (family === 4) return !SPECIAL.check(address, 'ipv4');
  // URL normalises every spelling of a mapped address to `::ffff:a00:1`.
  const normal = new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(normal);
  if (mapped !== null) {
    const high = Number.parseInt(mapped[1] ?? '', 16);
    const low = Number.parseInt(mapped[2] ?? '', 16);
    return !SPECIAL.check(`${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`, 'ipv4');
  }
  // ::/96 (deprecated IPv4-compatible) and everything outside global unicast.
  return /^[23]/.test(normal) && !SPECIAL.check(normal, 'ipv6');
}

async function resolveName(host: string): Promise<readonly { readonly address: string; readonly family: number }[]> {
  const family = isIP(host);
  return family === 0 ? lookup(host, { all: true, verbatim: true }) : [{ address: host, family }];
}

async function readBody(response: IncomingMessage, limit: number, where: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > limit) {
      response.destroy();
      throw new CodedError('MW-UNAVAILABLE', `the answer is larger than ${limit} bytes`, { where });
    }
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

function parseUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new CodedError('MW-INVALID', 'not an http or https URL', { where: text.slice(0, 200) });
  }
  if (url.username !== '' || url.password !== '') {
    throw new CodedError('MW-INVALID', 'a URL with a user name or password in it is not used: send a header', {
      where: url.host,
    });
  }
  return url;
}

export function createHttpClient(options: HttpClientOptions): HttpClient {
  const { timeoutMs, maxResponseBytes, allowPrivate, resolve = resolveName } = options;

  async function addressOf(url: URL): Promise<{ readonly address: string; readonly family: number }> {
    const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
    const addresses = await resolve(host);
    const first = addresses[0];
    if (first === undefined) throw new CodedError('MW-UNAVAILABLE', 'the name has no address', { where: url.host });
    // All must pass, not only the one that is used: a name with one private address is not a public service.
    const refused = allowPrivate ? undefined : addresses.find(({ address }) => !isPublicAddress(address));
    if (refused !== undefined) {
      throw new CodedError('MW-FORBIDDEN', `${url.host} leads to the private address ${refused.address}`, {
        where: url.host,
        next: 'if that is meant, start the server with MILLWRIGHT_ALLOW_PRIVATE_EGRESS=true',
      });
    }
    return first;
  }

  return {
    async send(request) {
      const url = parseUrl(request.url);
      const timeout = AbortSignal.timeout(timeoutMs);
      const signal = request.signal === undefined ? timeout : AbortSignal.any([timeout, request.signal]);
      try {
        const { address, family } = await abortable(addressOf(url), signal);
        const settings: RequestOptions = {
          method: request.method,
          signal,
          // No pool: a kept connection would outlive the judgement of its address.
          agent: false,
          headers: {
            ...request.headers,
            ...(request.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(request.body)) }),
          },
          lookup: (_host, lookupOptions, done) => {
            if (lookupOptions.all === true) done(null, [{ address, family }]);
            else done(null, address, family);
          },
        };
        const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
        const response = await new Promise<IncomingMessage>((accept, reject) => {
          const outgoing = send(url, settings, accept);
          outgoing.on('error', reject);
          outgoing.end(request.body);
        });
        return {
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: await readBody(response, maxResponseBytes, url.host),
        };
      } catch (error) {
        if (error instanceof CodedError) throw error;
        request.signal?.throwIfAborted();
        const why = timeout.aborted ? `no answer in ${timeoutMs} ms` : (errnoOf(error) ?? String(error));
        throw new CodedError('MW-UNAVAILABLE', `${url.host} does not answer: ${why}`, {
          where: url.host,
          cause: error,
        });
      }
    },
  };
}

/** A lookup cannot be cancelled; the caller need not wait for it. */
async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  return new Promise<T>((accept, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    work.then(accept, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
