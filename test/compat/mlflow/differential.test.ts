/**
 * The same requests that a real `mlflow server` was asked, on ours: status, code, text and JSON must be the same, or the difference
 * is in differential/explained.ts with its reason. How the answers were taken down: differential/record.ts.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { compare } from './differential/compare.ts';
import { EXPLAINED } from './differential/explained.ts';
import { playAll } from './differential/play.ts';
import type { Answer, Recording } from './differential/play.ts';
import { startServer } from './server.ts';

const FOLDER = join(import.meta.dirname, 'differential');

async function recording(): Promise<Recording> {
  const name = (await readdir(FOLDER)).find((one) => one.startsWith('recorded-'));
  if (name === undefined) throw new Error('no recording: see differential/record.ts');
  const [head = '', ...lines] = (await readFile(join(FOLDER, name), 'utf8')).trimEnd().split('\n');
  const { mlflow } = JSON.parse(head) as { readonly mlflow: string };
  return { mlflow, answers: lines.map((line) => JSON.parse(line) as Answer) };
}

it('answers as the real server does', { timeout: 120_000 }, async () => {
  const recorded = await recording();
  const server = await startServer();
  try {
    const answers = await playAll(server.url);
    expect(answers.map((answer) => answer.id)).toEqual(recorded.answers.map((answer) => answer.id));
    const differences = compare(recorded, answers);
    expect(differences.filter((one) => one.reason === undefined)).toEqual([]);
    // A reason that nothing needs any more would hide the next mistake.
    const different = new Set(differences.map((one) => one.id));
    expect(EXPLAINED.flatMap((one) => one.steps).filter((id) => !different.has(id))).toEqual([]);
    expect(server.faults).toEqual([]);
    expect(answers.filter((answer) => answer.status >= 500)).toEqual([]);
    const same = answers.length - different.size;
    console.log(
      `mlflow ${recorded.mlflow}: ${answers.length} answers, ${same} the same, ${different.size} with a reason, 0 without`,
    );
  } finally {
    await server.close();
  }
});
