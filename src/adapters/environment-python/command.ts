/** Runs an installer: an argument list, never a shell; output line by line; the whole process group ends with the signal. */
import { spawn } from 'node:child_process';
import { MillwrightError } from '../../domain/errors.ts';

const KEPT_LINES = 200;
const MAX_LINE = 2_000;
const MAX_STDOUT = 32 * 1024 * 1024;
const GRACE_MS = 5_000;

export interface Finished {
  /** undefined: the program could not be started. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  /** The last lines of both streams, in order of arrival. */
  readonly lines: readonly string[];
}

export interface RunOptions {
  readonly cwd: string;
  readonly signal?: AbortSignal;
  readonly onLine?: (line: string) => void;
  readonly timeoutMs?: number;
  /** Instead of this server's own variables. */
  readonly env?: Readonly<Record<string, string>>;
}

function splitLines(take: (line: string) => void): { push(text: string): void; end(): void } {
  let rest = '';
  return {
    push(text) {
      // Progress bars redraw their line by a carriage return: each state is a line of its own.
      const parts = (rest + text).split(/[\r\n]/);
      rest = (parts.pop() ?? '').slice(-MAX_LINE);
      for (const part of parts) if (part.trim() !== '') take(part.slice(0, MAX_LINE));
    },
    end() {
      if (rest.trim() !== '') take(rest);
    },
  };
}

/** Resolves also when the program fails. Throws MW-CANCELLED when the signal ended it, after its whole group is gone. */
export function runCommand(argv: readonly string[], options: RunOptions): Promise<Finished> {
  const [program = '', ...args] = argv;
  return new Promise((resolve, reject) => {
    if (options.signal?.aborted === true) {
      reject(new MillwrightError('MW-CANCELLED', 'the environment build was cancelled'));
      return;
    }
    // An own group: pip starts compilers, which would go on after pip was killed.
    const child = spawn(program, args, {
      cwd: options.cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      ...(options.env === undefined ? {} : { env: options.env }),
    });
    const lines: string[] = [];
    let stdout = '';
    let cancelled = false;
    const take = (line: string): void => {
      lines.push(line);
      if (lines.length > KEPT_LINES) lines.shift();
      options.onLine?.(line);
    };
    const kill = (signal: NodeJS.Signals): void => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, signal);
      } catch {
        // The group is already gone.
      }
    };
    let killer: NodeJS.Timeout | undefined;
    const stop = (): void => {
      kill('SIGTERM');
      killer ??= setTimeout(() => kill('SIGKILL'), GRACE_MS);
    };
    const onAbort = (): void => {
      cancelled = true;
      stop();
    };
    options.signal?.addEventListener('abort', onAbort, { once: true });
    const timer = options.timeoutMs === undefined ? undefined : setTimeout(stop, options.timeoutMs);
    const out = splitLines(take);
    const err = splitLines(take);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (stdout.length < MAX_STDOUT) stdout += text;
      out.push(text);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => err.push(text));
    const done = (exitCode: number | undefined): void => {
      clearTimeout(timer);
      clearTimeout(killer);
      options.signal?.removeEventListener('abort', onAbort);
      out.end();
      err.end();
      if (cancelled) {
        kill('SIGKILL');
        reject(new MillwrightError('MW-CANCELLED', 'the environment build was cancelled'));
      } else resolve({ exitCode, stdout, lines });
    };
    child.once('error', () => done(undefined));
    child.once('close', (code) => done(code ?? 1));
  });
}
