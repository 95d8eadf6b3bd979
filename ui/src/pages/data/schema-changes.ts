/** What became of the columns from one version of a dataset to the next. */
import type { DatasetVersion } from '../../api/types.ts';

export type Column = DatasetVersion['columns'][number];

export interface ColumnChange {
  readonly column: Column;
  readonly before: Column | undefined;
  /** `new`: not there before; `gone`: no longer there; `type`: another type. */
  readonly change: 'new' | 'gone' | 'type' | undefined;
  /** How far the mean went, in standard deviations of before. */
  readonly shift: number | undefined;
}

export function columnChanges(now: DatasetVersion, before: DatasetVersion | undefined): readonly ColumnChange[] {
  const known = new Map((before?.columns ?? []).map((one) => [one.name, one]));
  const here = now.columns.map((column): ColumnChange => {
    const was = known.get(column.name);
    known.delete(column.name);
    const shift =
      was?.mean === undefined || column.mean === undefined || was.sd === undefined || was.sd === 0
        ? undefined
        : (column.mean - was.mean) / was.sd;
    return {
      column,
      before: was,
      change:
        before === undefined ? undefined : was === undefined ? 'new' : was.type === column.type ? undefined : 'type',
      shift,
    };
  });
  const gone = [...known.values()].map(
    (column): ColumnChange => ({ column, before: column, change: 'gone', shift: undefined }),
  );
  return [...here, ...gone];
}

/** Versions of the same dataset, newest first, and the one before. */
export function family(
  all: readonly DatasetVersion[],
  one: DatasetVersion,
): { readonly versions: readonly DatasetVersion[]; readonly before: DatasetVersion | undefined } {
  const versions = all
    .filter((other) => other.project === one.project && other.name === one.name)
    .toSorted((a, b) => b.createdAt - a.createdAt);
  return { versions, before: versions[versions.indexOf(one) + 1] };
}

export const shortDigest = (digest: string): string => digest.replace('sha256:', '').slice(0, 12);
