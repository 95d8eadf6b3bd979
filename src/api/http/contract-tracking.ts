/** Runs, lineage, SQL, and what is kept: the routes of tracking. */
import { z } from 'zod';
import { id, limit, name, route } from './contract-route.ts';
import { lineageResponse } from './schemas/lineage.ts';
import {
  collectRequest,
  collectResponse,
  restoreRequest,
  storageResponse,
  trashResponse,
} from './schemas/retention.ts';
import {
  artifactsResponse,
  bulkRequest,
  bulkResponse,
  curvesResponse,
  experimentsResponse,
  groupsResponse,
  historyResponse,
  previewResponse,
  runKeysResponse,
  runResponse,
  runsResponse,
  seriesRequest,
  viewRequest,
  viewsResponse,
} from './schemas/runs.ts';
import { done } from './schemas/scalars.ts';
import { sqlRequest, sqlResponse, tablesResponse } from './schemas/sql.ts';

const step = z.coerce.number().int();
const selection = { experiment: name.optional(), filter: z.string().max(4000).optional() };

export const TRACKING_ROUTES = {
  experiments: route('GET', '/api/v1/experiments', 'read', 'Experiments', { response: experimentsResponse }),
  runs: route('GET', '/api/v1/runs', 'read', 'Runs by filter and order, a page at a time', {
    query: z.object({
      ...selection,
      order: z.string().max(500).optional().describe('for example: metrics.log_loss ASC'),
      limit: limit.optional(),
      pageToken: z.string().max(2000).optional(),
      offset: z.coerce.number().int().min(0).max(10_000_000).optional().describe('instead of pageToken'),
      ids: z.string().max(20_000).optional().describe('only these runs, separated by commas, in this order'),
      columns: z
        .string()
        .max(10_000)
        .optional()
        .describe('only these of metrics, params and tags: metrics.auc,params.lr; default: all'),
      view: z.enum(['active', 'deleted', 'all']).optional(),
    }),
    response: runsResponse,
  }),
  runKeys: route('GET', '/api/v1/run-keys', 'read', 'Metric, param and tag keys there are, most used first', {
    query: z.object({ experiment: name.optional() }),
    response: runKeysResponse,
  }),
  runGroups: route(
    'GET',
    '/api/v1/run-groups',
    'read',
    'Runs grouped by what they share, with mean, spread and a test',
    {
      query: z.object({
        ...selection,
        by: z.string().max(2000).optional().describe('params.lr,tags.data; default: every param but the seed'),
        metric: name.optional().describe('that the groups are ordered by and tested on'),
        lowerIsBetter: z.enum(['true', 'false']).optional(),
      }),
      response: groupsResponse,
    },
  ),
  run: route('GET', '/api/v1/runs/{id}', 'read', 'One run', { params: id, response: runResponse }),
  runHistory: route(
    'GET',
    '/api/v1/runs/{id}/history',
    'read',
    'The points of one metric; beyond the limit thinned so that ends and peaks stay',
    {
      params: id,
      query: z.object({
        key: name,
        limit: z.coerce.number().int().min(2).max(10_000).optional(),
        fromStep: step.optional(),
        toStep: step.optional(),
      }),
      response: historyResponse,
    },
  ),
  series: route('POST', '/api/v1/series', 'read', 'Many curves at once, each thinned so that ends and peaks stay', {
    body: seriesRequest,
    response: curvesResponse,
  }),
  runArtifacts: route('GET', '/api/v1/runs/{id}/artifacts', 'read', 'Files of a run', {
    params: id,
    query: z.object({ path: z.string().max(1000).optional() }),
    response: artifactsResponse,
  }),
  artifactPreview: route('GET', '/api/v1/runs/{id}/preview', 'read', 'What a page may show of a file of a run', {
    params: id,
    query: z.object({ path: z.string().min(1).max(1000) }),
    response: previewResponse,
  }),
  bulkRuns: route('POST', '/api/v1/runs/bulk', 'log', 'Delete, restore or tag many runs at once', {
    body: bulkRequest,
    response: bulkResponse,
  }),
  views: route('GET', '/api/v1/views', 'read', 'Saved views', {
    query: z.object({ place: name.optional() }),
    response: viewsResponse,
  }),
  saveView: route('POST', '/api/v1/views', 'log', 'Save a view; one of the same place and name is replaced', {
    body: viewRequest,
    response: viewsResponse,
  }),
  deleteView: route('DELETE', '/api/v1/views/{id}', 'log', 'Forget a view', { params: id, response: done }),

  lineage: route('GET', '/api/v1/lineage', 'read', 'What led to a thing and what it led to', {
    query: z.object({
      node: z.string().min(3).max(600).describe('kind:id, for example version:flights/3'),
      direction: z.enum(['up', 'down', 'both']).optional(),
      depth: z.coerce.number().int().min(1).max(20).optional(),
    }),
    response: lineageResponse,
  }),

  sql: route('POST', '/api/v1/sql', 'read', 'A read-only query over all metadata', {
    body: sqlRequest,
    response: sqlResponse,
  }),
  sqlTables: route('GET', '/api/v1/sql/tables', 'read', 'The tables and columns that can be asked', {
    response: tablesResponse,
  }),

  collect: route('POST', '/api/v1/gc', 'admin', 'What nothing reaches any more; deletes it when asked to', {
    body: collectRequest,
    response: collectResponse,
  }),
  trash: route('GET', '/api/v1/trash', 'read', 'Deleted things that can still be restored', {
    query: z.object({ limit: limit.optional() }),
    response: trashResponse,
  }),
  restore: route('POST', '/api/v1/trash/restore', 'log', 'Take a thing out of the trash', {
    body: restoreRequest,
    response: done,
  }),
  storage: route('GET', '/api/v1/storage', 'read', 'What the artifacts take, and what naming equal files once saves', {
    response: storageResponse,
  }),
} as const;
