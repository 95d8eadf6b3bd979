/** Live requests prepared by an example: gzip NDJSON, one line a moment, all rows of that moment in columns. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { CodedError } from '../../platform/coded-error.ts';

export type InputColumn = readonly string[] | readonly (number | null)[];

/** One request: `inputs` by column, one value a row; `outcomes[i]` becomes known at `knownAt[i]`. Times are event time, ms. */
export interface ReplayMoment {
  readonly at: number;
  readonly rows: number;
  readonly inputs: Readonly<Record<string, InputColumn>>;
  readonly outcomes: readonly number[];
  readonly knownAt: readonly number[];
}

function isColumn(value: unknown, rows: number): value is InputColumn {
  if (!Array.isArray(value) || value.length !== rows) return false;
  if (typeof value[0] === 'string') return value.every((one) => typeof one === 'string');
  return value.every((one) => one === null || typeof one === 'number');
}

function isNumbers(value: unknown, rows: number): value is readonly number[] {
  return Array.isArray(value) && value.length === rows && value.every((one) => typeof one === 'number');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function momentOf(line: string, where: string): ReplayMoment {
  const value: unknown = JSON.parse(line);
  const wrong = (what: string): never => {
    throw new CodedError('MW-INVALID', `${what} in the replay data`, {
      where,
      next: "delete the example's data folder and start the demo again",
    });
  };
  if (!isObject(value) || typeof value['at'] !== 'number' || !isObject(value['inputs']))
    return wrong('no time or inputs');
  const { at, outcomes, known_at: knownAt } = value;
  const rows = Array.isArray(outcomes) ? outcomes.length : 0;
  if (rows === 0 || !isNumbers(outcomes, rows) || !isNumbers(knownAt, rows))
    return wrong('outcomes do not fit known_at');
  const inputs: Record<string, InputColumn> = {};
  for (const [name, column] of Object.entries(value['inputs'])) {
    inputs[name] = isColumn(column, rows) ? column : wrong(`column ${name} does not fit its ${rows} rows`);
  }
  return { at, rows, inputs, outcomes, knownAt };
}

/** Moments of one file in order. Throws MW-INVALID with file and line. */
export async function readReplay(folder: string, file: string): Promise<readonly ReplayMoment[]> {
  const text = gunzipSync(await readFile(join(folder, file))).toString('utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line, index) => momentOf(line, `${file}:${index + 1}`));
}
