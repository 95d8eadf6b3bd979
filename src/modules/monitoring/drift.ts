/**
 * Drift of each input column against the training reference. A column alarms only with an effect above its limit and a
 * p-value, adjusted over the columns, below 0.01: the effect alone follows the noise of small windows, the p-value alone
 * finds every difference in large ones.
 */
import type { ColumnProfile } from '../../domain/datasets.ts';
import { type ColumnDrift, DRIFT_LIMITS } from '../../domain/monitoring.ts';
import type { Estimate } from '../../domain/registry.ts';
import {
  benjaminiHochberg,
  contingencyChiSquare,
  type Counts,
  kolmogorovSmirnov,
  populationStability,
  proportionTest,
  standardizedShift,
  totalVariation,
} from '../../domain/statistics/distances.ts';
import { countUpTo } from '../../domain/statistics/quantiles.ts';
import type { ColumnWindow } from '../../ports/analytics-store.ts';
import { categoryHistogram, numberHistogram } from './column-histogram.ts';

/** Rows read of each number column. */
export const DRIFT_SAMPLE = 5000;

type Raw = Omit<ColumnDrift, 'pAdjusted' | 'drifted' | 'reasons'> & {
  readonly p: number;
  readonly missingP: number;
  readonly limit: number;
  readonly constant: boolean;
  readonly typeChanged: boolean;
};

/** ONNX models take truth values as numbers; the two spellings are one value. */
function asCounts(window: ColumnWindow, profile: ColumnProfile): Counts {
  if (window.values.size > 0 || window.sample.length === 0) return window.values;
  const present = window.rows - window.missing;
  const counts = new Map<string, number>();
  for (const value of window.sample) {
    const text = profile.type === 'boolean' ? String(value !== 0) : String(value);
    counts.set(text, (counts.get(text) ?? 0) + present / window.sample.length);
  }
  return counts;
}

function referenceCounts(profile: ColumnProfile, current: Counts): Counts {
  const counts = new Map((profile.top ?? []).map((one) => [one.value, one.rows]));
  const others = profile.otherRows ?? 0;
  if (others <= 0) return counts;
  // Beyond the 200 values that the profile names, a value is known to be one of the others or new, not which: the long
  // tail is compared as one cell, so that it cannot alarm as "unseen".
  let tail = 0;
  for (const [value, rows] of current) if (!counts.has(value)) tail += rows;
  return tail > 0 || others > 0 ? counts.set('other', (counts.get('other') ?? 0) + others) : counts;
}

function foldTail(current: Counts, profile: ColumnProfile): Counts {
  if ((profile.otherRows ?? 0) <= 0) return current;
  const named = new Set((profile.top ?? []).map((one) => one.value));
  const folded = new Map<string, number>();
  for (const [value, rows] of current) {
    const key = named.has(value) ? value : 'other';
    folded.set(key, (folded.get(key) ?? 0) + rows);
  }
  return folded;
}

const isNumber = (profile: ColumnProfile): boolean => profile.type === 'number' || profile.type === 'integer';

function compareNumbers(
  profile: ColumnProfile,
  window: ColumnWindow,
): Pick<Raw, 'effect' | 'p' | 'psi' | 'shift' | 'histogram'> {
  const reference = profile.sample ?? [];
  const { d, p } = kolmogorovSmirnov(reference, window.sample);
  const psi = populationStability(profile.edges ?? [], profile.counts ?? [], window.sample);
  const shift = standardizedShift(reference, window.sample, profile.sd);
  const histogram = numberHistogram(profile, window.sample);
  return {
    effect: Number.isNaN(d) ? 0 : d,
    p: Number.isNaN(p) ? 1 : p,
    ...(Number.isNaN(psi) ? {} : { psi }),
    ...(shift === undefined ? {} : { shift }),
    ...(histogram === undefined ? {} : { histogram }),
  };
}

/** The share of the sampled rows outside the reference's range; exactly 0 when the window's own range lies inside. */
function outside(profile: ColumnProfile, window: ColumnWindow): number {
  const { min, max } = profile;
  if (min === undefined || max === undefined || window.sample.length === 0) return 0;
  if ((window.min ?? min) >= min && (window.max ?? max) <= max) return 0;
  const upTo = countUpTo(window.sample, max);
  let below = 0;
  while (below < window.sample.length && (window.sample[below] ?? min) < min) below++;
  return (below + window.sample.length - upTo) / window.sample.length;
}

function compare(profile: ColumnProfile, window: ColumnWindow): Raw {
  const present = window.rows - window.missing;
  const number = isNumber(profile);
  const typeChanged = present > 0 && number && window.values.size > 0;
  const missingReference = profile.rows === 0 ? 0 : profile.missing / profile.rows;
  const missingCurrent = window.rows === 0 ? 0 : window.missing / window.rows;
  const common = {
    column: profile.name,
    missingReference,
    missingCurrent,
    missingP: proportionTest(profile.missing, profile.rows, window.missing, window.rows),
    ...(profile.mean === undefined ? {} : { meanReference: profile.mean }),
    ...(window.mean === undefined ? {} : { meanCurrent: window.mean }),
    limit: Math.max(number ? DRIFT_LIMITS.number : DRIFT_LIMITS.category, profile.driftLimit ?? 0),
    constant: number && present > 1 && window.min === window.max && profile.distinct > 1,
    typeChanged,
  };
  if (typeChanged) return { ...common, type: 'category', effect: 1, p: 0, unseen: 1, outOfRange: 0 };
  if (number) {
    return {
      ...common,
      type: 'number',
      ...compareNumbers(profile, window),
      unseen: 0,
      outOfRange: outside(profile, window),
    };
  }
  const raw = asCounts(window, profile);
  const current = foldTail(raw, profile);
  const reference = referenceCounts(profile, raw);
  let unseen = 0;
  for (const [value, rows] of current) if (!reference.has(value)) unseen += rows;
  const effect = totalVariation(reference, current);
  const { p } = contingencyChiSquare(reference, current);
  return {
    ...common,
    type: 'category',
    effect: Number.isNaN(effect) ? 0 : effect,
    p: Number.isNaN(p) ? 1 : p,
    unseen: present === 0 ? 0 : unseen / present,
    outOfRange: 0,
    ...(current.size === 0 ? {} : { histogram: categoryHistogram(reference, current) }),
  };
}

const percent = (share: number): string => `${(share * 100).toFixed(1)}%`;

function judge(raw: Raw, pAdjusted: number, missingAdjusted: number): ColumnDrift {
  const { p: _p, missingP: _missingP, limit, constant, typeChanged, ...column } = raw;
  const moved = column.effect > limit && pAdjusted < DRIFT_LIMITS.p;
  const missingMoved =
    Math.abs(column.missingCurrent - column.missingReference) > DRIFT_LIMITS.missing &&
    missingAdjusted < DRIFT_LIMITS.p;
  const reasons = [
    ...(typeChanged ? ['type changed'] : []),
    ...(missingMoved ? [`missing ${percent(column.missingReference)} → ${percent(column.missingCurrent)}`] : []),
    ...(constant ? ['constant'] : []),
    ...(column.unseen > 0.01 && !typeChanged ? [`unseen ${percent(column.unseen)}`] : []),
    ...(column.outOfRange > 0.01 ? [`out of range ${percent(column.outOfRange)}`] : []),
  ];
  return { ...column, pAdjusted, drifted: moved || missingMoved, ...(reasons.length === 0 ? {} : { reasons }) };
}

export interface DriftReading {
  /** By effect, largest first. */
  readonly columns: readonly ColumnDrift[];
  readonly values: Readonly<Record<string, Estimate>>;
}

/** Columns that only one side has are left out: the model's inputs decide what is compared. */
export function readDrift(reference: readonly ColumnProfile[], windows: readonly ColumnWindow[]): DriftReading {
  const byName = new Map(windows.map((window) => [window.name, window]));
  const raw = reference.flatMap((profile) => {
    const window = byName.get(profile.name);
    return window === undefined || profile.type === 'time' || profile.type === 'other'
      ? []
      : [compare(profile, window)];
  });
  const p = benjaminiHochberg(raw.map((one) => one.p));
  const missing = benjaminiHochberg(raw.map((one) => one.missingP));
  const columns = raw.map((one, i) => judge(one, p[i] ?? 1, missing[i] ?? 1)).sort((a, b) => b.effect - a.effect);
  if (columns.length === 0) return { columns, values: {} };
  const drifted = columns.filter((column) => column.drifted).length;
  const share = { value: drifted / columns.length, n: columns.length };
  return {
    columns,
    values: { value: share, drifted_share: share, drifted_columns: { value: drifted, n: columns.length } },
  };
}
