/** Reads of the pages of traces. Rows do not move under a reader: what is new is counted and offered. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { body, client } from './client.ts';
import type { components } from './schema.d.ts';

type Schemas = components['schemas'];
export type Trace = Schemas['TraceSummary'];
export type TraceDetail = Schemas['TraceDetail'];
export type SpanOutline = Schemas['SpanOutline'];
export type SpanDetail = Schemas['SpanDetail'];

export interface TracesAsked {
  readonly experiment?: string;
  readonly filter?: string;
  readonly order?: string;
}

/** Rows of one page of the table. */
export const TRACE_PAGE = 100;

const fetchTraces = (asked: TracesAsked, offset: number, limit: number, signal: AbortSignal) =>
  body(client.GET('/api/v1/traces', { params: { query: { ...asked, offset, limit } }, signal }));

export const traceQueries = {
  page: (generation: number, asked: TracesAsked, page: number) =>
    queryOptions({
      queryKey: ['trace-rows', generation, asked, page],
      queryFn: ({ signal }) => fetchTraces(asked, page * TRACE_PAGE, TRACE_PAGE, signal),
      staleTime: Infinity,
      refetchOnWindowFocus: false,
      retry: false,
    }),
  count: (asked: TracesAsked) =>
    queryOptions({
      queryKey: ['trace-count', asked],
      queryFn: ({ signal }) => fetchTraces(asked, 0, 1, signal),
      refetchInterval: 5000,
    }),
  trace: (id: string) =>
    queryOptions({
      queryKey: ['traces', id],
      queryFn: ({ signal }) => body(client.GET('/api/v1/traces/{id}', { signal, params: { path: { id } } })),
      refetchInterval: (query) => (query.state.data?.trace.state === 'IN_PROGRESS' ? 1000 : false),
    }),
  span: (id: string, span: string, running: boolean) =>
    queryOptions({
      queryKey: ['traces', id, 'spans', span, running],
      queryFn: ({ signal }) =>
        body(client.GET('/api/v1/traces/{id}/spans/{span}', { signal, params: { path: { id, span } } })),
      staleTime: running ? 1000 : Infinity,
      placeholderData: keepPreviousData,
    }),
};

export const deleteTraces = (traces: string[]) =>
  body(client.POST('/api/v1/traces/bulk', { body: { action: 'delete', traces } }));
