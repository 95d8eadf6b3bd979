/** A command that serves in the foreground and says in JSON where. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface Told {
  readonly name: string;
  readonly version: number;
  readonly rest: string;
  readonly grpc: string;
  readonly readyMs: number;
  readonly endpoints?: readonly string[];
  readonly signature: { readonly inputs: readonly { readonly name: string }[] };
  readonly error?: { readonly code: string; readonly message: string; readonly where?: string };
}

export interface Foreground {
  readonly child: ChildProcess;
  readonly told: Told;
  readonly ended: Promise<number | null>;
}

const running = new Set<ChildProcess>();

/** Resolves when the whole JSON of its answer is there. */
export function foreground(
  args: readonly string[],
  { cwd, env = {} }: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<Foreground> {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MILLWRIGHT_')));
  const child = spawn(process.execPath, [MAIN, ...args, '--json', '--quiet'], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...inherited, ...env },
  });
  running.add(child);
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      try {
        resolve({ child, told: JSON.parse(text) as Told, ended });
      } catch {
        // Not all of it yet.
      }
    });
    child.once('exit', (code) => reject(new Error(`ended with ${code}: ${text}`)));
  });
}

/** The hard way: for the end of a test. */
export function killForegrounds(): void {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
}
