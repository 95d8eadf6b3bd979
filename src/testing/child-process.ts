/** Starts a writer of these suites in a process of its own, so that it can be killed in the middle of its work. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** How another process opens the same data: `open` of the module is called with `argument`. */
export interface OpenElsewhere {
  /** URL of a module. */
  readonly module: string;
  /** Name of a function it exports. */
  readonly open: string;
  /** JSON value. */
  readonly argument: unknown;
}

export interface WriterResult {
  /** Lines the writer printed, each after its write was acknowledged. */
  readonly lines: readonly string[];
  readonly stderr: string;
  readonly signal: NodeJS.Signals | null;
  readonly code: number | null;
}

/** Runs `script` (a file of this folder without its ending) and kills it -9 `killAfterMs` after its first line, if given. */
export async function runWriter(
  script: string,
  subject: OpenElsewhere,
  parameters: readonly string[],
  killAfterMs?: number,
): Promise<WriterResult> {
  // `.ts` in the repository, `.js` in the published package.
  const ending = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
  const file = fileURLToPath(new URL(`./${script}${ending}`, import.meta.url));
  const child = spawn(process.execPath, [file, JSON.stringify(subject), ...parameters], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let stderr = '';
  let timer: NodeJS.Timeout | undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    if (killAfterMs !== undefined) timer ??= setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  clearTimeout(timer);
  // What follows the last line feed was cut off by the kill.
  return { lines: out.split('\n').slice(0, -1), stderr, code, signal };
}
