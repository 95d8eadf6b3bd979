import { describe, expect, it } from 'vitest';
import { createMemoryArtifacts } from '../../adapters/memory/index.ts';
import { moveBlobs } from './index.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const quiet = (): void => undefined;

describe('moving blobs', () => {
  it('copies what is not there yet, and all of it is there afterwards', async () => {
    const [from, to] = [createMemoryArtifacts(), createMemoryArtifacts()];
    const texts = Array.from({ length: 25 }, (_, index) => `blob ${index}`);
    for (const text of texts) await from.put(bytes(text));
    await to.put(bytes('blob 3'));
    await to.put(bytes('of another'));
    const seen: number[] = [];
    const moved = await moveBlobs(from, to, ({ blobs }) => seen.push(blobs));
    expect(moved).toMatchObject({ blobs: 25, copied: 24, copiedBytes: moved.bytes - 6 });
    expect(seen).toEqual(Array.from({ length: 25 }, (_, index) => index + 1));
    for await (const { digest } of from.list()) expect(await to.bytes(digest)).toEqual(await from.bytes(digest));
    expect(await moveBlobs(from, to, quiet)).toMatchObject({ blobs: 25, copied: 0 });
  });

  it('stops at a blob whose bytes are not what its name says', async () => {
    const from = createMemoryArtifacts();
    const { digest } = await from.put(bytes('as it was'));
    const damaged = {
      list: () => from.list(),
      get: async () => {
        async function* body() {
          yield bytes('as it is now');
        }
        return body();
      },
    };
    await expect(moveBlobs(damaged, createMemoryArtifacts(), quiet)).rejects.toMatchObject({
      code: 'MW-STATE',
      message: expect.stringContaining(digest),
    });
  });

  it('stops when it is told to', async () => {
    const [from, to] = [createMemoryArtifacts(), createMemoryArtifacts()];
    for (let index = 0; index < 50; index += 1) await from.put(bytes(`${index}`));
    const abort = new AbortController();
    const stopped = moveBlobs(from, to, ({ blobs }) => blobs === 3 && abort.abort(), abort.signal);
    await expect(stopped).rejects.toMatchObject({ code: 'MW-CANCELLED' });
    let there = 0;
    for await (const _ of to.list()) there += 1;
    expect(there).toBeLessThan(10);
  });
});
