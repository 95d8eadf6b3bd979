/**
 * Starts supervisors, one ahead of need: an interpreter takes tens of milliseconds to start, which would be most of what a
 * short step costs. The spare one waits on its standard input and goes away when this process does.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A spare interpreter holds some 45 MB; a server that runs no steps should not. */
const SPARE_MS = 30_000;

export interface SupervisorPool {
  /** Gives the folder to a supervisor. `gone` is called when that supervisor has ended. */
  hand(folder: string, gone: () => void): void;
  /** Dismisses the spare one; those at work go on. */
  close(): void;
}

/** `node`: the interpreter that runs supervisors. `cache`: a folder of ours for its compiled code, which makes it start three times as fast. */
export function createSupervisorPool(node: string, cache: string): SupervisorPool {
  // Under development this file is TypeScript and runs as it is; in the package both are JavaScript.
  const name = import.meta.url.endsWith('.ts') ? './supervisor.ts' : './supervisor.js';
  const script = fileURLToPath(new URL(name, import.meta.url));
  let spare: ChildProcess | undefined;
  let closed = false;
  let dismissal: NodeJS.Timeout | undefined;

  function dismiss(): void {
    spare?.stdin?.end();
    spare = undefined;
  }

  function start(): ChildProcess {
    const child = spawn(node, ['--no-warnings', '--max-semi-space-size=1', script], {
      cwd: '/',
      env: { NODE_COMPILE_CACHE: cache },
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    child.once('error', () => undefined);
    child.stdin?.once('error', () => undefined);
    child.unref();
    (child.stdin as unknown as { unref?: () => void } | null)?.unref?.();
    return child;
  }

  const usable = (child: ChildProcess | undefined): child is ChildProcess =>
    child !== undefined && child.pid !== undefined && child.exitCode === null && child.signalCode === null;

  return {
    hand(folder, gone) {
      const child = usable(spare) ? spare : start();
      spare = undefined;
      child.once('exit', gone);
      child.once('error', gone);
      child.stdin?.end(folder);
      // Not in the same turn: first the one that has work.
      setTimeout(() => {
        if (closed || spare !== undefined) return;
        spare = start();
        clearTimeout(dismissal);
        dismissal = setTimeout(dismiss, SPARE_MS).unref();
      }, 5).unref();
    },
    close() {
      closed = true;
      clearTimeout(dismissal);
      dismiss();
    },
  };
}
