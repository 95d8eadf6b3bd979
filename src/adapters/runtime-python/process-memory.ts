/** Memory of a process. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Resident bytes of a process, see proc(5) and ps(1); undefined when it is gone or the system does not say. */
export async function residentBytes(pid: number): Promise<number | undefined> {
  try {
    if (process.platform === 'linux') {
      const kib = /^VmRSS:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
      return kib === undefined ? undefined : Number(kib) * 1024;
    }
    if (process.platform === 'win32') return undefined;
    const kib = Number((await run('ps', ['-o', 'rss=', '-p', String(pid)])).stdout.trim());
    return kib > 0 ? kib * 1024 : undefined;
  } catch {
    return undefined;
  }
}
