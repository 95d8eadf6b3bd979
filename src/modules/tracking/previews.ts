/**
 * What a page may show of a file without running anything in it. Which kind it is comes from its bytes; the name only tells apart
 * what all is text. Everything is read up to a bound, and what breaks on the way is shown as a file without a preview.
 */
import { MillwrightError } from '../../domain/errors.ts';
import type { ArtifactStore } from '../../ports/artifact-store.ts';
import type { ParquetPreview } from '../../ports/parquet-preview.ts';
import type { TrackingStore } from '../../ports/tracking-store.ts';
import { artifactPath } from './artifact-path.ts';
import { checkRunId } from './entry-rules.ts';
import { imageOf } from './preview-images.ts';
import { notebookPreview } from './preview-notebooks.ts';
import type { NotebookPreview } from './preview-notebooks.ts';
import { parquetPreview } from './preview-parquet.ts';
import { delimitedPreview, jsonTable } from './preview-tables.ts';
import type { TablePreview } from './preview-tables.ts';
import { languageOf } from './preview-languages.ts';

export type Preview =
  | { readonly kind: 'text'; readonly language: string; readonly text: string; readonly truncated: boolean }
  | TablePreview
  | { readonly kind: 'image'; readonly dataUrl: string }
  | NotebookPreview
  | { readonly kind: 'none'; readonly reason: string };

export interface FilePreview {
  readonly path: string;
  readonly bytes: number;
  readonly digest: string;
  readonly preview: Preview;
}

export interface Previews {
  /** Throws MW-NOT-FOUND, MW-PATH. */
  previewArtifact(runId: string, path: string): Promise<FilePreview>;
}

const KIB = 1024;
const MAX_TEXT = 256 * KIB;
const MAX_IMAGE = 5 * KIB * KIB;
/** What is parsed as a whole (JSON tables, notebooks). */
const MAX_PARSED = 8 * KIB * KIB;
/** Rows of text tables are taken from here. */
const MAX_TABLE = KIB * KIB;

/** The text of the bytes; undefined when they are not UTF-8 or hold what no text holds. A character cut at the end is dropped. */
function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.subarray(0, 8 * KIB).includes(0)) return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

/** `parquet`: what reads Parquet files; a server has it done in a process of its own. */
export function createPreviews(
  store: TrackingStore,
  blobs: ArtifactStore,
  parquet: ParquetPreview = parquetPreview,
): Previews {
  async function head(digest: string, most: number): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of await blobs.get(digest, { start: 0, end: most })) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  async function textPreview(name: string, digest: string, bytes: number): Promise<Preview> {
    const start = await head(digest, Math.min(bytes, MAX_TEXT));
    const text = textOf(start);
    if (text === undefined) return { kind: 'none', reason: 'this is not text, a table, an image or a notebook' };
    const extension = /\.([^./]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';
    const whole = async (most: number): Promise<string> =>
      bytes <= MAX_TEXT ? text : (textOf(await head(digest, Math.min(bytes, most))) ?? text);
    if (extension === 'ipynb' || extension === 'json') {
      const parsed = bytes > MAX_PARSED ? undefined : await whole(MAX_PARSED);
      const shaped =
        parsed === undefined ? undefined : extension === 'json' ? jsonTable(parsed) : notebookPreview(parsed);
      if (shaped !== undefined) return shaped;
    }
    if (extension === 'csv' || extension === 'tsv') {
      const table = delimitedPreview(await whole(MAX_TABLE), extension === 'csv' ? ',' : '\t', bytes > MAX_TABLE);
      if (table !== undefined) return table;
    }
    return { kind: 'text', language: languageOf(name), text, truncated: bytes > MAX_TEXT };
  }

  async function previewOf(name: string, digest: string, bytes: number): Promise<Preview> {
    if (bytes === 0) return { kind: 'text', language: languageOf(name), text: '', truncated: false };
    const first = await head(digest, Math.min(bytes, 64));
    const image = imageOf(first);
    if (image !== undefined) {
      if (bytes > MAX_IMAGE) return { kind: 'none', reason: 'the image is larger than 5 MiB' };
      const all = await head(digest, bytes);
      return { kind: 'image', dataUrl: `data:${image};base64,${Buffer.from(all).toString('base64')}` };
    }
    if (Buffer.from(first.subarray(0, 4)).toString('latin1') === 'PAR1') {
      return parquet(bytes, async (start, end) => {
        const chunks: Uint8Array[] = [];
        for await (const chunk of await blobs.get(digest, { start, end })) chunks.push(chunk);
        return Buffer.concat(chunks);
      });
    }
    return textPreview(name, digest, bytes);
  }

  return {
    async previewArtifact(runId, path) {
      checkRunId(runId);
      const name = artifactPath(path);
      const row = await store.getArtifact({ kind: 'run', id: runId }, name);
      if (row === undefined) {
        throw new MillwrightError('MW-NOT-FOUND', `No such artifact: '${name}'`, { where: 'path' });
      }
      return {
        path: name,
        bytes: row.bytes,
        digest: row.digest,
        preview: await previewOf(name, row.digest, row.bytes),
      };
    },
  };
}
