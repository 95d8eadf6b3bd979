import type { ColumnDrift, Evaluation, Monitor } from '../../api/types.ts';

/** The numbers of an alert condition, to be drawn as rules: `value outside 0.8..1.25`, `value > 0.3`. */
export function alertLimits(condition: string | undefined): readonly number[] {
  if (condition === undefined) return [];
  const range = /(?:outside|inside)\s+(-?[\d.]+)\.\.(-?[\d.]+)/i.exec(condition);
  if (range !== null) return [Number(range[1]), Number(range[2])];
  return [...condition.matchAll(/[<>]=?\s*(-?[\d.]+(?:e-?\d+)?)\s*(%?)/gi)].map(
    (one) => Number(one[1]) * (one[2] === '%' ? 0.01 : 1),
  );
}

/** The named value that a monitor is about. */
export function mainValue(
  monitor: Pick<Monitor, 'kind' | 'metric'>,
  evaluation: Evaluation,
): Evaluation['values'][string] | undefined {
  const { values } = evaluation;
  if (monitor.kind === 'drift') return values['drifted_share'] ?? values['value'];
  return values['value'] ?? (monitor.metric === undefined ? undefined : values[monitor.metric]);
}

export const movedFirst = (columns: readonly ColumnDrift[]): readonly ColumnDrift[] =>
  columns.toSorted((a, b) => Number(b.drifted) - Number(a.drifted) || b.effect - a.effect);
