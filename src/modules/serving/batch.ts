/**
 * Batch inference: rows of files through the same `infer()` that answers calls, part by part. A part is durable before the next one
 * begins, so that whoever is killed goes on behind the last part.
 */
import { MillwrightError } from '../../domain/errors.ts';
import type { ModelSignature, TensorSpec } from '../../domain/registry.ts';
import { emptyData, isDatatype } from '../../domain/tensor-data.ts';
import type { Datatype, Tensor, TensorData } from '../../domain/tensors.ts';
import type { AnswerColumn, RowColumn, RowSource, WantedColumn } from '../../ports/row-files.ts';

export interface BatchPlan {
  /** Columns to read, in the order of the model's inputs. */
  readonly wanted: readonly WantedColumn[];
  /** Their values as the model's tensors. */
  tensors(columns: readonly TensorData[]): readonly Tensor[];
}

function datatypeOf(spec: TensorSpec): Datatype {
  if (isDatatype(spec.datatype)) return spec.datatype;
  throw new MillwrightError('MW-STATE', `the model's input "${spec.name}" has the type ${spec.datatype}`);
}

const widthOf = (spec: TensorSpec): number => (spec.shape.length === 2 ? (spec.shape[1] ?? 1) : 1);

/** Columns laid side by side: row-major, as a tensor [rows, columns] is. */
function interleave(columns: readonly TensorData[], datatype: Datatype): TensorData {
  const rows = columns[0]?.length ?? 0;
  const width = columns.length;
  if (datatype === 'BYTES')
    return Array.from({ length: rows * width }, (_, at) => String(columns[at % width]?.[Math.floor(at / width)]));
  const out = emptyData(datatype, rows * width);
  columns.forEach((column, index) => {
    for (let row = 0; row < rows; row += 1) {
      const value = column[row] ?? 0;
      if (out instanceof BigInt64Array || out instanceof BigUint64Array) out[row * width + index] = BigInt(value);
      else if ('buffer' in out) out[row * width + index] = Number(value);
    }
  });
  return out;
}

/**
 * How the columns of the files become the model's inputs: by name; one input of several features takes the columns of its width in
 * their order. Throws MW-TENSOR naming the columns that are missing.
 */
export function planBatch(signature: ModelSignature, columns: readonly RowColumn[]): BatchPlan {
  const only = signature.inputs.length === 1 ? signature.inputs[0] : undefined;
  const named = new Set(columns.map((column) => column.name));
  if (only !== undefined && !named.has(only.name)) {
    const datatype = datatypeOf(only);
    const usable = columns.filter(
      (column) => column.type !== 'other' && (datatype === 'BYTES') === (column.type === 'text'),
    );
    const width = widthOf(only) === -1 ? usable.length : widthOf(only);
    if (only.shape.length !== 2 || usable.length !== width) {
      throw new MillwrightError(
        'MW-TENSOR',
        `the model takes one input "${only.name}" of ${width} columns; the files have ${usable.length} that fit: ${usable.map((column) => column.name).join(', ')}`,
        { where: only.name, next: 'leave only the columns of the model in the files, in its order' },
      );
    }
    return {
      wanted: usable.map(({ name }) => ({ name, as: datatype })),
      tensors: (data) => [
        { name: only.name, datatype, shape: [data[0]?.length ?? 0, width], data: interleave(data, datatype) },
      ],
    };
  }
  const missing = signature.inputs.filter((spec) => !named.has(spec.name)).map((spec) => spec.name);
  if (missing.length > 0)
    throw new MillwrightError('MW-TENSOR', `the files lack ${missing.map((name) => `"${name}"`).join(', ')}`, {
      where: missing[0] ?? 'inputs',
      next: `the model takes ${signature.inputs.map((spec) => spec.name).join(', ')}`,
    });
  const wide = signature.inputs.find((spec) => spec.shape.length > 2 || widthOf(spec) > 1);
  if (wide !== undefined)
    throw new MillwrightError(
      'MW-TENSOR',
      `"${wide.name}" takes ${wide.shape.join(' × ')} values a row, a column has one`,
      {
        where: wide.name,
      },
    );
  const wanted = signature.inputs.map((spec) => ({ name: spec.name, as: datatypeOf(spec) }));
  return {
    wanted,
    tensors: (data) =>
      signature.inputs.map((spec, index) => {
        const values = data[index] ?? [];
        const shape = spec.shape.length > 1 ? [values.length, 1] : [values.length];
        return { name: spec.name, datatype: wanted[index]?.as ?? 'FP32', shape, data: values };
      }),
  };
}

/** One column an output, or one for each of its parts: `probabilities_0`, `probabilities_1`. */
function answerColumns(answers: readonly (readonly Tensor[])[]): readonly AnswerColumn[] {
  const first = answers[0] ?? [];
  return first.flatMap((output, at) => {
    const parts = answers.map((outputs) => outputs[at] ?? output);
    const rows = parts.map((part) => part.shape[0] ?? 0);
    const width = rows[0] === undefined || rows[0] === 0 ? 1 : output.data.length / rows[0];
    return Array.from({ length: width }, (_, index): AnswerColumn => {
      const values: (string | number | bigint)[] = [];
      for (const part of parts)
        for (let row = index; row < part.data.length; row += width) values.push(part.data[row] ?? 0);
      const name = width === 1 ? output.name : `${output.name}_${index}`;
      return { name, datatype: output.datatype, data: values };
    });
  });
}

export interface BatchRun {
  readonly source: RowSource;
  readonly plan: BatchPlan;
  /** Rows in one call. */
  readonly callRows: number;
  /** Calls in one part. */
  readonly partCalls: number;
  /** Parts that are durable from a run before. */
  readonly partsDone: number;
  infer(inputs: readonly Tensor[]): Promise<readonly Tensor[]>;
  /** Makes the part durable before it resolves. */
  part(index: number, columns: readonly AnswerColumn[], rows: number): Promise<void>;
  /** Sees each call with its answer: for samples to be compared. */
  seen?(firstRow: number, inputs: readonly Tensor[], outputs: readonly Tensor[]): void;
  readonly signal: AbortSignal;
}

/** Scores what is not yet scored. Throws what `infer` throws, with the rows it was about; parts that were done stay done. */
export async function runBatch(run: BatchRun): Promise<void> {
  const partRows = run.callRows * run.partCalls;
  const from = run.partsDone * partRows;
  if (from >= run.source.rows) return;
  let index = run.partsDone;
  let calls: Promise<readonly Tensor[]>[] = [];
  let rowsInPart = 0;
  let firstRow = from;

  const finishPart = async (): Promise<void> => {
    if (calls.length === 0) return;
    await run.part(index, answerColumns(await Promise.all(calls)), rowsInPart);
    index += 1;
    calls = [];
    rowsInPart = 0;
  };
  const call = async (at: number, inputs: readonly Tensor[], rows: number): Promise<readonly Tensor[]> => {
    try {
      const outputs = await run.infer(inputs);
      run.seen?.(at, inputs, outputs);
      return outputs;
    } catch (error) {
      if (!(error instanceof MillwrightError)) throw error;
      throw new MillwrightError(error.code, `rows ${at + 1} to ${at + rows}: ${error.message}`, {
        where: error.where ?? `row ${at + 1}`,
        next: 'repair the rows and run it again: what was done stays done',
        cause: error,
      });
    }
  };

  for await (const columns of run.source.chunks(from, run.plan.wanted, run.callRows)) {
    if (run.signal.aborted)
      throw new MillwrightError('MW-CANCELLED', 'stopped', { next: 'run it again: it goes on where it was' });
    const rows = columns[0]?.length ?? 0;
    const answer = call(firstRow, run.plan.tensors(columns), rows);
    // It is awaited with its part; until then its failure is nobody's unhandled rejection.
    answer.catch(() => undefined);
    calls.push(answer);
    rowsInPart += rows;
    firstRow += rows;
    if (calls.length === run.partCalls) await finishPart();
  }
  await finishPart();
}
