/**
 * Every digest that something names. Rows of artifacts are read as rows; of every other aggregate the whole document is searched for
 * digests, so that a field that is added tomorrow keeps its blob without anybody thinking of the collector: unknown is kept.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import type { ArtifactStore } from '../../ports/artifact-store.ts';
import { pagesOf } from '../../ports/collection.ts';
import { COLLECTIONS, type CollectionName, type Stores } from '../../ports/metadata-store.ts';

const DIGEST = /sha256:[0-9a-f]{64}/g;
/** A list of code files is some hundred kilobytes at most. */
const MANIFEST_LIMIT = 16 * 1024 * 1024;
/** An upload that was begun so long ago will not be completed: its parts are let go. */
const UPLOAD_MS = 7 * 86_400_000;

export interface Marks {
  readonly named: ReadonlySet<string>;
  /** Rows of artifacts, and what they would take if each had its own copy. */
  readonly artifacts: number;
  readonly namedBytes: number;
  /** What they do take: each distinct content once. */
  readonly namedBlobBytes: number;
}

export interface Leaving {
  /** `run/<id>`, `model/<id>`, `trace/<id>` */
  readonly owners: ReadonlySet<string>;
  /** `<collection>/<id>` */
  readonly documents: ReadonlySet<string>;
}

export const NOTHING: Leaving = { owners: new Set(), documents: new Set() };

const isPython = (runtime: unknown): boolean =>
  typeof runtime === 'object' && runtime !== null && 'kind' in runtime && runtime.kind === 'python';

async function readManifest(artifacts: ArtifactStore, digest: string): Promise<string> {
  const found = await artifacts.stat(digest);
  if (found === undefined || found.bytes > MANIFEST_LIMIT) return '';
  return new TextDecoder().decode(await artifacts.bytes(digest));
}

/** All digests that are named by what does not leave. Reads in batches and lets others work between them. */
export async function mark(store: Stores, artifacts: ArtifactStore, now: number, leaving: Leaving): Promise<Marks> {
  const named = new Set<string>();
  const manifests = new Set<string>();
  let rows = 0;
  let namedBytes = 0;
  let namedBlobBytes = 0;
  for await (const batch of store.tables.scan('artifacts')) {
    for (const [kind, id, , digest, bytes] of batch) {
      if (leaving.owners.has(`${String(kind)}/${String(id)}`)) continue;
      if (!named.has(String(digest))) namedBlobBytes += Number(bytes);
      named.add(String(digest));
      rows += 1;
      namedBytes += Number(bytes);
    }
    await breathe();
  }
  for (const name of Object.keys(COLLECTIONS) as CollectionName[]) {
    for await (const page of pagesOf<{ readonly id: string; readonly createdAt: number }, never>(store[name])) {
      for (const doc of page) {
        if (leaving.documents.has(`${name}/${doc.id}`)) continue;
        if (name === 'uploads' && doc.createdAt < now - UPLOAD_MS) continue;
        for (const [digest] of JSON.stringify(doc).matchAll(DIGEST)) named.add(digest);
        const manifest = 'codeManifest' in doc ? doc.codeManifest : undefined;
        if (typeof manifest === 'string') manifests.add(manifest);
        // The list of a Python model's files.
        if ('runtime' in doc && 'modelDigest' in doc && isPython(doc.runtime)) manifests.add(String(doc.modelDigest));
      }
      await breathe();
    }
  }
  // A blob that names blobs: the list of a pipeline run's code files, or of a model's.
  for (const manifest of manifests) {
    for (const [digest] of (await readManifest(artifacts, manifest)).matchAll(DIGEST)) named.add(digest);
  }
  return { named, artifacts: rows, namedBytes, namedBlobBytes };
}
