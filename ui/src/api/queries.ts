/** Every read of the app as query options. The first part of a key is the resource; the live stream marks those as old. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { body, client } from './client.ts';

/** `-` in an address means: all projects. */
const scoped = (project: string): { project?: string } => (project === '-' ? {} : { project });

export const queries = {
  server: () =>
    queryOptions({
      queryKey: ['server'],
      queryFn: ({ signal }) => body(client.GET('/api/v1/server', { signal })),
      staleTime: 60_000,
    }),
  home: () =>
    queryOptions({
      queryKey: ['home'],
      queryFn: ({ signal }) => body(client.GET('/api/v1/home', { signal })),
      refetchInterval: 15_000,
    }),
  /** `types`: comma separated. */
  events: (project: string, limit: number, types: string) =>
    queryOptions({
      queryKey: ['events', project, limit, types],
      queryFn: ({ signal }) =>
        body(client.GET('/api/v1/events', { signal, params: { query: { ...scoped(project), limit, types } } })),
      placeholderData: keepPreviousData,
    }),
  resources: () =>
    queryOptions({
      queryKey: ['resources'],
      queryFn: ({ signal }) => body(client.GET('/api/v1/resources', { signal })),
      refetchInterval: 5000,
    }),
  experiments: () =>
    queryOptions({
      queryKey: ['runs', 'experiments'],
      queryFn: ({ signal }) => body(client.GET('/api/v1/experiments', { signal })),
    }),
  run: (id: string) =>
    queryOptions({
      queryKey: ['runs', id],
      queryFn: ({ signal }) => body(client.GET('/api/v1/runs/{id}', { signal, params: { path: { id } } })),
      refetchInterval: (query) => (query.state.data?.run.status === 'RUNNING' ? 2000 : false),
    }),
  artifacts: (id: string, path: string) =>
    queryOptions({
      queryKey: ['runs', id, 'artifacts', path],
      queryFn: ({ signal }) =>
        body(
          client.GET('/api/v1/runs/{id}/artifacts', {
            signal,
            params: { path: { id }, query: path === '' ? {} : { path } },
          }),
        ),
    }),
  datasets: (project: string) =>
    queryOptions({
      queryKey: ['datasets', project],
      queryFn: ({ signal }) =>
        body(client.GET('/api/v1/datasets', { signal, params: { query: { ...scoped(project), limit: 500 } } })),
    }),
  pipelineRuns: (project: string) =>
    queryOptions({
      queryKey: ['pipeline-runs', project],
      queryFn: ({ signal }) =>
        body(client.GET('/api/v1/pipeline-runs', { signal, params: { query: { ...scoped(project), limit: 200 } } })),
    }),
  pipelineRun: (id: string) =>
    queryOptions({
      queryKey: ['pipeline-runs', 'one', id],
      queryFn: ({ signal }) => body(client.GET('/api/v1/pipeline-runs/{id}', { signal, params: { path: { id } } })),
      refetchInterval: (query) => (query.state.data?.pipelineRun.status === 'running' ? 2000 : false),
    }),
  models: () =>
    queryOptions({ queryKey: ['models'], queryFn: ({ signal }) => body(client.GET('/api/v1/models', { signal })) }),
  model: (name: string) =>
    queryOptions({
      queryKey: ['models', name],
      queryFn: ({ signal }) =>
        body(client.GET('/api/v1/models/{name}', { signal, params: { path: { name }, query: { limit: 200 } } })),
    }),
  /** The newest few versions, for a row of the list. */
  modelTrend: (name: string) =>
    queryOptions({
      queryKey: ['models', name, 'trend'],
      queryFn: ({ signal }) =>
        body(client.GET('/api/v1/models/{name}', { signal, params: { path: { name }, query: { limit: 24 } } })),
      staleTime: 30_000,
    }),
  aliasMoves: (name: string) =>
    queryOptions({
      queryKey: ['models', name, 'alias-moves'],
      queryFn: ({ signal }) =>
        body(client.GET('/api/v1/models/{name}/alias-moves', { signal, params: { path: { name } } })),
    }),
  version: (name: string, version: number) =>
    queryOptions({
      queryKey: ['models', name, version],
      queryFn: ({ signal }) =>
        body(client.GET('/api/v1/models/{name}/versions/{version}', { signal, params: { path: { name, version } } })),
      refetchInterval: (query) =>
        query.state.data?.proofs.some((one) => one.status === 'running') === true ? 2000 : false,
    }),
  lineage: (node: string, direction: 'up' | 'down' | 'both', depth: number) =>
    queryOptions({
      queryKey: ['lineage', node, direction, depth],
      queryFn: ({ signal }) =>
        body(client.GET('/api/v1/lineage', { signal, params: { query: { node, direction, depth } } })),
      placeholderData: keepPreviousData,
    }),
  views: (place: string) =>
    queryOptions({
      queryKey: ['views', place],
      queryFn: ({ signal }) => body(client.GET('/api/v1/views', { signal, params: { query: { place } } })),
    }),
  sql: (sql: string) =>
    queryOptions({
      queryKey: ['sql', sql],
      queryFn: ({ signal }) => body(client.POST('/api/v1/sql', { signal, body: { sql, limit: 10_000 } })),
      // A query answers once; it is asked again by hand.
      staleTime: Infinity,
      refetchOnWindowFocus: false,
      retry: false,
    }),
  sqlTables: () =>
    queryOptions({
      queryKey: ['sql-tables'],
      queryFn: ({ signal }) => body(client.GET('/api/v1/sql/tables', { signal })),
      staleTime: 600_000,
    }),
  storage: () =>
    queryOptions({
      queryKey: ['storage'],
      queryFn: ({ signal }) => body(client.GET('/api/v1/storage', { signal })),
    }),
  trash: () =>
    queryOptions({
      queryKey: ['trash'],
      queryFn: ({ signal }) => body(client.GET('/api/v1/trash', { signal, params: { query: { limit: 1000 } } })),
    }),
  endpoints: () =>
    queryOptions({
      queryKey: ['endpoints'],
      queryFn: ({ signal }) => body(client.GET('/api/v1/endpoints', { signal })),
      refetchInterval: 5000,
    }),
  endpoint: (name: string) =>
    queryOptions({
      queryKey: ['endpoints', name],
      queryFn: ({ signal }) => body(client.GET('/api/v1/endpoints/{name}', { signal, params: { path: { name } } })),
      refetchInterval: 2000,
    }),
  series: (name: string, windowMs: number) =>
    queryOptions({
      queryKey: ['endpoints', name, 'series', windowMs],
      queryFn: ({ signal }) =>
        body(
          client.GET('/api/v1/endpoints/{name}/series', { signal, params: { path: { name }, query: { windowMs } } }),
        ),
      refetchInterval: 5000,
      placeholderData: keepPreviousData,
    }),
  predictions: (name: string, limit = 12) =>
    queryOptions({
      queryKey: ['endpoints', name, 'predictions', { limit }],
      queryFn: ({ signal }) =>
        body(
          client.GET('/api/v1/endpoints/{name}/predictions', { signal, params: { path: { name }, query: { limit } } }),
        ),
      refetchInterval: 5000,
    }),
  shadow: (name: string) =>
    queryOptions({
      queryKey: ['endpoints', name, 'shadow'],
      queryFn: ({ signal }) =>
        body(
          client.GET('/api/v1/endpoints/{name}/shadow', { signal, params: { path: { name }, query: { limit: 12 } } }),
        ),
      refetchInterval: (query) => (query.state.data?.shadow?.active === true ? 5000 : 30_000),
    }),
  abTest: (name: string) =>
    queryOptions({
      queryKey: ['endpoints', name, 'ab'],
      queryFn: ({ signal }) => body(client.GET('/api/v1/endpoints/{name}/ab', { signal, params: { path: { name } } })),
      refetchInterval: (query) => (query.state.data?.test?.status === 'running' ? 5000 : 30_000),
    }),
  /** A prediction of which only the id is known. */
  findPrediction: (id: string) =>
    queryOptions({
      queryKey: ['predictions', id],
      queryFn: ({ signal }) => body(client.GET('/api/v1/predictions/{id}', { signal, params: { path: { id } } })),
      retry: false,
      staleTime: 60_000,
    }),
  prediction: (name: string, id: string) =>
    queryOptions({
      queryKey: ['endpoints', name, 'predictions', id],
      queryFn: ({ signal }) =>
        body(client.GET('/api/v1/endpoints/{name}/predictions/{id}', { signal, params: { path: { name, id } } })),
    }),
  monitors: (project: string) =>
    queryOptions({
      queryKey: ['monitors', project],
      queryFn: ({ signal }) => body(client.GET('/api/v1/monitors', { signal, params: { query: scoped(project) } })),
    }),
  monitor: (project: string, name: string) =>
    queryOptions({
      queryKey: ['monitors', project, name],
      queryFn: ({ signal }) =>
        body(
          client.GET('/api/v1/projects/{project}/monitors/{name}', {
            signal,
            params: { path: { project, name }, query: { limit: 200 } },
          }),
        ),
    }),
  alerts: (project: string) =>
    queryOptions({
      queryKey: ['alerts', project],
      queryFn: ({ signal }) =>
        body(client.GET('/api/v1/alerts', { signal, params: { query: { ...scoped(project), limit: 100 } } })),
    }),
  alert: (id: string) =>
    queryOptions({
      queryKey: ['alerts', 'one', id],
      queryFn: ({ signal }) => body(client.GET('/api/v1/alerts/{id}', { signal, params: { path: { id } } })),
    }),
};
