import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFollowClient } from './follow-client.ts';
import { createPartKeeper } from './plane-door-files.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mw-door-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const PART = `part-${'0'.repeat(26)}`;
const parquet = (bytes: number): Buffer => Buffer.from(`PAR1${'x'.repeat(bytes)}PAR1`);

async function* inPieces(data: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size);
}

test('a part is kept whole and once; what is too large, broken off or no Parquet leaves nothing', async () => {
  const keep = createPartKeeper(folder);
  for (const size of [1, 3, 1000]) {
    await keep('e', PART, inPieces(parquet(50), size), 1000);
    expect(await readdir(join(folder, 'e'))).toEqual([`${PART}.parquet`]);
  }
  expect((await readFile(join(folder, 'e', `${PART}.parquet`))).equals(parquet(50))).toBe(true);
  // Merged with others meanwhile: its rows are there, its name is not.
  await rm(join(folder, 'e', `${PART}.parquet`));
  await keep('e', PART, inPieces(parquet(50), 10), 1000);
  expect(await readdir(join(folder, 'e'))).toEqual([]);

  const other = `part-${'1'.repeat(26)}`;
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield parquet(50).subarray(0, 20);
    throw new Error('cut');
  }
  await expect(keep('e', other, inPieces(parquet(2000), 100), 1000)).rejects.toMatchObject({
    code: 'MW-BODY-TOO-LARGE',
  });
  await expect(keep('e', other, inPieces(Buffer.from('PAR1 not its end'), 4), 1000)).rejects.toMatchObject({
    code: 'MW-INVALID',
  });
  await expect(keep('e', other, broken(), 1000)).rejects.toThrow('cut');
  expect(await readdir(join(folder, 'e'))).toEqual([]);
});

async function withServer(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  work: (url: string) => Promise<void>,
): Promise<void> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  try {
    await work(`http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('a download that broke off goes on where it was, and is what its digest says or nothing', async () => {
  const model = Buffer.alloc(300_000, 'model');
  const digest = `sha256:${createHash('sha256').update(model).digest('hex')}`;
  const ranges: (string | undefined)[] = [];
  await withServer(
    (request, response) => {
      ranges.push(request.headers.range);
      const start = Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0);
      response.writeHead(start > 0 ? 206 : 200, { 'content-length': model.length - start });
      if (start > 0) response.end(model.subarray(start));
      else response.write(model.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 100));
    },
    async (url) => {
      const client = createFollowClient({ url, gateway: 'g', token: undefined });
      const path = join(folder, 'model.onnx');
      await expect(client.fetchFile('model-a', path, digest)).rejects.toMatchObject({ code: 'MW-UNAVAILABLE' });
      expect(await readdir(folder)).toEqual(['model.onnx.part']);
      await client.fetchFile('model-a', path, digest);
      expect((await readFile(path)).equals(model)).toBe(true);
      expect(ranges).toEqual([undefined, 'bytes=100000-']);

      await writeFile(join(folder, 'other.part'), 'something else of another length');
      await expect(client.fetchFile('model-a', join(folder, 'other'), digest)).rejects.toMatchObject({
        code: 'MW-UNAVAILABLE',
      });
      expect((await readdir(folder)).toSorted()).toEqual(['model.onnx']);
    },
  );
});

test('an answer that redirects, or is no answer of ours, is an error', async () => {
  await withServer(
    (request, response) => {
      if (request.url?.includes('after=r') === true) response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
      else response.writeHead(500).end('<html>');
    },
    async (url) => {
      const client = createFollowClient({ url, gateway: 'g', token: 't' });
      const { signal } = new AbortController();
      await expect(client.book('r', signal)).rejects.toMatchObject({ code: 'MW-UNAVAILABLE' });
      await expect(client.book('', signal)).rejects.toMatchObject({ code: 'MW-UNAVAILABLE' });
    },
  );
});
