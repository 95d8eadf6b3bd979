/** Rows by their place in a list of any length: pages are read where the reader looks, and stay as they were read. */
import { keepPreviousData, useQueries, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { PAGE, runQueries, type RunsAsked } from '../../api/run-queries.ts';
import type { Run } from '../../api/types.ts';

export interface RunRows {
  /** undefined until the first page is there. */
  readonly total: number | undefined;
  readonly queryMs: number | undefined;
  readonly error: Error | null;
  /** undefined: not read yet. */
  readonly at: (index: number) => Run | undefined;
  /** The rows that are read, by their place. */
  readonly read: readonly (readonly [index: number, run: Run])[];
  /** Says which rows are seen. */
  readonly look: (from: number, to: number) => void;
  /** How many more (or fewer) match than when the rows were read. */
  readonly news: number;
  /** Reads everything again. */
  readonly renew: () => void;
}

/** While the reader scrolls fast, pages in between are not asked for. */
const SETTLE_MS = 70;
/** Pages kept: as many as a reader crosses before coming back. */
const MOST_PAGES = 6;

export function useRunRows(asked: RunsAsked, columns: string, enabled: boolean): RunRows {
  const client = useQueryClient();
  const [generation, setGeneration] = useState(0);
  const [wanted, setWanted] = useState<readonly number[]>([0]);
  const settle = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(settle.current), []);
  // Not a state: while the reader scrolls, nothing but the rows is made anew.
  const look = useCallback((from: number, to: number): void => {
    clearTimeout(settle.current);
    settle.current = setTimeout(() => {
      const [first, last] = [Math.floor(from / PAGE), Math.floor(to / PAGE)];
      const pages = Array.from({ length: Math.min(MOST_PAGES, last - first + 1) }, (_, i) => first + i);
      setWanted((was) => (was.join() === pages.join() ? was : pages));
    }, SETTLE_MS);
  }, []);
  // The rows before stay until the new ones are there: a filter or an order never empties the page.
  const first = useQuery({
    ...runQueries.page(generation, asked, columns, 0),
    placeholderData: keepPreviousData,
    enabled,
  });
  const pages = useQueries({
    queries: wanted.map((page) => ({ ...runQueries.page(generation, asked, columns, page), enabled })),
    combine: (results) => ({
      data: results.map((one) => one.data),
      error: results.find((one) => one.error !== null)?.error ?? null,
    }),
  });
  const rows = useMemo(() => {
    const map = new Map<number, Run>();
    first.data?.runs.forEach((run, i) => map.set(i, run));
    pages.data.forEach((data, i) => data?.runs.forEach((run, j) => map.set((wanted[i] ?? 0) * PAGE + j, run)));
    return map;
  }, [first.data, pages.data, wanted]);
  // Runs that go on get their new values in place; no row moves for it.
  const running = useMemo(
    () =>
      [...rows.values()]
        .filter((run) => run.status === 'RUNNING' && run.deletedAt === undefined)
        .map((run) => run.id)
        .slice(0, 50),
    [rows],
  );
  const live = useQuery(runQueries.byIds(running, columns, true)).data?.runs;
  const fresh = useMemo(() => new Map(live?.map((run) => [run.id, run])), [live]);
  const total = first.data?.total;
  const count = useQuery({ ...runQueries.count(asked), enabled: enabled && total !== undefined }).data?.total;
  const at = useCallback(
    (index: number): Run | undefined => {
      const page = Math.floor(index / PAGE);
      // A page that was read before is shown at once, also while the reader passes it.
      const run =
        rows.get(index) ??
        client.getQueryData(runQueries.page(generation, asked, columns, page).queryKey)?.runs[index - page * PAGE];
      return run === undefined ? undefined : (fresh.get(run.id) ?? run);
    },
    [rows, fresh, client, generation, asked, columns],
  );
  return {
    total,
    queryMs: first.data?.queryMs,
    error: first.error ?? pages.error,
    at,
    read: useMemo(() => [...rows].toSorted(([a], [b]) => a - b), [rows]),
    look,
    news: total === undefined || count === undefined ? 0 : count - total,
    renew: useCallback(() => setGeneration((was) => was + 1), []),
  };
}
