/** One process that holds a model: started, asked, ended. It may die, hang or lie; whoever calls gets a coded error and never waits for ever. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { MillwrightError } from '../../domain/errors.ts';
import type { ModelSignature } from '../../domain/registry.ts';
import type { RuntimeSpec } from '../../domain/serving.ts';
import { LaneLost } from '../../platform/batch-lane.ts';
import { inheritedEnvironment } from '../../platform/config.ts';
import { createFrameReader, encodeFrame } from './frames.ts';
import type { Frame, OutTensor } from './frames.ts';
import { answerFrom, readyFrom } from './messages.ts';
import type { PythonAnswer, PythonCall, Ready } from './messages.ts';
import type { OutputLog } from './process-output.ts';

export type PythonSpec = Extract<RuntimeSpec, { kind: 'python' }>;

export interface ProcessOptions {
  readonly releaseId: string;
  /** python/serve_model.py */
  readonly program: string;
  readonly folder: string;
  readonly spec: PythonSpec;
  readonly signature: ModelSignature | undefined;
  readonly loadMs: number;
  readonly answerBytes: number;
  readonly output: OutputLog;
}

/** Why a process ended. `expected`: we ended it, and not because of a fault. */
export interface ProcessEnd {
  readonly reason: string;
  readonly expected: boolean;
}

export interface PythonProcess extends Ready {
  readonly pid: number;
  /** Resolves when the process is gone. */
  readonly ended: Promise<ProcessEnd>;
  /** Asked one after the other. Rejects with LaneLost when the process ends, with MW-DEADLINE when a lone call took longer than the spec's timeout. */
  run(tensors: readonly OutTensor[], asked: Omit<PythonCall, 'inputs'>, alone: boolean): Promise<PythonAnswer>;
  /** Ends the whole process group at once. */
  kill(reason: string): void;
  /** Ends it politely; nothing may be running. */
  stop(): Promise<void>;
}

interface Pending {
  readonly id: number;
  readonly alone: boolean;
  readonly resolve: (answer: PythonAnswer) => void;
  readonly reject: (error: Error) => void;
}

const STOP_MS = 2000;
/** Of this server's variables, those that a program needs to start and to find its libraries: none that may hold a secret. */
const KEPT = ['PATH', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'TEMP', 'TMP', 'HOME', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH'];

function environment(): Record<string, string> {
  const ours = inheritedEnvironment();
  const kept: Record<string, string> = {};
  for (const name of KEPT) {
    const value = ours[name];
    if (value !== undefined) kept[name] = value;
  }
  // Each process is one of several: libraries that start a thread a core would fight over the cores.
  const threads = ['OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS', 'NUMEXPR_NUM_THREADS'];
  for (const name of threads) kept[name] = '1';
  return { ...kept, PYTHONUNBUFFERED: '1', MLFLOW_DISABLE_TELEMETRY: 'true' };
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The whole group is gone already.
  }
}

function endText(code: number | null, signal: string | null): string {
  return signal === null ? `the model's process exited with ${code}` : `the model's process was ended by ${signal}`;
}

/** Throws MW-MODEL-LOAD: no interpreter, the model's own error, too slow. Nothing is left running then. */
export function startProcess(options: ProcessOptions): Promise<PythonProcess> {
  const { spec, folder, releaseId } = options;
  const child = spawn(spec.interpreter, ['-I', '-u', options.program, '3'], {
    cwd: folder,
    env: environment(),
    // A group of its own: what the model starts ends with it.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const channel = child.stdio[3] as Duplex;
  if (child.stdout !== null) options.output.follow(child.stdout);
  if (child.stderr !== null) options.output.follow(child.stderr);

  const pending: Pending[] = [];
  let last = 0;
  let fault: string | undefined;
  let stopping = false;
  let over = false;
  let timer: NodeJS.Timeout | undefined;
  let finish: (end: ProcessEnd) => void = () => undefined;
  const ended = new Promise<ProcessEnd>((resolve) => {
    finish = resolve;
  });
  let onFirst: ((frame: Frame) => void) | undefined;

  function kill(reason: string): void {
    fault ??= reason;
    killGroup(child);
  }

  function gone(text: string): void {
    if (over) return;
    over = true;
    clearTimeout(timer);
    const reason = fault ?? text;
    pending.splice(0).forEach((one, index) => one.reject(new LaneLost(reason, index > 0)));
    finish({ reason, expected: stopping });
  }

  /** The clock of the call that runs now. */
  function watch(): void {
    clearTimeout(timer);
    const head = pending[0];
    if (head === undefined) return;
    timer = setTimeout(() => {
      const text = `the model did not answer within ${spec.timeoutMs} ms; its process was ended`;
      // Of several that ran as one any may be the one that hangs: they are tried alone.
      if (head.alone) {
        pending.shift();
        head.reject(new MillwrightError('MW-DEADLINE', text, { next: 'raise endpoint.limits.timeout' }));
      }
      kill(text);
      pending.splice(0).forEach((one, index) => one.reject(new LaneLost(text, head.alone || index > 0)));
    }, spec.timeoutMs);
    timer.unref();
  }

  function take(frame: Frame): void {
    if (onFirst !== undefined) {
      const first = onFirst;
      onFirst = undefined;
      first(frame);
      return;
    }
    const head = pending[0];
    if (head === undefined) throw new Error('an answer that nobody asked for');
    const answer = answerFrom(frame, head.id);
    pending.shift();
    watch();
    head.resolve(answer);
  }

  const read = createFrameReader(options.answerBytes + 1024 * 1024, take);
  channel.on('data', (chunk: Buffer) => {
    try {
      read(chunk);
    } catch (error) {
      kill(`the model's process said what it must not: ${error instanceof Error ? error.message : String(error)}`);
    }
  });
  channel.on('error', () => undefined);
  child.on('exit', (code, signal) => {
    // What the model started and left behind.
    killGroup(child);
    gone(endText(code, signal));
  });

  const opened: Omit<PythonProcess, keyof Ready> = {
    pid: child.pid ?? 0,
    ended,
    run(tensors, { outputs, params }, alone) {
      if (over || fault !== undefined) return Promise.reject(new LaneLost(fault ?? 'the process has ended', true));
      last += 1;
      const id = last;
      const header = {
        kind: 'run',
        id,
        ...(outputs === undefined ? {} : { outputs }),
        ...(params === undefined ? {} : { params }),
      };
      return new Promise((resolve, reject) => {
        pending.push({ id, alone, resolve, reject });
        channel.write(encodeFrame(header, tensors));
        if (pending.length === 1) watch();
      });
    },
    kill,
    async stop() {
      stopping = true;
      channel.end();
      const late = setTimeout(() => killGroup(child), STOP_MS);
      await ended;
      clearTimeout(late);
    },
  };

  return new Promise<PythonProcess>((resolve, reject) => {
    const fail = (error: MillwrightError): void => {
      clearTimeout(slow);
      stopping = true;
      killGroup(child);
      reject(error);
    };
    const slow = setTimeout(() => {
      fail(
        new MillwrightError('MW-MODEL-LOAD', `the model was not loaded within ${options.loadMs / 1000} s`, {
          where: releaseId,
          next: 'look at plane/plane.log for what it printed',
        }),
      );
    }, options.loadMs);
    child.once('error', (error) => {
      gone(error.message);
      // The system says ENOENT for a missing folder as for a missing program.
      const what = existsSync(folder) ? `its Python cannot be started: ${error.message}` : 'its folder is not there';
      fail(
        new MillwrightError('MW-MODEL-LOAD', `the model does not load: ${what}`, {
          where: releaseId,
          next: 'deploy the version again: its files are laid out and its environment is built anew',
        }),
      );
    });
    const died = async (): Promise<void> => {
      const { reason } = await ended;
      fail(
        new MillwrightError('MW-MODEL-LOAD', `${reason} while it loaded`, {
          where: releaseId,
          next: 'look at plane/plane.log for what it printed',
        }),
      );
    };
    void died();
    onFirst = (frame) => {
      try {
        const ready = readyFrom(frame, releaseId);
        clearTimeout(slow);
        resolve({ ...opened, ...ready });
      } catch (error) {
        fail(error instanceof MillwrightError ? error : new MillwrightError('MW-MODEL-LOAD', String(error)));
      }
    };
    const { entry, memoryMib } = spec;
    const hello = { kind: 'load', folder, entry, memoryMib, answerBytes: options.answerBytes, parent: process.pid };
    if (child.pid !== undefined) {
      channel.write(encodeFrame(options.signature === undefined ? hello : { ...hello, signature: options.signature }));
    }
  });
}
