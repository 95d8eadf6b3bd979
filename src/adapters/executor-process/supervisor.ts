/**
 * The small process above one attempt of a step. It belongs to no server: a server may be killed and another one started while
 * it watches its step. It learns the attempt's folder from its standard input, so that a server can keep one started in advance
 * (an empty input means that nobody needs it).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, watch } from 'node:fs';
import {
  type AttemptPaths,
  attemptPaths,
  claimRecord,
  type ExitRecord,
  readSpec,
  type SubmittedSpec,
  writeRecord,
} from './attempt-files.ts';
import { type LogWriter, openLog } from './attempt-log.ts';
import { bootName, endStep, type Leader, processFacts, stepLeft } from './process-table.ts';
import { createSampler, folderBytes } from './usage.ts';

/** Between the polite signal and the other one. */
const GRACE_MS = 5000;
/** The longest that setTimeout can count. */
const LONGEST_MS = 2 ** 31 - 1;

type Ended = NonNullable<ExitRecord['ended']>;

function startFailure(error: NodeJS.ErrnoException, command: string): string {
  if (error.code === 'ENOENT') return `${command}: no such program on the PATH of the step`;
  if (error.code === 'EACCES') return `${command}: not an executable file`;
  return `${command}: ${error.message}`;
}

function spawnStep(spec: SubmittedSpec, paths: AttemptPaths): ChildProcess {
  mkdirSync(paths.work, { recursive: true });
  const [command = '', ...rest] = spec.argv;
  return spawn(command, rest, {
    cwd: paths.work,
    env: { ...spec.env },
    // Its own session and group: a signal to the group reaches all of the step and nothing else.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Runs the step to its end; resolves with what the exit record will say. */
async function supervise(spec: SubmittedSpec, paths: AttemptPaths, startedAt: number): Promise<ExitRecord> {
  const over = (rest: Omit<ExitRecord, 'state' | 'startedAt' | 'endedAt'>): ExitRecord => ({
    state: 'exited',
    startedAt,
    endedAt: Date.now(),
    ...rest,
  });
  if (existsSync(paths.cancel)) return over({ ended: 'cancelled' });

  let log: LogWriter;
  let child: ChildProcess;
  try {
    log = openLog(paths.folder, spec.logLimitBytes);
    child = spawnStep(spec, paths);
  } catch (error) {
    return over({ startError: startFailure(error as NodeJS.ErrnoException, spec.argv[0] ?? '') });
  }
  const exited = new Promise<{ code: number | null; signal: string | null; error?: Error }>((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, error }));
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  if (child.pid === undefined) {
    const { error } = await exited;
    log.close();
    return over({ startError: startFailure(error ?? new Error('could not start'), spec.argv[0] ?? '') });
  }

  const startTime = processFacts(child.pid)?.startTime;
  const leader: Leader = { pid: child.pid, ...(startTime === undefined ? {} : { startTime }) };
  try {
    writeRecord(paths.leader, { ...leader, boot: bootName() }, false);
  } catch {
    // A full disk: the record only helps to clean up after a supervisor that was killed.
  }
  child.stdout?.on('data', (chunk: Uint8Array) => log.write(chunk));
  child.stderr?.on('data', (chunk: Uint8Array) => log.write(chunk));

  const sampler = createSampler(leader);
  let ended: Ended | undefined;
  let ending: Promise<boolean> | undefined;
  const stop = (why: Ended): void => {
    if (ending !== undefined) return;
    ended = why;
    ending = endStep(leader, GRACE_MS, sampler.seen);
  };

  const timer = setTimeout(() => stop('timeout'), Math.min(spec.timeoutMs, LONGEST_MS));
  process.on('SIGTERM', () => stop('cancelled'));
  const watcher = watch(paths.folder, () => {
    if (existsSync(paths.cancel)) stop('cancelled');
  });
  // A watch that breaks is no reason to fail a step: the look below finds the file as well.
  watcher.on('error', () => undefined);

  const before = folderBytes(paths.work);
  let nextDisk = performance.now() + 250;
  let pause = 20;
  let looking: NodeJS.Timeout;
  const look = (): void => {
    sampler.sample();
    if (existsSync(paths.cancel)) stop('cancelled');
    const now = performance.now();
    if (now >= nextDisk) {
      if (folderBytes(paths.work) - before > spec.diskLimitBytes) stop('disk');
      // A folder with many files is looked at less often: watching may cost 5 % of a core at most.
      nextDisk = now + Math.max(250, (performance.now() - now) * 20);
    }
    pause = Math.min(pause * 1.5, 500);
    looking = setTimeout(look, pause);
  };
  looking = setTimeout(look, pause);

  const { code, signal } = await exited;
  clearTimeout(timer);
  clearTimeout(looking);
  watcher.close();
  if (ended === undefined && folderBytes(paths.work) - before > spec.diskLimitBytes) ended = 'disk';
  // The step is over when its first process is: what it left behind would write on into a folder that is read now.
  await (ending ?? Promise.resolve());
  if (stepLeft(leader, sampler.seen)) await endStep(leader, GRACE_MS, sampler.seen);
  await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 500))]);
  log.close();
  return over({
    ...(code === null ? {} : { exitCode: code }),
    ...(signal === null ? {} : { signal }),
    ...(ended === undefined ? {} : { ended }),
    ...sampler.result(),
  });
}

async function main(): Promise<void> {
  const folder = readFileSync(0, 'utf8').trim();
  if (folder === '') return;
  const paths = attemptPaths(folder);
  const startedAt = Date.now();
  const startTime = processFacts(process.pid)?.startTime;
  const me = { pid: process.pid, boot: bootName(), startedAt, ...(startTime === undefined ? {} : { startTime }) };
  const spec = readSpec(paths);
  if (spec === undefined || !claimRecord(paths.supervisor, me)) return;
  // Ctrl-C in the terminal of the server is not meant for the step; nor is a terminal that closes.
  process.on('SIGINT', () => undefined);
  process.on('SIGHUP', () => undefined);
  const record = await supervise(spec, paths, startedAt);
  // A folder that was removed has nobody who waits for the record.
  for (let tries = 0; tries < 600 && existsSync(paths.folder); tries += 1) {
    try {
      writeRecord(paths.exit, record);
      break;
    } catch {
      // The disk is full, maybe because of this step: without the record the attempt would count as lost, so wait for room.
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
  process.exit(0);
}

await main();
