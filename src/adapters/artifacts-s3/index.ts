/**
 * Blobs as objects, named by their content: `<prefix>sha256/ab/<hex>`. A body of unknown digest is first written to a file of this
 * machine while it is hashed, then sent under its final key in one PUT or one multipart upload: S3 shows an object whole or not at
 * all, so a key that exists is whole, and two writers of the same bytes cannot harm each other.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { blobTooLarge, byteRange, noSuchBlob } from '../../domain/digests.ts';
import { MillwrightError } from '../../domain/errors.ts';
import { digestOfFile } from '../../platform/file-digest.ts';
import { createTurns } from '../../platform/turns.ts';
import type { ArtifactStore, Blob, StoredBlob } from '../../ports/artifact-store.ts';
import { clientOf } from './client.ts';
import { isMissing, onService } from './errors.ts';
import { keyOf, parseS3Location } from './location.ts';

export { downloadObject, objectTag, uploadObject } from './objects.ts';

const PART_BYTES = 16 * 1024 * 1024;
const PARTS_AT_ONCE = 3;
/** One CopyObject takes no more. */
const COPY_LIMIT = 5 * 1024 ** 3;
/** A put of what is there makes it young again, so that a collector that saw nobody use it leaves it; more often would only cost. */
const REFRESH_AFTER_MS = 10 * 60_000;
const READ_ONLY = 0o444;

export interface S3Folders {
  /** `s3://bucket[/prefix][?endpoint=…]` */
  readonly address: string;
  /** For bodies on their way; emptied at opening. */
  readonly temporary: string;
}

/** Opens the store and asks once whether the bucket is there. Throws MW-CONFIG-VALUE, MW-UNAVAILABLE. */
export async function openS3Artifacts({ address, temporary }: S3Folders): Promise<ArtifactStore> {
  const location = parseS3Location(address);
  const { bucket } = location;
  const client = clientOf(location);
  await mkdir(temporary, { recursive: true, mode: 0o700 });
  for (const name of await readdir(temporary)) {
    if (name.startsWith('put-')) await rm(join(temporary, name), { force: true });
  }

  async function asked<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw onService(error, bucket);
    }
  }

  await asked(async () => client.send(new HeadBucketCommand({ Bucket: bucket }))).catch((error: unknown) => {
    // A HEAD has no body to say which; with one that is listed, the answer would have been 200.
    if (error instanceof MillwrightError && isMissing(error.cause)) throw onService({ name: 'NoSuchBucket' }, bucket);
    throw error;
  });

  async function head(digest: string): Promise<StoredBlob | undefined> {
    const Key = keyOf(location, digest);
    return asked(async () => {
      try {
        const found = await client.send(new HeadObjectCommand({ Bucket: bucket, Key }));
        return { digest, bytes: found.ContentLength ?? 0, putAt: found.LastModified?.getTime() ?? 0 };
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    });
  }

  /** A put and a collection of the same blob take turns: neither acts on what the other is about to change. */
  const turn = createTurns();

  /** Makes a blob that is there young again; false when it is too large to be copied onto itself. */
  async function refresh(known: StoredBlob): Promise<boolean> {
    if (Date.now() - known.putAt < REFRESH_AFTER_MS) return true;
    if (known.bytes > COPY_LIMIT) return false;
    const Key = keyOf(location, known.digest);
    await asked(async () =>
      client.send(
        new CopyObjectCommand({
          Bucket: bucket,
          Key,
          CopySource: `${bucket}/${Key.split('/').map(encodeURIComponent).join('/')}`,
          MetadataDirective: 'REPLACE',
        }),
      ),
    );
    return true;
  }

  const send = (blob: Blob, body: () => Readable | Uint8Array): Promise<Blob> =>
    turn(blob.digest, () => sendAlone(blob, body));

  async function sendAlone(blob: Blob, body: () => Readable | Uint8Array): Promise<Blob> {
    const Key = keyOf(location, blob.digest);
    const known = await head(blob.digest);
    if (known?.bytes === blob.bytes && (await refresh(known))) return blob;
    await asked(async () =>
      new Upload({
        client,
        params: { Bucket: bucket, Key, Body: body(), ContentType: 'application/octet-stream' },
        partSize: PART_BYTES,
        queueSize: PARTS_AT_ONCE,
        // Parts of an upload that failed would be paid for and never seen.
        leavePartsOnError: false,
      }).done(),
    );
    return blob;
  }

  /** Verifies what it hands on when it is the whole blob: a service or a disk between may be broken. */
  async function* download(
    digest: string,
    start: number,
    end: number,
    total: number,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    if (start === end) return;
    const whole = start === 0 && end === total;
    const answer = await asked(async () =>
      client.send(
        new GetObjectCommand({
          Bucket: bucket,
          Key: keyOf(location, digest),
          ...(whole ? {} : { Range: `bytes=${start}-${end - 1}` }),
        }),
      ),
    ).catch((error: unknown) => {
      throw error instanceof MillwrightError && isMissing(error.cause) ? noSuchBlob(digest) : error;
    });
    const hash = whole ? createHash('sha256') : undefined;
    const body = answer.Body as Readable;
    try {
      for await (const chunk of body) {
        hash?.update(chunk as Uint8Array);
        yield new Uint8Array(chunk as Uint8Array);
      }
    } catch (error) {
      throw onService(error, bucket);
    } finally {
      body.destroy();
    }
    if (hash !== undefined && `sha256:${hash.digest('hex')}` !== digest) {
      throw new MillwrightError('MW-INTERNAL', 'the store gave other bytes than were put', { where: digest });
    }
  }

  async function must(digest: string): Promise<Blob> {
    const found = await head(digest);
    if (found === undefined) throw noSuchBlob(digest);
    return { digest, bytes: found.bytes };
  }

  async function get(digest: string, range?: { readonly start: number; readonly end?: number }) {
    const { bytes: total } = await must(digest);
    const { start, end } = byteRange(digest, total, range);
    return download(digest, start, end, total);
  }

  async function spooled(source: AsyncIterable<Uint8Array>, limitBytes: number): Promise<Blob> {
    const path = join(temporary, `put-${randomBytes(12).toString('hex')}`);
    const hash = createHash('sha256');
    let bytes = 0;
    try {
      const file = await open(path, 'wx', 0o600);
      try {
        for await (const chunk of source) {
          bytes += chunk.byteLength;
          if (bytes > limitBytes) throw blobTooLarge(limitBytes);
          hash.update(chunk);
          await file.appendFile(chunk);
        }
      } finally {
        await file.close();
      }
      return await send({ digest: `sha256:${hash.digest('hex')}`, bytes }, () => createReadStream(path));
    } finally {
      await rm(path, { force: true });
    }
  }

  return {
    async put(source, limitBytes = Infinity) {
      if (!(source instanceof Uint8Array)) return spooled(source, limitBytes);
      if (source.byteLength > limitBytes) throw blobTooLarge(limitBytes);
      const digest = `sha256:${createHash('sha256').update(source).digest('hex')}`;
      return send({ digest, bytes: source.byteLength }, () => source);
    },

    async putFile(path) {
      const seen = await digestOfFile(path);
      if ((await head(seen.digest))?.bytes === seen.bytes) return send(seen, () => createReadStream(path));
      // Copied while it is hashed again: the file may change under our hands, and the key must be the hash of what was sent.
      return spooled(createReadStream(path) as AsyncIterable<Uint8Array>, Infinity);
    },

    get,

    async bytes(digest) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of await get(digest)) chunks.push(chunk);
      return new Uint8Array(Buffer.concat(chunks));
    },

    async stat(digest) {
      const found = await head(digest);
      return found === undefined ? undefined : { digest, bytes: found.bytes };
    },

    async materialize(digest, target) {
      const content = await get(digest);
      await mkdir(dirname(target), { recursive: true });
      // Made beside the target and renamed: a crash leaves no half of an input under its name, and a repeat replaces it.
      const beside = `${target}.${randomBytes(6).toString('hex')}.tmp`;
      try {
        const file = await open(beside, 'wx', 0o600);
        try {
          for await (const chunk of content) await file.appendFile(chunk);
        } finally {
          await file.close();
        }
        await chmod(beside, READ_ONLY);
        await rename(beside, target);
      } finally {
        await rm(beside, { force: true });
      }
    },

    renew: (digest) =>
      turn(digest, async () => {
        const found = await head(digest);
        if (found === undefined) return undefined;
        // One that is too large for a copy keeps its age: the collector's hour then counts from its first put.
        await refresh(found);
        return { digest, bytes: found.bytes };
      }),

    delete: (digest, unlessPutSince) =>
      turn(digest, async () => {
        // DELETE answers the same for an object that never was.
        const found = await head(digest);
        if (found === undefined || (unlessPutSince !== undefined && found.putAt >= unlessPutSince)) return false;
        await asked(async () => client.send(new DeleteObjectCommand({ Bucket: bucket, Key: keyOf(location, digest) })));
        return true;
      }),

    async *list() {
      const Prefix = `${location.prefix}sha256/`;
      let ContinuationToken: string | undefined;
      do {
        const token = ContinuationToken;
        const page = await asked(async () =>
          client.send(
            new ListObjectsV2Command({
              Bucket: bucket,
              Prefix,
              ...(token === undefined ? {} : { ContinuationToken: token }),
            }),
          ),
        );
        for (const { Key = '', Size = 0, LastModified } of page.Contents ?? []) {
          const hex = /^[0-9a-f]{2}\/([0-9a-f]{64})$/.exec(Key.slice(Prefix.length))?.[1];
          if (hex !== undefined) yield { digest: `sha256:${hex}`, bytes: Size, putAt: LastModified?.getTime() ?? 0 };
        }
        ContinuationToken = page.NextContinuationToken;
      } while (ContinuationToken !== undefined);
    },
  };
}
