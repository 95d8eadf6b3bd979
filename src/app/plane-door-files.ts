/**
 * Files that go between this home and gateways on other machines: models on their way out, and parts of the prediction log on their
 * way in, each in full or not at all.
 */
import { createReadStream } from 'node:fs';
import type { ReadStream } from 'node:fs';
import { mkdir, open, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { MillwrightError } from '../domain/errors.ts';
import { renameDurable } from '../platform/durable-file.ts';

/** https://parquet.apache.org/docs/file-format/: a file begins and ends with it. */
const MAGIC = 'PAR1';
const REMEMBERED = 100_000;

type KeepPart = (endpoint: string, part: string, body: AsyncIterable<Uint8Array>, limitBytes: number) => Promise<void>;

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** What follows byte `start` of a file; `bytes` is of the whole file. */
export async function readFrom(
  path: string,
  start: number,
): Promise<{ readonly bytes: number; readonly content: ReadStream }> {
  const { size } = await stat(path);
  return { bytes: size, content: createReadStream(path, { start: Math.min(start, size) }) };
}

/** Endpoint and part are checked names. A part that was sent before (its answer was lost) is not kept again. */
export function createPartKeeper(folder: string): KeepPart {
  const kept = new Set<string>();
  // A gateway that lost its connection sends a part again while the first one is still being read: each into a file of its own.
  let uploads = 0;
  return async (endpoint, part, body, limitBytes) => {
    const name = `${endpoint}/${part}`;
    const path = join(folder, endpoint, `${part}.parquet`);
    const known = kept.has(name) || (await isThere(path));
    await mkdir(join(folder, endpoint), { recursive: true, mode: 0o700 });
    // A reader globs *.parquet: the temporary name must not match it.
    const temporary = join(folder, endpoint, `.${part}.${process.pid}.${(uploads += 1)}.tmp`);
    try {
      const file = await open(temporary, 'w', 0o600);
      try {
        let size = 0;
        let head = '';
        let tail = '';
        for await (const chunk of body) {
          if (known) continue;
          size += chunk.byteLength;
          if (size > limitBytes)
            throw new MillwrightError('MW-BODY-TOO-LARGE', `a part has at most ${limitBytes} bytes`, { where: part });
          if (head.length < 4) head += Buffer.from(chunk.subarray(0, 4 - head.length)).toString('latin1');
          tail = (tail + Buffer.from(chunk.subarray(-4)).toString('latin1')).slice(-4);
          await file.writeFile(chunk);
        }
        if (!known && (head !== MAGIC || tail !== MAGIC || size < 12))
          throw new MillwrightError('MW-INVALID', 'the part is no Parquet file', { where: part });
        await file.sync();
      } finally {
        await file.close();
      }
      if (known) await unlink(temporary);
      else await renameDurable(temporary, path);
    } catch (error) {
      await unlink(temporary).catch(() => undefined);
      throw error;
    }
    // After a merge of small files the name is gone from the folder, and the rows are not.
    kept.add(name);
    if (kept.size > REMEMBERED) kept.delete([...kept][0] ?? '');
  };
}
