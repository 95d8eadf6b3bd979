/** Runs side by side: what differs, numbers of a field, looks. */
import { useQuery } from '@tanstack/react-query';
import { runQueries } from '../../api/run-queries.ts';
import type { Run } from '../../api/types.ts';
import { category, type Category } from '../../charts/series-mark.tsx';

const KINDS = ['metrics', 'params', 'tags'] as const;
export type Kind = (typeof KINDS)[number];

/** One read for all of them. */
export const useCompared = (ids: readonly string[]) => useQuery(runQueries.byIds(ids));

/** The names of `kind` that any run has, those that differ apart from those that are equal. */
export function parted(
  runs: readonly Run[],
  kind: Kind,
): { readonly differ: readonly string[]; readonly equal: readonly string[] } {
  const names = [...new Set(runs.flatMap((run) => Object.keys(run[kind])))].toSorted();
  const differs = (name: string): boolean => new Set(runs.map((run) => run[kind][name])).size > 1;
  return { differ: names.filter(differs), equal: names.filter((name) => !differs(name)) };
}

/** The value of `params.lr`, `metrics.auc`, `tags.team`. */
export function valueOf(run: Run, field: string): string | number | undefined {
  const dot = field.indexOf('.');
  const kind = KINDS.find((one) => one === field.slice(0, dot));
  return kind === undefined ? undefined : run[kind][field.slice(dot + 1)];
}

/** The same as a number; undefined when it is none. */
export function numberAt(run: Run, field: string): number | undefined {
  const value = valueOf(run, field);
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/** Fields that most runs have as numbers, and that are not the same in all. */
export function numericFields(runs: readonly Run[]): readonly string[] {
  const fields = [
    ...parted(runs, 'params').differ.map((name) => `params.${name}`),
    ...parted(runs, 'metrics').differ.map((name) => `metrics.${name}`),
  ];
  return fields.filter((field) => runs.filter((run) => numberAt(run, field) !== undefined).length * 2 >= runs.length);
}

export const nameOf = (field: string): string => field.slice(field.indexOf('.') + 1);

/** Six have a colour, a mark and a dash; among more, colour would say nothing, so all are ink but the one in focus. */
export function lookOf(
  index: number,
  count: number,
): Pick<Category, 'color'> & Partial<Pick<Category, 'dash' | 'shape'>> {
  if (count > 6) return { color: 'var(--ink-2)' };
  const { color, dash, shape } = category(index);
  return { color, shape, dash };
}

/** Spearman's rank correlation of two fields over the runs that have both. */
export function rankCorrelation(runs: readonly Run[], a: string, b: string): number {
  const pairs = runs.flatMap((run) => {
    const [x, y] = [numberAt(run, a), numberAt(run, b)];
    return x === undefined || y === undefined ? [] : [[x, y] as const];
  });
  const ranks = (values: readonly number[]): readonly number[] => {
    const order = values.map((value, i) => ({ value, i })).toSorted((p, q) => p.value - q.value);
    const ranked = values.map(() => 0);
    let start = 0;
    while (start < order.length) {
      let end = start;
      while (end + 1 < order.length && order[end + 1]?.value === order[start]?.value) end += 1;
      for (let k = start; k <= end; k += 1) ranked[order[k]?.i ?? 0] = (start + end) / 2;
      start = end + 1;
    }
    return ranked;
  };
  const [rx, ry] = [ranks(pairs.map(([x]) => x)), ranks(pairs.map(([, y]) => y))];
  const mean = (rx.length - 1) / 2;
  let [top, left, right] = [0, 0, 0];
  rx.forEach((x, i) => {
    const y = ry[i] ?? mean;
    top += (x - mean) * (y - mean);
    left += (x - mean) ** 2;
    right += (y - mean) ** 2;
  });
  return left === 0 || right === 0 ? 0 : top / Math.sqrt(left * right);
}
