/** Names of artifacts to blobs. Order of a write: the blob is durable, then the row names it; a row never points at nothing. */
import { noSuchBlob } from '../../domain/digests.ts';
import { MillwrightError } from '../../domain/errors.ts';
import { experimentLocation, modelNotFound, runNotActive, runNotFound } from '../../domain/tracking.ts';
import type { ArtifactOwner, ArtifactRow } from '../../domain/tracking.ts';
import type { ArtifactStore, Blob } from '../../ports/artifact-store.ts';
import type { TrackingStore } from '../../ports/tracking-store.ts';
import { artifactPath } from './artifact-path.ts';
import { checkExperimentId } from './entry-rules.ts';

/** A string is a run id. */
export type OwnerRef = ArtifactOwner | string;

export interface ArtifactFile {
  /** Relative to the owner. */
  readonly path: string;
  readonly isDir: boolean;
  /** Absent for folders. */
  readonly bytes?: number;
}

export interface OpenArtifact {
  readonly bytes: number;
  readonly digest: string;
  readonly content: AsyncIterable<Uint8Array>;
}

/** An owner's file, as the path of an `mlflow-artifacts:` location names it. */
export interface Located {
  readonly owner: ArtifactOwner;
  /** `''` is the owner's root. */
  readonly path: string;
}

export interface Artifacts {
  /** Names a blob that is already in the store. Throws MW-PATH, MW-INVALID for a deleted run. */
  putArtifact(owner: OwnerRef, path: string, blob: Blob): Promise<void>;
  /** Streams a body into the store and names it. Throws MW-PATH, MW-BODY-TOO-LARGE, MW-INVALID for a deleted run. */
  writeArtifact(
    owner: OwnerRef,
    path: string,
    source: AsyncIterable<Uint8Array> | Uint8Array,
    limitBytes?: number,
  ): Promise<Blob>;
  /** The direct children of a folder, by path; the file itself when `path` is one; empty when there is nothing. */
  listArtifacts(owner: OwnerRef, path?: string): Promise<readonly ArtifactFile[]>;
  /** All files of an owner with their digests. */
  artifactRows(owner: OwnerRef, path?: string): Promise<readonly ArtifactRow[]>;
  /** Throws MW-NOT-FOUND. `range` is inclusive start, exclusive end; `bytes` is of the whole file. */
  openArtifact(
    owner: OwnerRef,
    path: string,
    range?: { readonly start: number; readonly end: number },
  ): Promise<OpenArtifact>;
  /** Throws MW-NOT-FOUND. */
  statArtifact(owner: OwnerRef, path: string): Promise<Blob>;
  /** Throws what a write would throw before it reads its source. */
  checkWritable(owner: OwnerRef, path: string): Promise<void>;
  /** Files at and below the path; none is no error. */
  deleteArtifacts(owner: OwnerRef, path: string): Promise<number>;
  /** Takes the path after `mlflow-artifacts:/`. Throws MW-PATH, MW-NOT-FOUND. */
  locate(path: string): Promise<Located>;
}

const asOwner = (ref: OwnerRef): ArtifactOwner => (typeof ref === 'string' ? { kind: 'run', id: ref } : ref);

function fileNotFound(path: string): MillwrightError {
  return new MillwrightError('MW-NOT-FOUND', `No such artifact: '${path}'`, { where: 'path' });
}

function children(rows: readonly ArtifactRow[], folder: string): readonly ArtifactFile[] {
  const seen = new Map<string, ArtifactFile>();
  const start = folder === '' ? 0 : folder.length + 1;
  for (const row of rows) {
    if (row.path === folder) continue;
    const end = row.path.indexOf('/', start);
    const path = end < 0 ? row.path : row.path.slice(0, end);
    seen.set(path, end < 0 ? { path, isDir: false, bytes: row.bytes } : { path, isDir: true });
  }
  return [...seen.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

export function createArtifacts(store: TrackingStore, blobs: ArtifactStore): Artifacts {
  /** Only active runs take what is written, in MLflow's words. Reading what a deleted run has goes on: it can be restored. */
  async function checkActive(owner: ArtifactOwner): Promise<void> {
    if (owner.kind !== 'run') return;
    if ((await store.getRunInfo(owner.id))?.lifecycle === 'deleted') throw runNotActive(owner.id);
  }

  /** A name cannot be a file and a folder at once: a client could not download such a tree. */
  async function checkPlace(owner: ArtifactOwner, path: string): Promise<void> {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const parent = path.slice(0, end);
      if ((await store.getArtifact(owner, parent)) !== undefined) {
        throw new MillwrightError('MW-PATH', `'${parent}' is a file, so nothing can be stored below it`, {
          where: 'path',
        });
      }
    }
    const rows = await store.listArtifacts(owner, path);
    if (rows.some((row) => row.path !== path)) {
      throw new MillwrightError('MW-PATH', `'${path}' is a folder`, { where: 'path' });
    }
  }

  async function putArtifact(ref: OwnerRef, path: string, { digest, bytes }: Blob): Promise<void> {
    const owner = asOwner(ref);
    const name = artifactPath(path);
    await checkActive(owner);
    await checkPlace(owner, name);
    // Also of a blob that was put long ago: the collector must see it young before any row names it.
    if ((await blobs.renew(digest)) === undefined) throw noSuchBlob(digest);
    await store.putArtifact(owner, { path: name, digest, bytes });
  }

  async function checkWritable(ref: OwnerRef, path: string): Promise<void> {
    const owner = asOwner(ref);
    await checkActive(owner);
    await checkPlace(owner, artifactPath(path));
  }

  async function statArtifact(ref: OwnerRef, path: string): Promise<Blob> {
    const name = artifactPath(path);
    const row = await store.getArtifact(asOwner(ref), name);
    if (row === undefined) throw fileNotFound(name);
    return { digest: row.digest, bytes: row.bytes };
  }

  return {
    putArtifact,
    async writeArtifact(ref, path, source, limitBytes) {
      const owner = asOwner(ref);
      await checkWritable(owner, path);
      const blob = await blobs.put(source, limitBytes);
      await putArtifact(owner, path, blob);
      return blob;
    },
    async listArtifacts(ref, path = '') {
      const folder = artifactPath(path, true);
      return children(await store.listArtifacts(asOwner(ref), folder), folder);
    },
    artifactRows: (ref, path = '') => store.listArtifacts(asOwner(ref), artifactPath(path, true)),
    async openArtifact(ref, path, range) {
      const { digest, bytes } = await statArtifact(ref, path);
      return { bytes, digest, content: await blobs.get(digest, range) };
    },
    statArtifact,
    checkWritable,
    async deleteArtifacts(ref, path) {
      const owner = asOwner(ref);
      await checkActive(owner);
      return store.deleteArtifacts(owner, artifactPath(path, true));
    },
    async locate(path) {
      const [experimentId = '', second = '', third = '', ...rest] = artifactPath(path).split('/');
      checkExperimentId(experimentId);
      if (second === 'models' || second === 'traces') {
        if (rest[0] !== 'artifacts') throw fileNotFound(path);
        const inside = rest.slice(1).join('/');
        if (second === 'models') {
          const model = await store.getLoggedModel(third);
          if (model?.experimentId !== experimentId || model.deletedAt !== undefined) throw modelNotFound(third);
          return { owner: { kind: 'model', id: third }, path: inside };
        }
        const trace = await store.getTrace(third);
        if (trace?.experimentId !== experimentId) {
          throw new MillwrightError('MW-NOT-FOUND', `Trace with ID '${third}' not found.`, { where: 'path' });
        }
        return { owner: { kind: 'trace', id: third }, path: inside };
      }
      if (third !== 'artifacts') {
        throw new MillwrightError('MW-NOT-FOUND', `'${path}' is not below a run, a logged model or a trace`, {
          where: 'path',
          next: `use a location the server gave, such as ${experimentLocation(experimentId)}/<run id>/artifacts`,
        });
      }
      const run = await store.getRunInfo(second);
      if (run?.experimentId !== experimentId) throw runNotFound(second);
      return { owner: { kind: 'run', id: second }, path: rest.join('/') };
    },
  };
}
