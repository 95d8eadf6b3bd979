/** Requests to one other server: kept-alive connections, bounded in time and size, never redirected, never anywhere else. */
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { MillwrightError } from '../../domain/errors.ts';
import { errnoOf } from '../../platform/coded-error.ts';

export interface PeerRequest {
  readonly method: 'GET' | 'POST';
  /** Below the base address. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** Monotonic ms. */
  readonly deadline: number;
}

export interface PeerAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export interface Peer {
  /** Any status is an answer. Throws MW-DEADLINE, MW-UNAVAILABLE. */
  ask(request: PeerRequest): Promise<PeerAnswer>;
  close(): void;
}

/** A kept connection that the other side has just closed: nothing was read of an answer, so it is asked once more. */
const STALE = new Set(['ECONNRESET', 'EPIPE']);

/** Throws MW-MODEL-LOAD for an address that is not plain http or https. */
export function createPeer(base: string, options: { readonly connections: number; readonly bytes: number }): Peer {
  const url = URL.canParse(base) ? new URL(base) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.username !== '') {
    throw new MillwrightError('MW-MODEL-LOAD', `"${base.slice(0, 200)}" is no address of a server`, {
      where: 'runtime.url',
      next: 'write http://host:port or https://host:port, without a user and a password',
    });
  }
  const { hostname, port, protocol } = url;
  const prefix = url.pathname.replace(/\/+$/, '');
  const settings = { keepAlive: true, maxSockets: options.connections, maxFreeSockets: options.connections };
  const agent = protocol === 'https:' ? new HttpsAgent(settings) : new HttpAgent(settings);
  const send = protocol === 'https:' ? httpsRequest : httpRequest;
  const name = url.host;

  function once({ method, path, headers, body, deadline }: PeerRequest): Promise<PeerAnswer> {
    return new Promise((resolve, reject) => {
      const left = Math.max(1, deadline - performance.now());
      const call = send({
        agent,
        hostname,
        port,
        path: `${prefix}${path}`,
        method,
        headers: { ...headers, ...(body === undefined ? {} : { 'content-length': String(body.byteLength) }) },
      });
      const late = setTimeout(() => {
        call.destroy();
        reject(new MillwrightError('MW-DEADLINE', `${name} did not answer before the deadline of the request`));
      }, left);
      const failed = (error: Error): void => {
        clearTimeout(late);
        reject(error);
      };
      call.on('error', failed);
      call.on('response', (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.byteLength;
          if (size > options.bytes) call.destroy(new Error(`an answer of more than ${options.bytes} bytes`));
          else chunks.push(chunk);
        });
        response.on('error', failed);
        response.on('aborted', () => failed(new Error('the answer broke off')));
        response.on('end', () => {
          clearTimeout(late);
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
        });
      });
      call.end(body);
    });
  }

  const unavailable = (error: unknown): MillwrightError =>
    error instanceof MillwrightError
      ? error
      : new MillwrightError(
          'MW-UNAVAILABLE',
          `${name} cannot be asked: ${errnoOf(error) ?? (error instanceof Error ? error.message : String(error))}`,
          { where: name, next: `look whether it runs: curl ${base}/v2/health/ready`, cause: error },
        );

  return {
    async ask(request) {
      try {
        return await once(request);
      } catch (error) {
        if (!STALE.has(errnoOf(error) ?? '')) throw unavailable(error);
      }
      return once(request).catch((error: unknown) => Promise.reject(unavailable(error)));
    },
    close: () => agent.destroy(),
  };
}
