/** The home folder: private to its owner, and of one server at a time. */
import { randomBytes } from 'node:crypto';
import { mkdir, unlink, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError, errnoOf } from './coded-error.ts';
import { createWhole, readLock, removeStale } from './lock-file.ts';
import { isRunning, startTimeOf } from './process-identity.ts';

const HEARTBEAT_MS = 10_000;
/** A lock of another machine (a shared folder, another container) cannot be probed by pid; its age decides. */
const FOREIGN_STALE_MS = 60_000;
const SETTLE_MS = 100;
const LOOKS = 5;
const TRIES = 5;

interface LockRecord {
  readonly pid: number;
  readonly host: string;
  /** What tells this process from a later one with the same pid; empty where the system does not say. */
  readonly startedAt: string;
  /** Tells two locks of one process apart. */
  readonly nonce: string;
}

export interface HomeLock {
  /** Gives the home back. Does nothing when the lock is not ours any more. */
  release(): Promise<void>;
}

/** Creates the home, mode 0700, and the named folders in it. Throws a CodedError MW-USAGE when it cannot be written. */
export async function prepareHome(home: string, folders: readonly string[] = []): Promise<void> {
  try {
    await mkdir(home, { recursive: true, mode: 0o700 });
    for (const folder of folders) await mkdir(join(home, folder), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new CodedError('MW-USAGE', `the home folder cannot be made: ${errnoOf(error) ?? String(error)}`, {
      where: home,
      next: 'choose another one: mw server --home <folder>',
      cause: error,
    });
  }
}

function parseLock(text: string): LockRecord | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const { pid, host, startedAt, nonce } = value as Partial<Record<keyof LockRecord, unknown>>;
    if (
      typeof pid !== 'number' ||
      typeof host !== 'string' ||
      typeof startedAt !== 'string' ||
      typeof nonce !== 'string'
    ) {
      return undefined;
    }
    return { pid, host, startedAt, nonce };
  } catch {
    return undefined;
  }
}

async function isAlive(record: LockRecord, mtimeMs: number): Promise<boolean> {
  if (record.host !== hostname()) return Date.now() - mtimeMs < FOREIGN_STALE_MS;
  if (!isRunning(record.pid)) return false;
  const startedAt = await startTimeOf(record.pid);
  if (startedAt === 'gone') return false;
  // Where the start time is not known, a running pid counts as the owner: refusing is safer than sharing.
  return startedAt === undefined || record.startedAt === '' || startedAt === record.startedAt;
}

function inUse(home: string, record: LockRecord | undefined): CodedError {
  if (record === undefined) {
    return new CodedError('MW-HOME-IN-USE', 'another server is taking this home', { where: home, next: 'try again' });
  }
  const here = record.host === hostname();
  return new CodedError(
    'MW-HOME-IN-USE',
    `this home is in use by the server with pid ${record.pid}${here ? '' : ` on ${record.host}`}`,
    {
      where: home,
      next: here
        ? `use it, stop it with: kill ${record.pid}, or choose another home: mw server --home <folder>`
        : 'stop that server, or choose another home: mw server --home <folder>',
    },
  );
}

/**
 * The text of the lock. One that is not there may lie aside for a moment, while somebody looks at it (removeStale) and puts it back;
 * whoever gave it up in that moment would leave a lock of a live process that nobody holds.
 */
async function whoseLock(path: string): Promise<string | undefined> {
  for (let look = 0; look < LOOKS; look += 1) {
    const found = await readLock(path);
    if (found !== undefined) return found.text;
    await sleep(SETTLE_MS);
  }
  return undefined;
}

/**
 * Takes the home for this process, or throws a CodedError MW-HOME-IN-USE that names the owner. A lock whose owner is gone (kill -9,
 * power cut) is taken over: the owner is known by pid and start time, so a later process with the same pid does not count as it.
 */
export async function lockHome(home: string): Promise<HomeLock> {
  const path = join(home, 'lock');
  const own: LockRecord = {
    pid: process.pid,
    host: hostname(),
    startedAt: (await startTimeOf(process.pid)) ?? '',
    nonce: randomBytes(8).toString('hex'),
  };
  const text = `${JSON.stringify(own)}\n`;
  let tookOver = false;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    if (await createWhole(path, text)) {
      // Someone who judged the same dead lock may just now be moving ours aside and back; whoever is left after a moment owns it.
      if (tookOver) await sleep(SETTLE_MS);
      const owner = await whoseLock(path);
      if (owner === text) return hold(path, text);
      if (owner !== undefined) throw inUse(home, undefined);
      continue;
    }
    const found = await readLock(path);
    if (found === undefined) continue;
    const record = parseLock(found.text);
    if (record !== undefined && (await isAlive(record, found.mtimeMs))) throw inUse(home, record);
    await removeStale(path, found.text);
    tookOver = true;
  }
  throw inUse(home, undefined);
}

function hold(path: string, text: string): HomeLock {
  const timer = setInterval(() => {
    const now = new Date();
    // Best effort: only another machine ever looks at the age.
    void utimes(path, now, now).catch(() => undefined);
  }, HEARTBEAT_MS);
  timer.unref();
  return {
    async release() {
      clearInterval(timer);
      if ((await readLock(path))?.text === text) await unlink(path);
    },
  };
}
