/** Bodies of artifacts on the wire, streamed both ways. */
import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';

/** After `/api/` and `/ajax-api/`. */
export const PROXY_ROOT = '2.0/mlflow-artifacts';
/** Bytes of one artifact. */
export const DEFAULT_LIMIT = 5 * 1024 ** 3;

/** Never shown by a browser: a file that somebody logged must not run as a page of this server. */
export function sendFile(
  reply: FastifyReply,
  path: string,
  bytes: number,
  content: AsyncIterable<Uint8Array>,
): FastifyReply {
  const name = encodeURIComponent(path.split('/').at(-1) ?? 'artifact').replaceAll("'", '%27');
  return reply
    .header('content-type', 'application/octet-stream')
    .header('content-length', bytes)
    .header('content-disposition', `attachment; filename*=UTF-8''${name}`)
    .header('x-content-type-options', 'nosniff')
    .send(Readable.from(content));
}
