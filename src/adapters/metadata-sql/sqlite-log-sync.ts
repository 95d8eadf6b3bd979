/**
 * Makes commits durable without stopping the event loop. With `synchronous = NORMAL` SQLite writes a commit to its log (`…-wal`) and
 * does not sync it; here one fdatasync, on libuv's threads, covers all commits made since the last one began. That is what
 * `synchronous = FULL` promises (frames on disk before the acknowledgement) for the price of one sync a group. See ADR 0014.
 */
import { close, fdatasync, fstatSync, openSync } from 'node:fs';
import { MillwrightError } from '../../domain/errors.ts';

/** The system calls, so that a test can make them fail. */
export interface SyncCalls {
  /** Opens the log for syncing. */
  open(path: string): number;
  /** Names the file still has; 0 when it was deleted or replaced. */
  names(file: number): number;
  sync(file: number, done: (error: Error | null) => void): void;
  close(file: number, done: () => void): void;
}

const SYSTEM: SyncCalls = {
  // Windows refuses to sync a file that is open for reading only. Closing it drops no lock: SQLite's are on the other two files.
  open: (path) => openSync(path, 'r+'),
  names: (file) => fstatSync(file).nlink,
  sync: fdatasync,
  close: (file, done) => close(file, () => done()),
};

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface LogSync {
  /** Resolves when every commit made before this call is on the disk. Rejects when that cannot be known. */
  covered(): Promise<void>;
  /** Calls back when no sync is under way: at once, or when it ends. A commit made before that would wait for the next one anyhow. */
  whenFree(then: () => void): void;
  /** Throws once a sync has failed: what the system holds in memory may then never reach the disk, and a later sync would not say so. */
  mustBeSound(): void;
  /** After the last commit. */
  close(): Promise<void>;
}

export function createLogSync(databasePath: string, calls: SyncCalls = SYSTEM): LogSync {
  const path = `${databasePath}-wal`;
  let file: number | undefined;
  let running = false;
  let waiting: Waiter[] = [];
  let broken: MillwrightError | undefined;
  let then: (() => void)[] = [];

  function breakDown(cause: unknown, group: readonly Waiter[]): void {
    broken ??= new MillwrightError(
      'MW-UNAVAILABLE',
      'the disk did not take a write of the metadata; nothing more is written, so that nothing is acknowledged that may be lost',
      { where: path, next: 'look at the disk and its cables, then restart the server', cause },
    );
    for (const waiter of [...group, ...waiting]) waiter.reject(broken);
    waiting = [];
  }

  function begin(): void {
    const group = waiting;
    waiting = [];
    try {
      file ??= calls.open(path);
      // SQLite keeps its log open as we do. A log without a name was deleted or replaced by another program: commits go nowhere.
      if (calls.names(file) === 0)
        throw new Error('the log of the database was deleted or replaced by another program');
      running = true;
      calls.sync(file, (error) => {
        running = false;
        if (error !== null) breakDown(error, group);
        else for (const waiter of group) waiter.resolve();
        if (waiting.length > 0) begin();
        if (running) return;
        const next = then;
        then = [];
        for (const one of next) one();
      });
    } catch (error) {
      breakDown(error, group);
    }
  }

  return {
    covered() {
      return new Promise((resolve, reject) => {
        if (broken !== undefined) return reject(broken);
        waiting.push({ resolve, reject });
        // A sync that is under way may have begun before this commit's frames were written: it covers what came before it only.
        if (!running) begin();
      });
    },
    whenFree(work) {
      if (running) then.push(work);
      else work();
    },
    mustBeSound() {
      if (broken !== undefined) throw broken;
    },
    async close() {
      if (running) {
        await new Promise<void>((resolve) => {
          then.push(resolve);
        });
      }
      if (file === undefined) return;
      const open = file;
      file = undefined;
      await new Promise<void>((resolve) => calls.close(open, resolve));
    },
  };
}
