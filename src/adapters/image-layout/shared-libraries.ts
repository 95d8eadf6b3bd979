/** Which shared libraries a program of this machine needs, as its own loader says. */
import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Opened by name at run time by C libraries older than glibc 2.34, so that no binary names them. */
const BY_NAME = ['libnss_files.so.2', 'libnss_dns.so.2', 'libresolv.so.2'];

/** Runs `ldd`, which may run the file: only ever on our own program. Empty for what is no dynamic executable of this machine. */
function ldd(path: string): Promise<string> {
  return new Promise((resolve) => {
    execFile('ldd', [path], { timeout: 20_000 }, (error, stdout) => resolve(error === null ? stdout : ''));
  });
}

/** Absolute paths, sorted. They keep their places in the image, where the same loader looks for them. */
export async function sharedLibraries(binaries: readonly string[]): Promise<readonly string[]> {
  const found = new Set<string>();
  const folders = new Set(binaries.map((path) => dirname(path)));
  for (const binary of binaries) {
    for (const line of (await ldd(binary)).split('\n')) {
      const path = /^\s*(?:\S+ => )?(\/\S+) \(0x[0-9a-f]+\)$/.exec(line)?.[1];
      // Libraries beside the binary are part of the program itself.
      if (path !== undefined && !folders.has(dirname(path))) found.add(path);
    }
  }
  const libc = [...found].find((path) => /\/libc\.so\.\d+$/.test(path));
  for (const name of libc === undefined ? [] : BY_NAME) {
    const path = join(dirname(libc ?? ''), name);
    if ((await stat(path).catch(() => undefined)) !== undefined) found.add(path);
  }
  return [...found].sort();
}
