/** Tells a process from a later one that got the same pid. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { errnoOf } from './coded-error.ts';

const run = promisify(execFile);

/** True when a process with that pid exists (also one of another user, or a zombie). */
export function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/**
 * When a process started, in a form that only serves comparison: on Linux the clock ticks since boot (field 22 of /proc/<pid>/stat,
 * see proc(5)) with the boot's id, elsewhere what `ps` prints. 'gone': no such process, or a zombie, which runs nothing
 * any more. undefined: the system does not say.
 */
export async function startTimeOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    try {
      const line = await readFile(`/proc/${pid}/stat`, 'utf8');
      // The second field is the program's name in parentheses and may hold spaces and parentheses itself.
      const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
      const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')).trim();
      if (fields[0] === 'Z') return 'gone';
      return fields[19] === undefined ? undefined : `${boot}:${fields[19]}`;
    } catch (error) {
      return errnoOf(error) === 'ENOENT' ? 'gone' : undefined;
    }
  }
  if (process.platform === 'win32') return undefined;
  try {
    const { stdout } = await run('ps', ['-o', 'lstart=', '-p', String(pid)]);
    return stdout.trim() === '' ? undefined : stdout.trim();
  } catch {
    return undefined;
  }
}
