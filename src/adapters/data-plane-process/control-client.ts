/** Asks a gateway through its control socket. */
import { request } from 'node:http';
import { ERRORS, MillwrightError } from '../../domain/errors.ts';
import type { ErrorCode } from '../../domain/errors.ts';
import { errnoOf } from '../../platform/coded-error.ts';

const isCode = (text: unknown): text is ErrorCode => typeof text === 'string' && Object.hasOwn(ERRORS, text);

/** The coded error a gateway answered with (or printed), or undefined when the text is none. */
export function codedErrorOf(text: string): MillwrightError | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: Record<string, unknown> };
    if (error === undefined || !isCode(error['code'])) return undefined;
    const { where, next } = error;
    return new MillwrightError(error['code'], String(error['message']), {
      ...(typeof where === 'string' ? { where } : {}),
      ...(typeof next === 'string' ? { next } : {}),
    });
  } catch {
    return undefined;
  }
}

export interface ControlRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  readonly timeoutMs: number;
}

/** The JSON answer. Throws what the gateway throws, or MW-UNAVAILABLE when it does not answer in time. */
export function askGateway(socket: string, ask: ControlRequest): Promise<unknown> {
  const body = ask.body === undefined ? undefined : JSON.stringify(ask.body);
  return new Promise((resolve, reject) => {
    const silent = (why: string): void =>
      reject(
        new MillwrightError('MW-UNAVAILABLE', `the data plane does not answer: ${why}`, {
          where: ask.path,
          next: 'it is started again by itself; see plane/plane.log',
        }),
      );
    const outgoing = request(
      {
        socketPath: socket,
        method: ask.method,
        path: ask.path,
        // A kept connection would be to a gateway that may be gone.
        agent: false,
        timeout: ask.timeoutMs,
        headers: {
          host: 'control',
          ...(body === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', (error) => silent(error.message));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          if (response.statusCode === 200) {
            resolve(JSON.parse(text));
            return;
          }
          reject(
            codedErrorOf(text) ??
              new MillwrightError(
                'MW-INTERNAL',
                `the data plane answered ${response.statusCode}: ${text.slice(0, 200)}`,
              ),
          );
        });
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer in ${ask.timeoutMs} ms`)));
    outgoing.on('error', (error) => silent(errnoOf(error) ?? error.message));
    outgoing.end(body);
  });
}
