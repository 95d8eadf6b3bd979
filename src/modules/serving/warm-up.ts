/** A release may take calls only after it has answered: its golden rows, or else probes made from the signature, with outputs that are numbers. */
import { MillwrightError } from '../../domain/errors.ts';
import type { ModelSignature, TensorSpec } from '../../domain/registry.ts';
import { elementCount, emptyData, isDatatype } from '../../domain/tensor-data.ts';
import type { Datatype, Tensor } from '../../domain/tensors.ts';
import type { LoadedModel } from '../../ports/model-runtime.ts';
import { conform } from './conform.ts';
import { checkGolden, goldenRow } from './golden.ts';
import type { Golden } from './golden.ts';

const ROUNDS = 4;
/** Zero alone would refuse a model that takes a logarithm or divides by an input. */
const FILL = [0, 1, 0.5, 10];
const TIMED_CALLS = 32;
/** A slow model is timed by fewer calls: nobody should wait for statistics. */
const TIMED_MS = 250;

export interface WarmUp {
  /** Of single rows, one after the other: what an unhurried caller would see. */
  readonly p99Ms: number;
  readonly goldenRows: number;
}

export interface WarmUpClock {
  /** Monotonic ms. */
  readonly now: () => number;
  readonly deadline: () => number;
}

function probe(spec: TensorSpec, datatype: Datatype, rows: number, fill: number): Tensor {
  const shape = spec.shape.map((size, index) => (size === -1 ? (index === 0 ? rows : 1) : size));
  const data = emptyData(datatype, elementCount(shape));
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) data.fill(BigInt(Math.round(fill)));
  else if ('fill' in data && 'buffer' in data) data.fill(fill);
  return { name: spec.name, datatype, shape, data };
}

/** The name of the first output with a value that is not a number. */
export function notFinite(outputs: readonly Tensor[]): string | undefined {
  for (const { name, data } of outputs) {
    if (!(data instanceof Float32Array || data instanceof Float64Array)) continue;
    for (let index = 0; index < data.length; index += 1) if (!Number.isFinite(data[index])) return name;
  }
  return undefined;
}

/** Datatypes of the inputs. Throws MW-MODEL-LOAD for one the protocol cannot carry. */
export function datatypesOf(signature: ModelSignature): readonly Datatype[] {
  return signature.inputs.map((spec) => {
    if (isDatatype(spec.datatype)) return spec.datatype;
    throw new MillwrightError('MW-MODEL-LOAD', `the input "${spec.name}" has the unknown datatype ${spec.datatype}`);
  });
}

/** Several at once, so that more than one worker gets some. */
function inRounds(model: LoadedModel, inputs: readonly Tensor[], clock: WarmUpClock): Promise<(readonly Tensor[])[]> {
  return Promise.all(Array.from({ length: ROUNDS }, () => model.infer(inputs, { deadline: clock.deadline() })));
}

/** The inputs of a probe that was answered with numbers. Throws the first failure when there is none. */
async function tryProbes(model: LoadedModel, clock: WarmUpClock): Promise<readonly Tensor[]> {
  const datatypes = datatypesOf(model.signature);
  let failure: unknown;
  let answered: readonly Tensor[] | undefined;
  if (model.example !== undefined) {
    // Rows that the model brings with it: made-up ones (an empty text as a category) may be refused by a sound model.
    try {
      await inRounds(model, model.example, clock);
      return model.example;
    } catch (error) {
      failure = error;
    }
  }
  for (const fill of FILL) {
    for (const rows of [2, 1]) {
      const inputs = model.signature.inputs.map((spec, index) => probe(spec, datatypes[index] ?? 'FP32', rows, fill));
      try {
        const bad = notFinite((await inRounds(model, inputs, clock)).flat());
        if (bad === undefined) answered = inputs;
        else {
          failure ??= new MillwrightError(
            'MW-MODEL-OUTPUT',
            `the output "${bad}" is not a number for every warm-up input`,
            {
              where: bad,
              next: 'look for divisions by zero and missing imputation in the training code, then run the pipeline again',
            },
          );
        }
      } catch (error) {
        failure ??= error;
      }
    }
  }
  if (answered !== undefined) return answered;
  throw failure ?? new MillwrightError('MW-MODEL-OUTPUT', 'the model gave no answer to any warm-up input');
}

async function timed(
  model: LoadedModel,
  inputs: (index: number) => readonly Tensor[],
  clock: WarmUpClock,
): Promise<number> {
  const took: number[] = [];
  const until = clock.now() + TIMED_MS;
  for (let index = 0; index < TIMED_CALLS && (index === 0 || clock.now() < until); index += 1) {
    const start = clock.now();
    await model.infer(inputs(index), { deadline: clock.deadline() });
    took.push(clock.now() - start);
  }
  took.sort((a, b) => a - b);
  return took[Math.ceil(took.length * 0.99) - 1] ?? 0;
}

/**
 * Throws MW-MODEL-LOAD when a golden row is not repeated; without golden rows MW-MODEL-OUTPUT when no probe gives only numbers (the
 * model is broken, not the input), or the model's own error when none runs.
 */
export async function warmUp(model: LoadedModel, golden: Golden | undefined, clock: WarmUpClock): Promise<WarmUp> {
  // Nobody knows what it takes: its first caller is its probe.
  if (golden === undefined && model.signature.inputs.length === 0) return { p99Ms: 0, goldenRows: 0 };
  if (golden === undefined) {
    const answered = await tryProbes(model, clock);
    return { p99Ms: await timed(model, () => answered, clock), goldenRows: 0 };
  }
  const rows = { ...golden, inputs: conform(model.signature, golden.inputs, datatypesOf(model.signature)) };
  // Each worker has its own session: not one alone must repeat them.
  for (const answer of await inRounds(model, rows.inputs, clock)) checkGolden(golden, answer);
  const p99Ms = await timed(model, (index) => goldenRow(rows, index % golden.rows), clock);
  return { p99Ms, goldenRows: golden.rows };
}
