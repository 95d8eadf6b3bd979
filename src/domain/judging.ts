/** Judges a candidate: gates over its metrics, the champion's metrics on the same data, and the paired gain between them. Pure. */
import { MillwrightError } from './errors.ts';
import { asksFor, judgeGate, readEstimate } from './gates.ts';
import type { GateSpec, PerformanceMetric } from './project.ts';
import type { Estimate, GateResult } from './registry.ts';
import { createRandom, seedOf } from './statistics/random.ts';
import { estimateMetric, pairedGain, PERFORMANCE_METRICS } from './statistics/scores.ts';

/** Rows of `scores.csv`: `block` groups rows that are not independent (a day). */
export interface ScoreTable {
  readonly outcome: readonly number[];
  readonly prediction: readonly number[];
  readonly block: readonly string[];
}

export type Metrics = Readonly<Record<string, Estimate>>;

/** `metrics.json`: numbers, or objects with value, low, high, n. Anything else is an error naming the key. */
export function readMetrics(text: string, where: string): Metrics {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new MillwrightError('MW-STEP-OUTPUT', `${where} is not JSON`, { where, next: 'write {"metric": number, …}' });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new MillwrightError('MW-STEP-OUTPUT', `${where} is not a JSON object`, {
      where,
      next: 'write {"metric": number, …}',
    });
  }
  const entries = Object.entries(value).flatMap(([name, metric]): [string, Estimate][] => {
    if (typeof metric === 'number') return [[name, { value: metric }]];
    // Texts and nested reports beside the metrics are fine; they are just not metrics.
    if (typeof metric !== 'object' || metric === null || !('value' in metric) || typeof metric.value !== 'number')
      return [];
    const part = (key: 'low' | 'high' | 'n'): Partial<Estimate> => {
      const number = (metric as Record<string, unknown>)[key];
      return typeof number === 'number' ? { [key]: number } : {};
    };
    return [[name, { value: metric.value, ...part('low'), ...part('high'), ...part('n') }]];
  });
  return Object.fromEntries(entries);
}

/** `scores.csv` with the columns outcome, prediction and block in any order; no quoting is needed for numbers and dates. */
export function readScores(text: string, where: string): ScoreTable {
  const lines = text.split(/\r?\n/).filter((line) => line !== '');
  const header = (lines[0] ?? '').split(',').map((name) => name.trim().replaceAll('"', ''));
  const at = (name: string): number => {
    const index = header.indexOf(name);
    if (index < 0)
      throw new MillwrightError('MW-STEP-OUTPUT', `${where} has no column "${name}" (it has ${header.join(', ')})`, {
        where,
      });
    return index;
  };
  const [outcomeAt, predictionAt, blockAt] = [at('outcome'), at('prediction'), at('block')];
  const table = { outcome: [] as number[], prediction: [] as number[], block: [] as string[] };
  for (const [index, line] of lines.slice(1).entries()) {
    const cells = line.split(',');
    const outcome = Number(cells[outcomeAt]);
    const prediction = Number(cells[predictionAt]);
    if (
      !Number.isFinite(outcome) ||
      !Number.isFinite(prediction) ||
      cells[predictionAt] === '' ||
      cells[outcomeAt] === ''
    ) {
      throw new MillwrightError(
        'MW-MODEL-OUTPUT',
        `row ${index + 1} has outcome "${cells[outcomeAt] ?? ''}" and prediction "${cells[predictionAt] ?? ''}"`,
        {
          where: `${where}:${index + 2}`,
          next: 'a model that gives NaN cannot be judged: look at its inputs',
        },
      );
    }
    table.outcome.push(outcome);
    table.prediction.push(prediction);
    table.block.push(cells[blockAt] ?? '');
  }
  return table;
}

function fromScores(table: ScoreTable, subject: string): Metrics {
  const random = createRandom(seedOf(subject));
  const found = PERFORMANCE_METRICS.flatMap((metric): [string, Estimate][] => {
    const estimate = estimateMetric(metric, table, table.block, { random });
    return estimate === undefined ? [] : [[metric, estimate]];
  });
  return Object.fromEntries(found);
}

export interface Side {
  readonly metrics: Metrics;
  readonly scores?: ScoreTable;
}

/** Metrics of one side: what the scores give (with intervals) over what the file says. */
function metricsOf(side: Side, subject: string): Metrics {
  return side.scores === undefined ? side.metrics : { ...side.metrics, ...fromScores(side.scores, subject) };
}

const GAINS: readonly PerformanceMetric[] = ['log_loss', 'brier', 'auc', 'accuracy'];

function gainsOf(candidate: ScoreTable | undefined, champion: ScoreTable | undefined, subject: string): Metrics {
  if (candidate === undefined || champion === undefined) return {};
  const random = createRandom(seedOf(`${subject}/gain`));
  const found = GAINS.flatMap((metric): [string, Estimate][] => {
    const estimate = pairedGain(metric, candidate, champion, candidate.block, { random });
    return estimate === undefined ? [] : [[`gain.${metric}`, estimate]];
  });
  return Object.fromEntries(found);
}

export interface Judgement {
  readonly verdict: 'accepted' | 'refused';
  readonly gates: readonly GateResult[];
  /** The candidate's metrics, gains included. */
  readonly metrics: Metrics;
  readonly championMetrics: Metrics;
  /** One sentence: why. */
  readonly reason: string;
}

const shown = (value: number | undefined): string =>
  value === undefined ? 'unknown' : String(Number(value.toPrecision(4)));

/** An unknown gate refuses: a model goes live only on what is known. Gates against a champion pass while there is none. */
export function judge(input: {
  readonly gates: readonly GateSpec[];
  readonly candidate: Side;
  readonly champion: Side | undefined;
  readonly extra: Metrics;
  readonly subject: string;
}): Judgement {
  const { gates, candidate, champion, subject } = input;
  const gains = gainsOf(candidate.scores, champion?.scores, subject);
  const metrics = { ...metricsOf(candidate, subject), ...gains, ...input.extra };
  const championMetrics = champion === undefined ? {} : metricsOf(champion, subject);
  const lookup = (name: string): number | undefined =>
    name.startsWith('champion.')
      ? readEstimate(championMetrics, name.slice('champion.'.length))
      : readEstimate(metrics, name);
  const results = gates.map(
    (gate): GateResult =>
      champion === undefined && asksFor(gate.condition, ['champion', 'gain'])
        ? { text: gate.text, passed: true, required: 'no champion yet', where: gate.where }
        : judgeGate(gate, lookup),
  );
  const failed = results.find((result) => result.passed !== true);
  const gain = metrics['gain.log_loss'] ?? metrics['gain.accuracy'];
  const against =
    gain === undefined
      ? ''
      : `; gain ${shown(gain.value)} [${shown(gain.low)}, ${shown(gain.high)}], n ${gain.n ?? '?'}`;
  return {
    verdict: failed === undefined ? 'accepted' : 'refused',
    gates: results,
    metrics,
    championMetrics,
    reason:
      failed === undefined
        ? `passed ${results.length} of ${results.length} gates${against}`
        : `${failed.text.split(/[<>=! ]/)[0] ?? 'gate'} is ${shown(failed.observed)}, required ${failed.required} (${failed.where})${against}`,
  };
}
