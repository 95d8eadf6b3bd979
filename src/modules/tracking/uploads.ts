/** Large files in parts: each part is a blob, completing copies them, in order and streaming, into the one that the name gets. */
import { MillwrightError } from '../../domain/errors.ts';
import type { ArtifactOwner, Upload } from '../../domain/tracking.ts';
import type { ArtifactStore, Blob } from '../../ports/artifact-store.ts';
import type { Clock, Ids } from '../../ports/clock.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { artifactPath } from './artifact-path.ts';
import type { Artifacts } from './artifacts.ts';

export interface UploadedPart {
  readonly number: number;
  /** What the part was answered with. */
  readonly etag: string;
}

export interface Uploads {
  /** Throws MW-PATH, MW-INVALID for a deleted run or a number of parts that is not 1 to 10,000. */
  createUpload(owner: ArtifactOwner, path: string, parts: number): Promise<Upload>;
  /** The same part again replaces it. Throws MW-NOT-FOUND, MW-INVALID, MW-BODY-TOO-LARGE. */
  putPart(id: string, number: number, source: AsyncIterable<Uint8Array>, limitBytes: number): Promise<Blob>;
  /** Again is no error. Throws MW-NOT-FOUND, MW-INVALID for parts that are missing or others than were sent. */
  completeUpload(
    id: string,
    owner: ArtifactOwner,
    path: string,
    parts: readonly UploadedPart[],
    limitBytes: number,
  ): Promise<void>;
  /** Of an upload that is gone is no error: what is left of it goes with the collector. */
  abortUpload(id: string, owner: ArtifactOwner, path: string): Promise<void>;
}

const MAX_PARTS = 10_000;
const MAX_OPEN = 10_000;
/** The collector lets parts go after as long. */
const KEPT_MS = 7 * 86_400_000;

const refuse = (where: string, message: string): MillwrightError =>
  new MillwrightError('MW-INVALID', message, { where });

function samePlace(upload: Upload, owner: ArtifactOwner, path: string): boolean {
  return upload.owner.kind === owner.kind && upload.owner.id === owner.id && upload.path === path;
}

export function createUploads(
  store: Pick<MetadataStore, 'uploads'>,
  blobs: ArtifactStore,
  artifacts: Artifacts,
  clock: Clock,
  ids: Ids,
): Uploads {
  async function must(id: string): Promise<Upload> {
    const found = await store.uploads.get(id);
    if (found !== undefined) return found;
    throw new MillwrightError('MW-NOT-FOUND', `No upload with ID '${id.slice(0, 100)}'`, {
      where: 'upload_id',
      next: 'begin again with mpu/create',
    });
  }

  /** Of uploads that nobody completed in a week, a few at each new one. */
  async function forgetOld(): Promise<void> {
    for (const old of await store.uploads.find({ order: 'oldest', limit: 10 })) {
      if (old.createdAt < clock.now() - KEPT_MS) await store.uploads.delete(old.id);
    }
  }

  async function* joined(digests: readonly string[]): AsyncGenerator<Uint8Array> {
    for (const digest of digests) yield* await blobs.get(digest);
  }

  return {
    async createUpload(owner, path, parts) {
      if (!Number.isSafeInteger(parts) || parts < 1 || parts > MAX_PARTS)
        throw refuse('num_parts', `num_parts must be between 1 and ${MAX_PARTS}`);
      await artifacts.checkWritable(owner, path);
      await forgetOld();
      if ((await store.uploads.count()) >= MAX_OPEN)
        throw new MillwrightError('MW-OVERLOADED', `${MAX_OPEN} uploads are open already`, {
          next: 'complete or abort some',
        });
      const upload: Upload = {
        id: `upl-${ids.hex(32)}`,
        createdAt: clock.now(),
        owner,
        path: artifactPath(path),
        parts: {},
        count: parts,
      };
      await store.uploads.insert(upload);
      return upload;
    },
    async putPart(id, number, source, limitBytes) {
      const { count, digest } = await must(id);
      if (!Number.isSafeInteger(number) || number < 1 || number > count)
        throw refuse('part_number', `there is no part ${number}: the upload has ${count}`);
      if (digest !== undefined) throw refuse('upload_id', 'the upload is complete already');
      const blob = await blobs.put(source, limitBytes);
      await store.uploads.update(id, (upload) => ({
        ...upload,
        parts: { ...upload.parts, [String(number)]: blob.digest },
      }));
      return blob;
    },
    async completeUpload(id, owner, path, given, limitBytes) {
      const upload = await must(id);
      if (!samePlace(upload, owner, path)) throw refuse('path', 'the upload is of another file');
      if (upload.digest !== undefined) return;
      const digests = given
        .toSorted((a, b) => a.number - b.number)
        .map(({ number, etag }, i) => {
          const digest = upload.parts[String(number)];
          if (number !== i + 1 || digest === undefined) throw refuse('parts', `part ${i + 1} is missing`);
          if (etag.replaceAll('"', '') !== digest) throw refuse('parts', `part ${number} is not the one that was sent`);
          return digest;
        });
      if (digests.length === 0) throw refuse('parts', 'an upload has at least one part');
      const blob = await blobs.put(joined(digests), limitBytes);
      await artifacts.putArtifact(owner, path, blob);
      // Kept for a client that asks again because it did not hear the answer; the parts may go.
      await store.uploads.update(id, ({ parts: _parts, ...rest }) => ({ ...rest, parts: {}, digest: blob.digest }));
    },
    async abortUpload(id, owner, path) {
      const upload = await store.uploads.get(id);
      if (upload === undefined) return;
      if (!samePlace(upload, owner, path)) throw refuse('path', 'the upload is of another file');
      await store.uploads.delete(id);
    },
  };
}
