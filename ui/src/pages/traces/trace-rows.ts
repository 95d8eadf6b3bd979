/** Traces by their place in a list of any length: pages are read where the reader looks, and stay as they were read. */
import { keepPreviousData, useQueries, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { TRACE_PAGE, traceQueries, type Trace, type TracesAsked } from '../../api/trace-queries.ts';

export interface TraceRows {
  /** undefined until the first page is there. */
  readonly total: number | undefined;
  readonly queryMs: number | undefined;
  readonly error: Error | null;
  /** undefined: not read yet. */
  readonly at: (index: number) => Trace | undefined;
  readonly read: readonly Trace[];
  readonly look: (from: number, to: number) => void;
  /** How many more match than when the rows were read. */
  readonly news: number;
  readonly renew: () => void;
}

const SETTLE_MS = 70;
const MOST_PAGES = 4;

export function useTraceRows(asked: TracesAsked): TraceRows {
  const client = useQueryClient();
  const [generation, setGeneration] = useState(0);
  const [seen, setSeen] = useState<readonly [number, number]>([0, 0]);
  const [wanted, setWanted] = useState<readonly number[]>([0]);
  useEffect(() => {
    const timer = setTimeout(() => {
      const [from, to] = [Math.floor(seen[0] / TRACE_PAGE), Math.floor(seen[1] / TRACE_PAGE)];
      const pages = Array.from({ length: Math.min(MOST_PAGES, to - from + 1) }, (_, i) => from + i);
      setWanted((was) => (was.join() === pages.join() ? was : pages));
    }, SETTLE_MS);
    return () => clearTimeout(timer);
  }, [seen]);
  const first = useQuery({ ...traceQueries.page(generation, asked, 0), placeholderData: keepPreviousData });
  const pages = useQueries({
    queries: wanted.map((page) => traceQueries.page(generation, asked, page)),
    combine: (results) => results.map((one) => one.data),
  });
  const rows = useMemo(() => {
    const map = new Map<number, Trace>();
    first.data?.traces.forEach((trace, i) => map.set(i, trace));
    pages.forEach((data, i) => data?.traces.forEach((trace, j) => map.set((wanted[i] ?? 0) * TRACE_PAGE + j, trace)));
    return map;
  }, [first.data, pages, wanted]);
  const total = first.data?.total;
  const count = useQuery({ ...traceQueries.count(asked), enabled: total !== undefined && first.error === null }).data
    ?.total;
  return {
    total,
    queryMs: first.data?.queryMs,
    error: first.error,
    at: useCallback(
      (index: number) => {
        const page = Math.floor(index / TRACE_PAGE);
        return (
          rows.get(index) ??
          client.getQueryData(traceQueries.page(generation, asked, page).queryKey)?.traces[index - page * TRACE_PAGE]
        );
      },
      [rows, client, generation, asked],
    ),
    read: useMemo(() => [...rows.values()], [rows]),
    look: useCallback((from, to) => setSeen((was) => (was[0] === from && was[1] === to ? was : [from, to])), []),
    news: total === undefined || count === undefined ? 0 : Math.max(0, count - total),
    renew: useCallback(() => setGeneration((was) => was + 1), []),
  };
}
