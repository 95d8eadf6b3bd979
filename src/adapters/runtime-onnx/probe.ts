/** The first lesson of a model's cost: batches of made-up rows, run right after the load. */
import { elementCount, emptyData, isDatatype } from '../../domain/tensor-data.ts';
import type { ModelSignature } from '../../domain/registry.ts';
import type { Tensor } from '../../domain/tensors.ts';
import { isBatchable } from './merge.ts';
import type { LoadReport } from './messages.ts';
import type { SessionRunner } from './session-runner.ts';

/** The first runs make the session's memory and warm the code up: the quicker half of the later ones counts, as a busy machine only adds. */
const ROUNDS = 16;
const SIZES = [1, 16];
/** Time for one size; a model that needs all of it for a batch is known to be slow after one. */
const ENOUGH_MS = 50;
/** Larger inputs than a probe is worth. */
const MOST_ELEMENTS = 4_000_000;

/** Floats that differ from row to row and round to round: a row the processor has just seen is quicker than a real one. Whole numbers and texts are those that are valid anywhere. */
function madeUp(signature: ModelSignature, rows: number, round: number): readonly Tensor[] {
  return signature.inputs.flatMap(({ name, datatype, shape: spec }) => {
    if (!isDatatype(datatype)) return [];
    const shape = spec.map((size, index) => (size === -1 ? (index === 0 ? rows : 1) : size));
    const data = emptyData(datatype, elementCount(shape));
    if (data instanceof Float32Array || data instanceof Float64Array)
      for (let index = 0; index < data.length; index += 1) data[index] = 2 * Math.sin(index * 1.7 + round * 11.3 + 1);
    return [{ name, datatype, shape, data }];
  });
}

const elementsOf = ({ inputs }: ModelSignature, rows: number): number =>
  inputs.reduce((sum, { shape }) => sum + rows * elementCount(shape.map(Math.abs)), 0);

/** Empty when the model refuses them: then its cost is learned from the calls. */
export async function probe(signature: ModelSignature, runner: SessionRunner): Promise<LoadReport['probes']> {
  const probes: { rows: number; ms: number }[] = [];
  for (const rows of isBatchable(signature) ? SIZES : [1]) {
    if (elementsOf(signature, rows) > MOST_ELEMENTS) return probes;
    const times: number[] = [];
    const begun = performance.now();
    while (times.length < ROUNDS && performance.now() - begun < ENOUGH_MS) {
      const job = { inputs: madeUp(signature, rows, times.length) };
      const start = performance.now();
      const [result] = await runner.run([job]);
      if (result === undefined || 'error' in result) return probes;
      times.push(performance.now() - start);
    }
    const later = times.slice(times.length >> 1).sort((a, b) => a - b);
    const ms = later[later.length >> 2] ?? 0;
    probes.push({ rows, ms });
    if (ms > ENOUGH_MS) break;
  }
  return probes;
}
