/** Traces: the routes. */
import { z } from 'zod';
import { id, limit, name, route } from './contract-route.ts';
import { bulkResponse } from './schemas/runs.ts';
import { spanResponse, traceBulkRequest, traceResponse, tracesResponse } from './schemas/traces.ts';

export const TRACE_ROUTES = {
  traces: route('GET', '/api/v1/traces', 'read', 'Traces by filter and order, any slice', {
    query: z.object({
      experiment: name.optional(),
      filter: z.string().max(4000).optional().describe("for example: trace.status = 'ERROR' AND span.type = 'LLM'"),
      order: z.string().max(500).optional().describe('for example: execution_time_ms DESC'),
      limit: limit.optional(),
      offset: z.coerce.number().int().min(0).max(10_000_000).optional(),
    }),
    response: tracesResponse,
  }),
  trace: route('GET', '/api/v1/traces/{id}', 'read', 'A trace: its spans in outline and what was said of it', {
    params: id,
    response: traceResponse,
  }),
  traceSpan: route('GET', '/api/v1/traces/{id}/spans/{span}', 'read', 'One span whole', {
    params: z.object({ id: name, span: name }),
    response: spanResponse,
  }),
  bulkTraces: route('POST', '/api/v1/traces/bulk', 'log', 'Delete many traces at once; they do not come back', {
    body: traceBulkRequest,
    response: bulkResponse,
  }),
} as const;
