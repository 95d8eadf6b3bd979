/** The contract of ArtifactStore, for every adapter and for plug-ins. */
import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArtifactStore } from '../ports/artifact-store.ts';
import { runWriter } from './child-process.ts';
import type { OpenElsewhere } from './child-process.ts';
import { refusal } from './outcome.ts';

/** An empty store and what the suite needs to try it out. */
export interface ArtifactSubject {
  readonly store: ArtifactStore;
  /** Names of everything the store keeps, finished or not; where it can be listed. A whole blob is listed by its 64 hex digits. */
  readonly everything?: () => Promise<readonly string[]>;
  /** Opens the same blobs again, as after a restart. Only for durable stores. */
  readonly reopen?: () => Promise<ArtifactStore>;
  /** How another process opens the same blobs. Only for durable stores. */
  readonly elsewhere?: OpenElsewhere;
  readonly dispose: () => Promise<void>;
}

const KILL_ROUNDS = 4;

const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.slice(at, at + size);
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return new Uint8Array(Buffer.concat(chunks));
}

const NO_DIGESTS = [
  '',
  'sha256:',
  '../../etc/passwd',
  'sha256:../../../../../../etc/passwd',
  `sha256:${'a'.repeat(63)}`,
  `sha256:${'a'.repeat(65)}`,
  `sha256:${'A'.repeat(64)}`,
  `sha256:${'a'.repeat(62)}/a`,
  `sha256:${'a'.repeat(64)}\n`,
  `sha256:${'a'.repeat(64)}\u0000`,
  `sha512:${'a'.repeat(64)}`,
  ` sha256:${'a'.repeat(64)}`,
  `/sha256:${'a'.repeat(64)}`,
  'a'.repeat(64),
];

/** Defines the suite `name`; `open` is called for each test. */
export function artifactContract(name: string, open: () => Promise<ArtifactSubject>): void {
  describe(`${name}: artifact store`, () => {
    let subject: ArtifactSubject;
    let store: ArtifactStore;
    let folder: string;

    beforeEach(async () => {
      subject = await open();
      store = subject.store;
      folder = await mkdtemp(join(tmpdir(), 'mw-artifacts-'));
    });

    afterEach(async () => {
      await subject.dispose();
      await rm(folder, { recursive: true, force: true });
    });

    /** Asserts that the store keeps exactly these blobs and no unfinished ones. */
    async function expectExactly(digests: readonly string[]): Promise<void> {
      if (subject.everything === undefined) return;
      const hex = digests.map((digest) => digest.slice('sha256:'.length));
      expect([...(await subject.everything())].toSorted()).toEqual(hex.toSorted());
    }

    it('gives back any bytes, however they are cut, under their sha256', async () => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 5_000 }), fc.integer({ min: 1, max: 999 }), async (bytes, size) => {
          const blob = await store.put(inChunks(bytes, size));
          expect(blob).toEqual({ digest: digestOf(bytes), bytes: bytes.byteLength });
          expect(await store.put(bytes)).toEqual(blob);
          expect(await store.bytes(blob.digest)).toEqual(new Uint8Array(bytes));
          expect(await collect(await store.get(blob.digest))).toEqual(new Uint8Array(bytes));
          expect(await store.stat(blob.digest)).toEqual(blob);
        }),
        { numRuns: 25 },
      );
    });

    it('gives any range, inclusive start, exclusive end, cut at the end of the blob', async () => {
      const bytes = new Uint8Array(randomBytes(1_000));
      const { digest } = await store.put(bytes);
      await fc.assert(
        fc.asyncProperty(fc.nat(1_000), fc.option(fc.nat(1_500), { nil: undefined }), async (start, end) => {
          const range = end === undefined ? { start } : { start, end };
          if (end !== undefined && end < start) {
            expect(await refusal(store.get(digest, range))).toBe('MW-INVALID');
          } else {
            expect(await collect(await store.get(digest, range))).toEqual(bytes.slice(start, end));
          }
        }),
        { numRuns: 50 },
      );
      for (const range of [{ start: -1 }, { start: 1_001 }, { start: 0.5 }, { start: Number.NaN }]) {
        expect(await refusal(store.get(digest, range))).toBe('MW-INVALID');
      }
    });

    it('streams: a large blob comes in many pieces and may be left half-way', async () => {
      const bytes = new Uint8Array(randomBytes(3_000_000));
      const { digest } = await store.put(inChunks(bytes, 100_000));
      let pieces = 0;
      for await (const piece of await store.get(digest)) {
        expect(piece.byteLength).toBeLessThan(1_000_000);
        pieces += 1;
        if (pieces === 2) break;
      }
      expect(pieces).toBe(2);
      expect(digestOf(await collect(await store.get(digest)))).toBe(digest);
    });

    it('the same bytes from many at once are one blob', async () => {
      const bytes = new Uint8Array(randomBytes(200_000));
      const blobs = await Promise.all(
        Array.from({ length: 8 }, (_, index) => store.put(inChunks(bytes, 10_000 + index))),
      );
      expect(new Set(blobs.map(({ digest }) => digest))).toEqual(new Set([digestOf(bytes)]));
      expect(await store.bytes(digestOf(bytes))).toEqual(bytes);
      await expectExactly([digestOf(bytes)]);
    });

    it('a put that fails leaves nothing', async () => {
      const bytes = new Uint8Array(randomBytes(50_000));
      async function* failing(): AsyncGenerator<Uint8Array> {
        yield bytes;
        throw new Error('the client went away');
      }
      await expect(store.put(failing())).rejects.toThrow('the client went away');
      expect(await store.stat(digestOf(bytes))).toBeUndefined();
      await expectExactly([]);
    });

    it('a put over its limit is refused while it streams and leaves nothing; one at its limit passes', async () => {
      let asked = 0;
      async function* endless(): AsyncGenerator<Uint8Array> {
        for (;;) {
          asked += 1;
          yield new Uint8Array(1_000);
        }
      }
      expect(await refusal(store.put(endless(), 10_500))).toBe('MW-BODY-TOO-LARGE');
      expect(asked).toBe(11);
      expect(await refusal(store.put(new Uint8Array(11), 10))).toBe('MW-BODY-TOO-LARGE');
      await expectExactly([]);
      const { digest } = await store.put(new Uint8Array(10), 10);
      await expectExactly([digest]);
    });

    it.each(NO_DIGESTS)('%j is no digest and is refused everywhere', async (text) => {
      const target = join(folder, 'target');
      expect(await refusal(store.get(text))).toBe('MW-PATH');
      expect(await refusal(store.bytes(text))).toBe('MW-PATH');
      expect(await refusal(store.stat(text))).toBe('MW-PATH');
      expect(await refusal(store.delete(text))).toBe('MW-PATH');
      expect(await refusal(store.renew(text))).toBe('MW-PATH');
      expect(await refusal(store.materialize(text, target))).toBe('MW-PATH');
      await expect(stat(target)).rejects.toThrow('ENOENT');
    });

    it('no text but a digest is ever accepted', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.oneof(
            fc.string({ unit: 'binary' }),
            fc.string().map((text) => `sha256:${text}`),
          ),
          async (text) => {
            expect(await refusal(store.stat(text))).toBe('MW-PATH');
          },
        ),
        { numRuns: 200 },
      );
    });

    it('what is not there is said not to be there', async () => {
      const digest = `sha256:${'a'.repeat(64)}`;
      expect(await store.stat(digest)).toBeUndefined();
      expect(await store.delete(digest)).toBe(false);
      expect(await refusal(store.get(digest))).toBe('MW-NOT-FOUND');
      expect(await refusal(store.bytes(digest))).toBe('MW-NOT-FOUND');
      expect(await refusal(store.materialize(digest, join(folder, 'x')))).toBe('MW-NOT-FOUND');
      expect(await refusal(store.putFile(join(folder, 'nothing')))).toBe('MW-NOT-FOUND');
      expect(await refusal(store.putFile(folder))).toBe('MW-INVALID');
    });

    it('adopts a file, which stays, and whose later changes are its own', async () => {
      const path = join(folder, 'model.onnx');
      await writeFile(path, 'model one');
      const blob = await store.putFile(path);
      expect(blob).toEqual({ digest: digestOf(new TextEncoder().encode('model one')), bytes: 9 });
      expect(await store.putFile(path)).toEqual(blob);
      await writeFile(path, 'other!!!!');
      expect(Buffer.from(await store.bytes(blob.digest)).toString()).toBe('model one');
      const second = await store.putFile(path);
      await rm(path);
      expect(Buffer.from(await store.bytes(second.digest)).toString()).toBe('other!!!!');
      await expectExactly([blob.digest, second.digest]);
    });

    it('materializes a blob read-only, and nothing done there reaches the blob', async () => {
      const text = new TextEncoder().encode('input');
      const { digest } = await store.put(text);
      const path = join(folder, 'deep', 'er', 'data.csv');
      await store.materialize(digest, path);
      expect(await readFile(path, 'utf8')).toBe('input');
      expect((await stat(path)).mode & 0o222).toBe(0);
      // A plain write: refused by the mode for everybody but root, who has a copy.
      await writeFile(path, 'changed').catch(() => undefined);
      expect(Buffer.from(await store.bytes(digest)).toString()).toBe('input');
      // Again, over what is there: as after a crash half-way.
      await store.materialize(digest, path);
      await store.materialize(digest, path);
      expect(await readFile(path, 'utf8')).toBe('input');
      await chmod(folder, 0o700);
      await rm(path);
      expect(Buffer.from(await store.bytes(digest)).toString()).toBe('input');
      await mkdir(join(folder, 'taken'));
      expect(await refusal(store.materialize(digest, join(folder, 'taken')))).not.toBe('accepted');
    });

    it('deletes', async () => {
      const { digest } = await store.put(new Uint8Array([1, 2, 3]));
      const kept = await store.put(new Uint8Array([4]));
      expect(await store.delete(digest)).toBe(true);
      expect(await store.delete(digest)).toBe(false);
      expect(await store.stat(digest)).toBeUndefined();
      expect(await store.put(new Uint8Array([1, 2, 3]))).toEqual({ digest, bytes: 3 });
      await expectExactly([digest, kept.digest]);
    });

    it('deletes what is old only, and a put or a renewal makes it young', async () => {
      const bytes = new Uint8Array([5, 6, 7]);
      const { digest } = await store.put(bytes);
      const minute = 60_000;
      // Stores round their times; a minute is beyond that.
      expect(await store.delete(digest, Date.now() - minute)).toBe(false);
      expect(await store.renew(digest)).toEqual({ digest, bytes: 3 });
      expect((await store.put(bytes)).digest).toBe(digest);
      expect(await store.delete(digest, Date.now() - minute)).toBe(false);
      expect(await store.stat(digest)).toEqual({ digest, bytes: 3 });
      expect(await store.delete(digest, Date.now() + minute)).toBe(true);
      expect(await store.renew(digest)).toBeUndefined();
    });

    it('a put beside a collection never acknowledges a blob that is gone', async () => {
      const bytes = new Uint8Array([8, 8, 8]);
      const { digest } = await store.put(bytes);
      for (let round = 0; round < 30; round += 1) {
        // What the collector saw as old goes at once; whoever put or renewed it after that must find it.
        const [, put] = await Promise.all([store.delete(digest, Date.now() - 1_000), store.put(bytes)]);
        expect(await store.stat(put.digest)).toBeDefined();
        const [gone, renewed] = await Promise.all([store.delete(digest), store.renew(digest)]);
        // Either it was renewed first and then taken by force, or it was taken and the renewal said so.
        if (!gone) expect(renewed).toBeUndefined();
        await store.put(bytes);
      }
    });

    it('kill -9 in the middle of puts loses nothing acknowledged and leaves nothing half done', async (context) => {
      const { elsewhere, reopen } = subject;
      if (elsewhere === undefined || reopen === undefined) return context.skip('the store is not durable');
      const acknowledged: string[] = [];
      for (let round = 0; round < KILL_ROUNDS; round += 1) {
        const { lines, signal, stderr } = await runWriter(
          'artifact-writer',
          elsewhere,
          [`r${round}`, '1000000'],
          10 + Math.random() * 150,
        );
        expect({ signal, stderr }).toEqual({ signal: 'SIGKILL', stderr: '' });
        acknowledged.push(...lines.map((line) => line.split(' ')[0] ?? ''));
        const again = await reopen();
        for (const digest of acknowledged) expect(digestOf(await again.bytes(digest))).toBe(digest);
        const kept = (await subject.everything?.()) ?? [];
        // What was published but not yet acknowledged may be there besides: whole, and at most one a round.
        expect(kept.length - acknowledged.length).toBeLessThanOrEqual(round + 1);
        for (const hex of kept) expect(digestOf(await again.bytes(`sha256:${hex}`))).toBe(`sha256:${hex}`);
      }
      expect(acknowledged.length).toBeGreaterThan(KILL_ROUNDS);
    });
  });
}
