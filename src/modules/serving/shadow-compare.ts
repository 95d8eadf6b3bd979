/** Two models' answers to the same rows, row by row. */
import type { ShadowStats } from '../../domain/serving.ts';
import type { Tensor } from '../../domain/tensors.ts';
import { halfToNumber } from '../../platform/half-float.ts';
import { scoreAt, scorePlace } from './prediction-block.ts';

const ABSOLUTE = 1e-6;
const RELATIVE = 1e-4;

interface OutputDifference {
  values: number;
  differing: number;
  sum: number;
  max: number;
}

export interface ShadowCounters {
  readonly releaseId: string;
  /** `live` decides which outputs are compared: what the caller asked for. */
  compare(live: readonly Tensor[], copied: readonly Tensor[], rows: number): void;
  fail(error: unknown): void;
  drop(): void;
  stats(): ShadowStats;
}

const differs = (live: number, copied: number): boolean =>
  !Object.is(live, copied) && !(Math.abs(live - copied) <= ABSOLUTE + RELATIVE * Math.abs(live));

function numberAt(tensor: Tensor, index: number): number {
  const value = tensor.data[index];
  const { datatype } = tensor;
  return datatype === 'FP16' || datatype === 'BF16' ? halfToNumber(Number(value), datatype) : Number(value);
}

export function createShadowCounters(releaseId: string): ShadowCounters {
  let [calls, rows, differing, compared, sum, max, errors, dropped] = [0, 0, 0, 0, 0, 0, 0, 0];
  let lastError: string | undefined;
  const outputs = new Map<string, OutputDifference>();

  function compareOutput(live: Tensor, copied: Tensor, count: number): number {
    let difference = outputs.get(live.name);
    if (difference === undefined) outputs.set(live.name, (difference = { values: 0, differing: 0, sum: 0, max: 0 }));
    const width = Math.max(1, live.data.length / count);
    let rowsThatDiffer = 0;
    for (let row = 0; row < count; row += 1) {
      let other = false;
      for (let index = row * width; index < (row + 1) * width; index += 1) {
        if (live.datatype === 'BYTES') other ||= live.data[index] !== copied.data[index];
        else {
          const [a, b] = [numberAt(live, index), numberAt(copied, index)];
          other ||= differs(a, b);
          const apart = Math.abs(a - b);
          // Infinity and NaN have no distance; such a row counts as differing, and that is all.
          if (!Number.isFinite(apart)) continue;
          difference.values += 1;
          difference.sum += apart;
          difference.max = Math.max(difference.max, apart);
        }
      }
      if (other) rowsThatDiffer += 1;
    }
    difference.differing += rowsThatDiffer;
    return rowsThatDiffer;
  }

  function compareScores(live: Tensor, copied: Tensor, offset: number, count: number): void {
    const width = live.data.length / count;
    for (let row = 0; row < count; row += 1) {
      const [a, b] = [scoreAt(live, row * width + offset), scoreAt(copied, row * width + offset)];
      if (differs(a, b)) differing += 1;
      const apart = Math.abs(a - b);
      if (!Number.isFinite(apart)) continue;
      compared += 1;
      sum += apart;
      max = Math.max(max, apart);
    }
  }

  return {
    releaseId,
    compare(live, copied, count) {
      calls += 1;
      rows += count;
      const { output, offset } = scorePlace(live);
      let texts = 0;
      for (const [index, mine] of live.entries()) {
        const theirs = copied.find((tensor) => tensor.name === mine.name);
        if (theirs === undefined || theirs.data.length !== mine.data.length) {
          // The candidate has no such output: no row of it can be alike.
          if (index === output) differing += count;
          continue;
        }
        const unlike = compareOutput(mine, theirs, count);
        if (mine.datatype === 'BYTES') texts = Math.max(texts, unlike);
        if (index === output) compareScores(mine, theirs, offset, count);
      }
      // A model without any number is compared by its words.
      if (output === -1) differing += texts;
    },
    fail(error) {
      errors += 1;
      lastError = error instanceof Error ? error.message.slice(0, 500) : String(error);
    },
    drop() {
      dropped += 1;
    },
    stats: () => ({
      releaseId,
      calls,
      rows,
      differing,
      meanAbsDiff: compared === 0 ? 0 : sum / compared,
      maxAbsDiff: max,
      errors,
      dropped,
      ...(lastError === undefined ? {} : { lastError }),
      outputs: [...outputs].map(([name, one]) => ({
        name,
        differing: one.differing,
        meanAbsDiff: one.values === 0 ? 0 : one.sum / one.values,
        maxAbsDiff: one.max,
      })),
    }),
  };
}
