/** Moves everything a server keeps in its stores to other stores, for the command. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { MillwrightError } from '../domain/errors.ts';
import { moveBlobs, type MovedBlobs } from '../modules/transfer/index.ts';
import { type HomeLock, lockHome, prepareHome } from '../platform/home.ts';
import { openArtifacts } from './open-artifacts.ts';
import { metadataPlugin } from './plugins.ts';

export interface StoreMove {
  readonly from: string;
  readonly to: string;
  readonly artifacts?: { readonly from: string; readonly to: string };
}

export interface StoreMoved {
  readonly tables: readonly { readonly table: string; readonly rows: number; readonly digest: string }[];
  readonly blobs?: MovedBlobs;
}

export interface MoveProgress {
  readonly phase: 'copy' | 'verify' | 'blobs';
  readonly text: string;
}

/** The home whose server a SQLite file belongs to. */
function homeOf(url: string): string | undefined {
  const file = /^sqlite:\/\/(\/.+)$/.exec(url)?.[1];
  return file !== undefined && basename(file) === 'millwright.db' ? dirname(file) : undefined;
}

/**
 * Blobs first, then metadata: a row never points at a file that is not there yet. Throws MW-HOME-IN-USE while a server runs on the home
 * of a SQLite file, and what `copyMetadata` and `moveBlobs` throw.
 */
export async function migrateStore(
  move: StoreMove,
  progress: (at: MoveProgress) => void,
  signal: AbortSignal,
): Promise<StoreMoved> {
  const { from, to, artifacts } = move;
  if (from === to) throw new MillwrightError('MW-USAGE', 'the source and the target are the same', { where: '--to' });
  // Both are of the same adapter: the scheme only picks the engine in it.
  const [{ copyMetadata }] = await Promise.all([metadataPlugin(from), metadataPlugin(to)]);
  const locks: HomeLock[] = [];
  const scratch = await mkdtemp(join(tmpdir(), 'millwright-move-'));
  try {
    const target = homeOf(to);
    if (target !== undefined) await prepareHome(target);
    for (const home of [homeOf(from), target]) if (home !== undefined) locks.push(await lockHome(home));
    let blobs: MovedBlobs | undefined;
    if (artifacts !== undefined) {
      const [source, destination] = [
        await openArtifacts(artifacts.from, scratch, join(scratch, 'from')),
        await openArtifacts(artifacts.to, scratch, join(scratch, 'to')),
      ];
      blobs = await moveBlobs(
        source,
        destination,
        (at) => progress({ phase: 'blobs', text: `${at.blobs} blobs, ${Math.ceil(at.bytes / 1e6)} MB` }),
        signal,
      );
    }
    const tables = await copyMetadata(
      from,
      to,
      ({ phase, table, done, tables: all, rows }) =>
        progress({ phase, text: `${done + 1}/${all} ${table}, ${rows} rows` }),
      signal,
    );
    return { tables, ...(blobs === undefined ? {} : { blobs }) };
  } finally {
    for (const lock of locks) await lock.release();
    await rm(scratch, { recursive: true, force: true });
  }
}
