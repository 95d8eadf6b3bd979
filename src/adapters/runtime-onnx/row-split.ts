/** A request of very many rows in parts: others get their turn between them, and several workers share them. */
import { elementCount, emptyData, rowsOf } from '../../domain/tensor-data.ts';
import type { Tensor, TensorData } from '../../domain/tensors.ts';
import type { BatchCost } from '../../platform/batch-cost.ts';
import type { RunJob } from './messages.ts';

/** What a part may cost, ms; nobody waits longer behind it. */
const PART_MS = 50;

/** Rows of a part; `rows` itself when the request is not worth cutting. */
export function partRows(rows: number, cost: BatchCost): number {
  const ms = cost.predict(rows);
  return ms < 2 * PART_MS ? rows : Math.ceil(rows / Math.ceil(ms / PART_MS));
}

/** Runs them a few at a time, so that what comes meanwhile waits behind a few and not behind all. Stops at the first that fails. */
export async function runParts<Part, Answer>(
  parts: readonly Part[],
  atOnce: number,
  run: (part: Part) => Promise<Answer>,
): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  let next = 0;
  let failed = false;
  const runner = async (): Promise<void> => {
    for (let index = next++; index < parts.length && !failed; index = next++) {
      const part = parts[index];
      if (part === undefined) return;
      try {
        answers[index] = await run(part);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, parts.length) }, runner));
  return answers;
}

function rowsFrom(tensor: Tensor, from: number, to: number): Tensor {
  const rest = tensor.shape.slice(1);
  const width = elementCount(rest);
  const { data } = tensor;
  const [start, end] = [from * width, to * width];
  const part: TensorData = 'subarray' in data ? data.subarray(start, end) : data.slice(start, end);
  return { name: tensor.name, datatype: tensor.datatype, shape: [to - from, ...rest], data: part };
}

/** Every tensor of the job has `rowsOf(job.inputs)` rows. */
export function splitJob(job: RunJob, rowsOfPart: number): readonly RunJob[] {
  const rows = rowsOf(job.inputs);
  const parts: RunJob[] = [];
  for (let from = 0; from < rows; from += rowsOfPart) {
    const to = Math.min(rows, from + rowsOfPart);
    parts.push({ ...job, inputs: job.inputs.map((input) => rowsFrom(input, from, to)) });
  }
  return parts;
}

/** The answers of the parts as one; undefined when an output has not one entry a row. */
export function joinAnswers(
  jobs: readonly RunJob[],
  answers: readonly (readonly Tensor[])[],
): readonly Tensor[] | undefined {
  const [first] = answers;
  if (first === undefined) return undefined;
  const joined: Tensor[] = [];
  for (const [index, { name, datatype, shape }] of first.entries()) {
    const parts = answers.map((answer) => answer[index]);
    if (parts.some((part, at) => part?.shape[0] !== rowsOf(jobs[at]?.inputs ?? []))) return undefined;
    const rows = parts.reduce((sum, part) => sum + (part?.shape[0] ?? 0), 0);
    const whole = [rows, ...shape.slice(1)];
    if (datatype === 'BYTES') {
      joined.push({
        name,
        datatype,
        shape: whole,
        data: parts.flatMap((part) => (part?.data ?? []) as readonly string[]),
      });
      continue;
    }
    const data = emptyData(datatype, elementCount(whole)) as Float64Array;
    let at = 0;
    for (const part of parts) {
      const own = part?.data as Float64Array;
      data.set(own, at);
      at += own.length;
    }
    joined.push({ name, datatype, shape: whole, data });
  }
  return joined;
}
