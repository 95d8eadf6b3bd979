/** Traces as our own pages read them: a list, an outline of the spans, and one span whole. */
import { z } from 'zod';

const state = z.enum(['STATE_UNSPECIFIED', 'OK', 'ERROR', 'IN_PROGRESS']);

const trace = z
  .object({
    id: z.string(),
    name: z.string().optional(),
    experimentId: z.string(),
    experiment: z.string(),
    requestTime: z.number(),
    /** Absent while it runs. */
    durationMs: z.number().optional(),
    state,
    request: z.string().optional(),
    response: z.string().optional(),
    /** Without those MLflow's client keeps for itself. */
    tags: z.record(z.string(), z.string()),
    runId: z.string().optional(),
    session: z.string().optional(),
    user: z.string().optional(),
    tokens: z.object({ input: z.number(), output: z.number(), total: z.number() }).optional(),
    /** In US dollars. */
    cost: z.number().optional(),
    spans: z.number(),
    said: z.array(z.object({ name: z.string(), kind: z.string(), value: z.unknown() })),
  })
  .meta({ id: 'TraceSummary' });

export const tracesResponse = z
  .object({ traces: z.array(trace), total: z.number(), queryMs: z.number() })
  .meta({ id: 'Traces' });

const outline = z
  .object({
    id: z.string(),
    parentId: z.string().optional(),
    name: z.string(),
    type: z.string(),
    status: z.enum(['UNSET', 'OK', 'ERROR']),
    statusMessage: z.string().optional(),
    /** Microseconds after the first span began. */
    startUs: z.number(),
    /** Absent while it runs. */
    durationUs: z.number().optional(),
    tokens: z.number().optional(),
    events: z.number(),
  })
  .meta({ id: 'SpanOutline' });

const assessment = z
  .object({
    id: z.string(),
    name: z.string(),
    kind: z.enum(['feedback', 'expectation', 'issue']),
    value: z.unknown(),
    error: z.string().optional(),
    source: z.string(),
    by: z.string(),
    rationale: z.string().optional(),
    spanId: z.string().optional(),
    createdAt: z.number(),
    valid: z.boolean(),
  })
  .meta({ id: 'TraceAssessment' });

export const traceResponse = z
  .object({
    trace,
    metadata: z.record(z.string(), z.string()),
    /** By start; at most 20,000. */
    spans: z.array(outline),
    truncated: z.boolean(),
    assessments: z.array(assessment),
  })
  .meta({ id: 'TraceDetail' });

const attributes = z.record(z.string(), z.unknown());

export const spanResponse = z
  .object({
    id: z.string(),
    parentId: z.string().optional(),
    name: z.string(),
    type: z.string(),
    status: z.enum(['UNSET', 'OK', 'ERROR']),
    statusMessage: z.string(),
    startNs: z.string(),
    endNs: z.string().optional(),
    inputs: z.unknown().optional(),
    outputs: z.unknown().optional(),
    attributes,
    events: z.array(z.object({ name: z.string(), atUs: z.number(), attributes })),
    links: z.array(z.object({ traceId: z.string(), spanId: z.string(), attributes })),
  })
  .meta({ id: 'SpanDetail' });

export const traceBulkRequest = z
  .object({ action: z.literal('delete'), traces: z.array(z.string().min(1).max(100)).min(1).max(1000) })
  .strict()
  .meta({ id: 'TraceBulkChange' });
