/** Reads of the pages of runs. Keys that begin with `run-rows` are not made old by the live stream: rows do not move under a reader. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { body, client } from './client.ts';
import type { components } from './schema.d.ts';

type Schemas = components['schemas'];
export type RunKeys = Schemas['RunKeys'];
export type RunGroups = Schemas['RunGroups'];
export type SavedView = Schemas['SavedView'];
export type ArtifactPreview = Schemas['ArtifactPreview'];
/** Points are step, time and value; the client's types read a tuple as a list. */
export type WireCurve = Omit<Schemas['Curves']['curves'][number], 'points'> & {
  readonly points: readonly (readonly (number | string)[])[];
};

export interface RunsAsked {
  readonly experiment?: string;
  readonly filter?: string;
  readonly order?: string;
  readonly view?: 'active' | 'deleted' | 'all';
}

/** Rows of one page of the table. */
export const PAGE = 100;
const LIVE_MS = 2000;

export const fetchRuns = (
  asked: RunsAsked,
  more: { readonly columns?: string; readonly offset?: number; readonly limit: number },
  signal?: AbortSignal,
) =>
  body(
    client.GET('/api/v1/runs', {
      params: { query: { ...asked, ...more } },
      ...(signal === undefined ? {} : { signal }),
    }),
  );

export const runQueries = {
  page: (generation: number, asked: RunsAsked, columns: string, page: number) =>
    queryOptions({
      queryKey: ['run-rows', generation, asked, columns, page],
      queryFn: ({ signal }) => fetchRuns(asked, { columns, offset: page * PAGE, limit: PAGE }, signal),
      staleTime: Infinity,
      refetchOnWindowFocus: false,
    }),
  /** How many match now, to say that there are new ones. */
  count: (asked: RunsAsked) =>
    queryOptions({
      queryKey: ['run-count', asked],
      queryFn: ({ signal }) => fetchRuns(asked, { columns: '', limit: 1 }, signal),
      refetchInterval: 5000,
    }),
  byIds: (ids: readonly string[], columns?: string, live = false) =>
    queryOptions({
      queryKey: ['run-ids', ids.join(','), columns ?? '*'],
      queryFn: ({ signal }) =>
        body(
          client.GET('/api/v1/runs', {
            signal,
            params: { query: { ids: ids.join(','), ...(columns === undefined ? {} : { columns }) } },
          }),
        ),
      enabled: ids.length > 0,
      placeholderData: keepPreviousData,
      refetchInterval: (query) =>
        live || query.state.data?.runs.some((run) => run.status === 'RUNNING') === true ? LIVE_MS : false,
    }),
  keys: (experiment: string | undefined) =>
    queryOptions({
      queryKey: ['runs', 'keys', experiment],
      queryFn: ({ signal }) =>
        body(
          client.GET('/api/v1/run-keys', { signal, params: { query: experiment === undefined ? {} : { experiment } } }),
        ),
      staleTime: 30_000,
      placeholderData: keepPreviousData,
    }),
  groups: (asked: RunsAsked, by: string, metric: string | undefined, lowerIsBetter: boolean | undefined) =>
    queryOptions({
      queryKey: ['runs', 'groups', asked, by, metric, lowerIsBetter],
      queryFn: ({ signal }) =>
        body(
          client.GET('/api/v1/run-groups', {
            signal,
            params: {
              query: {
                ...(asked.experiment === undefined ? {} : { experiment: asked.experiment }),
                ...(asked.filter === undefined ? {} : { filter: asked.filter }),
                ...(by === 'seed' ? {} : { by }),
                ...(metric === undefined ? {} : { metric }),
                ...(lowerIsBetter === undefined ? {} : { lowerIsBetter: lowerIsBetter ? 'true' : 'false' }),
              },
            },
          }),
        ),
      placeholderData: keepPreviousData,
      retry: false,
    }),
  curves: (
    runs: readonly string[],
    keys: readonly string[],
    options: {
      readonly maxPoints: number;
      readonly range?: readonly [number, number] | undefined;
      readonly live: boolean;
    },
  ) =>
    queryOptions({
      queryKey: ['run-curves', runs.join(','), keys.join(','), options.maxPoints, options.range?.join() ?? ''],
      queryFn: ({ signal }) =>
        body(
          client.POST('/api/v1/series', {
            signal,
            body: {
              runs: [...runs],
              keys: [...keys],
              maxPoints: options.maxPoints,
              ...(options.range === undefined
                ? {}
                : { fromStep: Math.floor(options.range[0]), toStep: Math.ceil(options.range[1]) }),
            },
          }),
        ),
      enabled: runs.length > 0 && keys.length > 0,
      placeholderData: keepPreviousData,
      refetchInterval: options.live ? LIVE_MS : false,
      staleTime: 5000,
    }),
  preview: (id: string, path: string) =>
    queryOptions({
      queryKey: ['run-preview', id, path],
      queryFn: ({ signal }) =>
        body(client.GET('/api/v1/runs/{id}/preview', { signal, params: { path: { id }, query: { path } } })),
      staleTime: 60_000,
    }),
  views: (place: string) =>
    queryOptions({
      queryKey: ['views', place],
      queryFn: ({ signal }) => body(client.GET('/api/v1/views', { signal, params: { query: { place } } })),
    }),
};

export const runCommands = {
  bulk: (change: Schemas['BulkChange']) => body(client.POST('/api/v1/runs/bulk', { body: change })),
  saveView: (view: Schemas['SaveView']) => body(client.POST('/api/v1/views', { body: view })),
  deleteView: (id: string) => body(client.DELETE('/api/v1/views/{id}', { params: { path: { id } } })),
};
