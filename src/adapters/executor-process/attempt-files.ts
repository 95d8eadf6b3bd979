/** The files of an attempt's folder, written by the server and its supervisor and read by any later server. */
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { AttemptSpec, AttemptState } from '../../ports/executor.ts';
import type { Leader, ProcessRecord } from './process-table.ts';

export interface AttemptPaths {
  readonly folder: string;
  /** What to run; its presence says that `work` is laid out in full. */
  readonly spec: string;
  readonly work: string;
  /** The supervisor; made by exactly one process, so an attempt starts once. */
  readonly supervisor: string;
  /** The first process of the step, for the clean-up after a supervisor that was killed. */
  readonly leader: string;
  readonly exit: string;
  /** Its presence asks the supervisor to stop the step. */
  readonly cancel: string;
}

export function attemptPaths(folder: string): AttemptPaths {
  return {
    folder,
    spec: join(folder, 'spec.json'),
    work: join(folder, 'work'),
    supervisor: join(folder, 'pid.json'),
    leader: join(folder, 'leader.json'),
    exit: join(folder, 'exit.json'),
    cancel: join(folder, 'cancel'),
  };
}

export type SubmittedSpec = AttemptSpec & { readonly boot: string };
type SupervisorRecord = ProcessRecord & { readonly startedAt: number };
type LeaderRecord = Leader & { readonly boot: string };
export type ExitRecord = Extract<AttemptState, { state: 'exited' }>;

/** Undefined when the file is not there, or is hollow: what a power cut can leave of the records that are not synced. */
function readRecord(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function writeNew(path: string, value: unknown, sync: boolean): void {
  rmSync(path, { force: true });
  const file = openSync(path, 'wx', 0o600);
  try {
    writeSync(file, JSON.stringify(value));
    if (sync) fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function syncFolderOf(path: string): void {
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Atomic; replaces what was there. `durable`: also after a power cut, which costs two syncs. */
export function writeRecord(path: string, value: unknown, durable = true): void {
  const temporary = `${path}.${process.pid}.tmp`;
  writeNew(temporary, value, durable);
  renameSync(temporary, path);
  if (durable) syncFolderOf(path);
}

/**
 * Like writeRecord, but false when the file is already there: of several processes exactly one gets true. Not synced: it
 * speaks of a living process, and after a power cut there is none.
 */
export function claimRecord(path: string, value: unknown): boolean {
  const temporary = `${path}.${process.pid}.tmp`;
  writeNew(temporary, value, false);
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

export const readSpec = (paths: AttemptPaths): SubmittedSpec | undefined =>
  readRecord(paths.spec) as SubmittedSpec | undefined;
export const readSupervisor = (paths: AttemptPaths): SupervisorRecord | undefined =>
  readRecord(paths.supervisor) as SupervisorRecord | undefined;
export const readLeader = (paths: AttemptPaths): LeaderRecord | undefined =>
  readRecord(paths.leader) as LeaderRecord | undefined;
export const readExit = (paths: AttemptPaths): ExitRecord | undefined =>
  readRecord(paths.exit) as ExitRecord | undefined;
