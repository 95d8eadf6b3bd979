/** The first lesson of a model's cost: batches of made-up rows, run right after the load. */
import { elementCount, emptyData, isDatatype } from '../../domain/tensor-data.ts';
import type { ModelSignature } from '../../domain/registry.ts';
import type { Tensor } from '../../domain/tensors.ts';
import { isBatchable } from './merge.ts';
import type { LoadReport } from './messages.ts';
import type { SessionRunner } from './session-runner.ts';

/** The first runs make the session's memory and warm the code up: the median of the later half counts. */
const ROUNDS = 16;
const SIZES = [1, 16];
/** Time for one size; a model that needs all of it for a batch is known to be slow after one. */
const ENOUGH_MS = 50;

/** Floats that differ from row to row, as equal rows would be quicker than real ones; whole numbers and texts that are valid anywhere. */
function madeUp(signature: ModelSignature, rows: number): readonly Tensor[] {
  return signature.inputs.flatMap(({ name, datatype, shape: spec }) => {
    if (!isDatatype(datatype)) return [];
    const shape = spec.map((size, index) => (size === -1 ? (index === 0 ? rows : 1) : size));
    const data = emptyData(datatype, elementCount(shape));
    if (data instanceof Float32Array || data instanceof Float64Array)
      for (let index = 0; index < data.length; index += 1) data[index] = 2 * Math.sin(index * 1.7 + 1);
    return [{ name, datatype, shape, data }];
  });
}

/** Empty when the model refuses them: then its cost is learned from the calls. */
export async function probe(signature: ModelSignature, runner: SessionRunner): Promise<LoadReport['probes']> {
  const probes: { rows: number; ms: number }[] = [];
  for (const rows of isBatchable(signature) ? SIZES : [1]) {
    const job = { inputs: madeUp(signature, rows) };
    const times: number[] = [];
    const begun = performance.now();
    while (times.length < ROUNDS && performance.now() - begun < ENOUGH_MS) {
      const start = performance.now();
      const [result] = await runner.run([job]);
      if (result === undefined || 'error' in result) return probes;
      times.push(performance.now() - start);
    }
    const later = times.slice(times.length >> 1).sort((a, b) => a - b);
    const ms = later[later.length >> 1] ?? 0;
    probes.push({ rows, ms });
    if (ms > ENOUGH_MS) break;
  }
  return probes;
}
