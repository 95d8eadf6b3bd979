/** The data folder of an example: filled once by its own program, then given to the project period by period. */
import { spawn } from 'node:child_process';
import { copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { CodedError } from '../../platform/coded-error.ts';

const PROGRESS = /^\[\s*(\d+)%\]\s*(.*)$/;
const KEPT_LINES = 20;

/** Runs the program in the folder. Lines of the form `[ 40%] text` are progress. Throws MW-STEP-FAILED with its last lines. */
export async function prepareData(
  python: string,
  folder: string,
  command: readonly string[],
  progress: (share: number, text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const child = spawn(python, [...command], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], signal });
  const lines: string[] = [];
  const keep = (line: string): void => {
    lines.push(line);
    if (lines.length > KEPT_LINES) lines.shift();
    const found = PROGRESS.exec(line);
    if (found !== null) progress(Number(found[1]) / 100, found[2] ?? '');
  };
  createInterface({ input: child.stdout }).on('line', keep);
  createInterface({ input: child.stderr }).on('line', keep);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code !== 0) {
    throw new CodedError('MW-STEP-FAILED', `python ${command.join(' ')} ended with ${code}: ${lines.join(' | ')}`, {
      where: folder,
      next: `run it by hand in ${folder}`,
    });
  }
}

interface ExampleData {
  /** Takes away what an earlier replay had published: only the periods before `first` stay. */
  readonly reset: (first: number) => Promise<void>;
  /** Gives one period's file to the project: seen whole or not at all. */
  readonly publish: (period: number) => Promise<void>;
}

export function exampleData(folder: string, dataset: string, word: string): ExampleData {
  const warehouse = join(folder, 'data', 'warehouse');
  const target = join(folder, 'data', dataset);
  const nameOf = (period: number): string => `${word}-${String(period).padStart(2, '0')}.parquet`;
  async function publish(period: number): Promise<void> {
    const file = nameOf(period);
    // outside the dataset's folder, so that no pattern of the project matches half a file
    const draft = join(folder, 'data', `.${file}.part`);
    await copyFile(join(warehouse, file), draft);
    await rename(draft, join(target, file));
  }
  return {
    publish,
    async reset(first) {
      await mkdir(target, { recursive: true });
      const wanted = new Set(Array.from({ length: first - 1 }, (_, index) => nameOf(index + 1)));
      const present = new Set(await readdir(target));
      await Promise.all(
        [...present].filter((file) => !wanted.has(file)).map((file) => rm(join(target, file), { force: true })),
      );
      for (let period = 1; period < first; period += 1) {
        if (!present.has(nameOf(period))) await publish(period);
      }
    },
  };
}
