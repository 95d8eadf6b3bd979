/** The body of a request that no parser has read, as it comes; no body is an empty one. Throws MW-INVALID for anything else. */
import { Readable } from 'node:stream';
import { MillwrightError } from '../domain/errors.ts';

export async function* chunksOf(body: unknown): AsyncGenerator<Uint8Array> {
  if (body === undefined || body === null) return;
  if (!(body instanceof Readable))
    throw new MillwrightError('MW-INVALID', 'the body could not be read', { where: 'body' });
  for await (const chunk of body) {
    if (chunk instanceof Uint8Array) yield chunk;
  }
}
