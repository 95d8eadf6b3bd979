/** The body of a request: bounded for itself and together with all others in memory, decompressed where it came compressed. */
import type { IncomingMessage } from 'node:http';
import { createGunzip, createInflate } from 'node:zlib';
import { MillwrightError } from '../../domain/errors.ts';

/** Bytes of request bodies in memory. Connections are cheap; a few slow ones with large bodies must not fill the memory. */
export interface BodyBudget {
  readonly perBody: number;
  readonly inAll: number;
  held: number;
}

/** What one call holds of the budget, until it is answered. */
export interface HeldBody {
  bytes: number;
}

function tooLarge(limit: number): MillwrightError {
  return new MillwrightError('MW-BODY-TOO-LARGE', `the body is larger than ${limit} bytes`, {
    where: 'body',
    next: 'send the rows in several requests',
  });
}

function hold(budget: BodyBudget, held: HeldBody, bytes: number): void {
  if (budget.held + bytes > budget.inAll) {
    throw new MillwrightError(
      'MW-OVERLOADED',
      'the bodies of the calls that are being answered fill the memory for them',
      {
        where: 'body',
        next: 'ask again after the time in Retry-After, or send smaller requests',
        retryAfterMs: 1000,
      },
    );
  }
  budget.held += bytes;
  held.bytes += bytes;
}

function unpacker(encoding: string): ReturnType<typeof createGunzip> {
  const options = { chunkSize: 65_536 };
  if (encoding === 'gzip' || encoding === 'x-gzip') return createGunzip(options);
  if (encoding === 'deflate') return createInflate(options);
  throw new MillwrightError('MW-MEDIA-TYPE', `the content encoding "${encoding.slice(0, 40)}" is not supported`, {
    where: 'Content-Encoding',
    next: 'send gzip, deflate or the plain body',
  });
}

/** Each piece is counted when it is made: a hundred bombs at once end at the limit of all bodies together, what is beyond is never made. */
async function decompressed(bytes: Buffer, encoding: string, budget: BodyBudget, held: HeldBody): Promise<Buffer> {
  const stream = unpacker(encoding);
  return new Promise<Buffer>((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const refuse = (error: unknown): void => {
      chunks.length = 0;
      stream.destroy();
      reject(error);
    };
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length;
      try {
        if (size > budget.perBody) throw tooLarge(budget.perBody);
        hold(budget, held, chunk.length);
      } catch (error) {
        refuse(error);
        return;
      }
      chunks.push(chunk);
    });
    stream.on('end', () => resolve(Buffer.concat(chunks, size)));
    stream.on('error', (cause) =>
      refuse(new MillwrightError('MW-INVALID', `the body is not ${encoding}`, { where: 'Content-Encoding', cause })),
    );
    stream.end(bytes);
  });
}

/** Throws MW-BODY-TOO-LARGE, MW-OVERLOADED, MW-MEDIA-TYPE, MW-INVALID (not what Content-Encoding says), MW-CANCELLED. */
export function readBody(request: IncomingMessage, budget: BodyBudget, held: HeldBody): Promise<Buffer> {
  const { 'content-length': declared, 'content-encoding': encoding } = request.headers;
  if (declared !== undefined && Number(declared) > budget.perBody) return Promise.reject(tooLarge(budget.perBody));
  const plain = new Promise<Buffer>((resolve, reject) => {
    let first: Buffer | undefined;
    let more: Buffer[] | undefined;
    let refused = false;
    const refuse = (error: unknown): void => {
      refused = true;
      [first, more] = [undefined, undefined];
      reject(error);
    };
    request.on('data', (chunk: Buffer) => {
      // What still comes after a refusal is read and dropped, so that the client gets to read the answer.
      if (refused) return;
      try {
        if (held.bytes + chunk.length > budget.perBody) throw tooLarge(budget.perBody);
        hold(budget, held, chunk.length);
      } catch (error) {
        refuse(error);
        return;
      }
      if (first === undefined) first = chunk;
      else if (more === undefined) more = [first, chunk];
      else more.push(chunk);
    });
    request.on('end', () => resolve(more === undefined ? (first ?? Buffer.alloc(0)) : Buffer.concat(more)));
    request.on('error', (error) =>
      refuse(new MillwrightError('MW-CANCELLED', 'the client went away', { cause: error })),
    );
  });
  if (encoding === undefined || encoding === 'identity' || encoding === '') return plain;
  return plain.then((bytes) => decompressed(bytes, encoding.trim().toLowerCase(), budget, held));
}
