/**
 * Runs attempts as processes of this machine, each under a supervisor of its own that outlives the server. All that is known of
 * an attempt is in its folder, so any later server sees the same.
 */
import { type FSWatcher, watch } from 'node:fs';
import { appendFile, lstat, mkdir, readdir, realpath, rm, stat } from 'node:fs/promises';
import { isAbsolute, join, sep } from 'node:path';
import { MillwrightError } from '../../domain/errors.ts';
import { errnoOf } from '../../platform/coded-error.ts';
import type { ArtifactStore } from '../../ports/artifact-store.ts';
import type { AttemptSpec, AttemptState, Executor } from '../../ports/executor.ts';
import {
  attemptPaths,
  claimRecord,
  type ExitRecord,
  readExit,
  readLeader,
  readSpec,
  readSupervisor,
  type SubmittedSpec,
  writeRecord,
} from './attempt-files.ts';
import { readLog } from './attempt-log.ts';
import { bootName, endStep, sameBoot, stillRuns } from './process-table.ts';
import { createSupervisorPool } from './supervisor-pool.ts';

/** What the server itself may note in a log; installers can be chatty. */
const NOTE_LIMIT_BYTES = 4 * 1024 * 1024;

export interface ProcessExecutorOptions {
  /** The folder of all attempts (`<home>/attempts`). Made when missing. */
  readonly root: string;
  readonly artifacts: Pick<ArtifactStore, 'materialize'>;
  /** The Node that runs supervisors; default: the one that runs this. */
  readonly node?: string;
}

export interface ProcessExecutor extends Executor {
  /** Dismisses the supervisor that was started ahead. Attempts go on. */
  close(): void;
}

function checkedName(name: string, what: string): string {
  const parts = name.split('/');
  const bad = parts.some((part) => part === '' || part === '.' || part === '..') || isAbsolute(name);
  if (bad || name.includes('\0') || name.includes('\\') || name.length > 400) {
    throw new MillwrightError(
      'MW-PATH',
      `${what} ${JSON.stringify(name.slice(0, 100))} is not a path inside the step's folder`,
      {
        where: name.slice(0, 100),
        next: 'use a relative path without "..", such as model.onnx',
      },
    );
  }
  return name;
}

function onDisk(error: unknown): unknown {
  const code = errnoOf(error);
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new MillwrightError('MW-DISK-FULL', 'the disk is full: the files of the step could not be laid out', {
    next: 'free some space, then: mw run',
    cause: error,
  });
}

export function createProcessExecutor(options: ProcessExecutorOptions): ProcessExecutor {
  const pool = createSupervisorPool(options.node ?? process.execPath, join(options.root, '.compile-cache'));
  /** Attempts that this process gave to a supervisor: whether that supervisor has ended. */
  const handed = new Map<string, { gone: boolean }>();
  const submitting = new Map<string, Promise<void>>();

  function pathsOf(attemptId: string): ReturnType<typeof attemptPaths> {
    if (!/^[A-Za-z0-9][\w.@:-]{0,199}$/.test(attemptId)) {
      throw new MillwrightError('MW-PATH', `${JSON.stringify(attemptId.slice(0, 100))} is not an attempt's id`);
    }
    return attemptPaths(join(options.root, attemptId));
  }

  async function prepare(spec: AttemptSpec): Promise<void> {
    const paths = pathsOf(spec.attemptId);
    const boot = bootName();
    const known = readSpec(paths);
    // A spec from before a power cut may stand over files that never reached the disk, and over a hollow claim.
    const stale = known !== undefined && !sameBoot(known.boot, boot);
    const begun = readExit(paths) !== undefined || readSupervisor(paths) !== undefined;
    if (!begun && (known === undefined || stale)) {
      await rm(paths.spec, { force: true });
      await rm(paths.supervisor, { force: true });
      await rm(paths.work, { recursive: true, force: true });
      await mkdir(paths.work, { recursive: true });
      for (const file of spec.files) {
        await options.artifacts.materialize(file.digest, join(paths.work, checkedName(file.path, 'the input')));
      }
      writeRecord(paths.spec, { ...spec, boot } satisfies SubmittedSpec);
    }
    if (begun || handed.has(spec.attemptId)) return;
    const state = { gone: false };
    handed.set(spec.attemptId, state);
    pool.hand(paths.folder, () => {
      state.gone = true;
    });
  }

  async function status(attemptId: string): Promise<AttemptState> {
    const paths = pathsOf(attemptId);
    // Read before the exit record: a supervisor writes that record and then ends, so the other order could see neither.
    const supervisor = readSupervisor(paths);
    const runs = supervisor !== undefined && stillRuns(supervisor);
    const mine = handed.get(attemptId);
    const gone = mine?.gone ?? true;
    const exit = readExit(paths);
    if (exit !== undefined) return exit;
    if (supervisor !== undefined)
      return runs ? { state: 'running', startedAt: supervisor.startedAt } : { state: 'lost' };
    if (mine === undefined) return { state: 'unknown' };
    return gone ? { state: 'lost' } : { state: 'running', startedAt: Date.now() };
  }

  async function wait(attemptId: string, maxMs: number): Promise<void> {
    const paths = pathsOf(attemptId);
    await new Promise<void>((resolve) => {
      let watcher: FSWatcher | undefined;
      const timer = setTimeout(done, maxMs);
      function done(): void {
        clearTimeout(timer);
        watcher?.close();
        resolve();
      }
      try {
        watcher = watch(paths.folder, (_event, name) => {
          if (name === 'exit.json') done();
        });
        watcher.on('error', () => undefined);
      } catch {
        // No folder yet, or no more watches to be had: the time alone decides.
      }
      // It may have ended before the watch began.
      if (readExit(paths) !== undefined) done();
    });
  }

  async function cancel(attemptId: string): Promise<void> {
    const paths = pathsOf(attemptId);
    if (readSpec(paths) === undefined || readExit(paths) !== undefined) return;
    await appendFile(paths.cancel, '', { mode: 0o600 });
    const now = Date.now();
    // Whoever makes this file owns the attempt: if it is us, no supervisor will ever start it.
    const never = { pid: process.pid, boot: bootName(), startedAt: now };
    if (claimRecord(paths.supervisor, never)) {
      writeRecord(paths.exit, {
        state: 'exited',
        startedAt: now,
        endedAt: now,
        ended: 'cancelled',
      } satisfies ExitRecord);
      return;
    }
    for (;;) {
      const supervisor = readSupervisor(paths);
      if (readExit(paths) !== undefined) return;
      if (supervisor === undefined || !stillRuns(supervisor)) break;
      await wait(attemptId, 100);
    }
    if (readExit(paths) !== undefined) return;
    // The supervisor was killed: its step may run on, and nobody else would end it.
    const leader = readLeader(paths);
    if (leader !== undefined && sameBoot(leader.boot, bootName())) await endStep(leader, 5000);
    const startedAt = readSupervisor(paths)?.startedAt ?? now;
    writeRecord(paths.exit, {
      state: 'exited',
      startedAt,
      endedAt: Date.now(),
      ended: 'cancelled',
    } satisfies ExitRecord);
  }

  async function output(attemptId: string, name: string): Promise<string | undefined> {
    const { work } = pathsOf(attemptId);
    const path = join(work, checkedName(name, 'the output'));
    let real: string;
    try {
      real = await realpath(path);
    } catch {
      return undefined;
    }
    if (!real.startsWith((await realpath(work)) + sep)) {
      throw new MillwrightError('MW-PATH', `the output ${name} is a link that leaves the step's folder`, {
        where: name,
        next: 'write the file itself into the working folder',
      });
    }
    return (await stat(real)).isFile() ? real : undefined;
  }

  return {
    caps: { resources: true, remote: false },
    async submit(spec) {
      const other = submitting.get(spec.attemptId);
      if (other !== undefined) return other;
      const work = prepare(spec)
        .catch((error: unknown) => {
          throw onDisk(error);
        })
        .finally(() => submitting.delete(spec.attemptId));
      submitting.set(spec.attemptId, work);
      return work;
    },
    status,
    wait,
    cancel,
    async note(attemptId, text) {
      const { folder } = pathsOf(attemptId);
      await mkdir(folder, { recursive: true });
      const path = join(folder, 'log');
      const size = await lstat(path).then(
        (found) => found.size,
        () => 0,
      );
      if (size < NOTE_LIMIT_BYTES) await appendFile(path, text, { mode: 0o600 });
    },
    log: async (attemptId, offset) => readLog(pathsOf(attemptId).folder, offset),
    output,
    async list() {
      const names = await readdir(options.root).catch(() => []);
      const found = await Promise.all(
        names.map(async (name) =>
          (await lstat(join(options.root, name, 'work')).catch(() => undefined)) ? name : undefined,
        ),
      );
      return found.filter((name) => name !== undefined);
    },
    async clean(attemptId) {
      handed.delete(attemptId);
      await rm(pathsOf(attemptId).work, { recursive: true, force: true });
    },
    close: () => pool.close(),
  };
}
