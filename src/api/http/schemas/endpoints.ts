import { z } from 'zod';
import { scalar, signature } from './scalars.ts';

const releaseLoad = z
  .object({
    releaseId: z.string(),
    version: z.number(),
    percent: z.number(),
    role: z.enum(['champion', 'candidate', 'previous']),
    calls: z.number(),
    rows: z.number(),
    errors: z.number(),
    rejected: z.number(),
    p50Ms: z.number().optional(),
    p95Ms: z.number().optional(),
    p99Ms: z.number().optional(),
  })
  .meta({ id: 'ReleaseLoad' });

const rollout = z
  .object({
    id: z.string(),
    status: z.enum(['running', 'promoted', 'rolled-back']),
    version: z.number(),
    fromVersion: z.number().optional(),
    createdAt: z.number(),
    endedAt: z.number().optional(),
    stepIndex: z.number(),
    steps: z.array(
      z.object({
        percent: z.number(),
        startedAt: z.number().optional(),
        endedAt: z.number().optional(),
        calls: z.number().optional(),
      }),
    ),
    hold: z.object({ ms: z.number(), calls: z.number() }),
    /** 0..1 of the running step. */
    progress: z.number(),
    guards: z.array(
      z.object({ at: z.number(), text: z.string(), observed: z.number().optional(), tripped: z.boolean().nullable() }),
    ),
    reason: z.string().optional(),
    cause: z.string(),
  })
  .meta({ id: 'Rollout' });

const endpoint = z
  .object({
    name: z.string(),
    project: z.string(),
    model: z.string(),
    createdAt: z.number(),
    epoch: z.number(),
    restUrl: z.string(),
    grpcAddress: z.string(),
    plane: z.object({ up: z.boolean(), pid: z.number().optional(), startedAt: z.number().optional() }),
    releases: z.array(releaseLoad),
    log: z.object({ written: z.number(), dropped: z.number(), pending: z.number() }).optional(),
    rollout: rollout.optional(),
    previousVersion: z.number().optional(),
  })
  .meta({ id: 'Endpoint' });

export const endpointsResponse = z.object({ endpoints: z.array(endpoint) }).meta({ id: 'Endpoints' });
export const endpointResponse = z
  .object({
    endpoint,
    signature: signature.optional(),
    /** One row of real input, for the Try it panel. */
    example: z.record(z.string(), z.union([scalar, z.null()])).optional(),
    rollouts: z.array(rollout),
  })
  .meta({ id: 'EndpointDetail' });

export const seriesResponse = z
  .object({
    stepMs: z.number(),
    points: z.array(
      z.object({
        at: z.number(),
        byVersion: z.array(
          z.object({
            version: z.number(),
            calls: z.number(),
            errors: z.number(),
            p50Ms: z.number().optional(),
            p95Ms: z.number().optional(),
            p99Ms: z.number().optional(),
          }),
        ),
      }),
    ),
    events: z.array(z.object({ at: z.number(), text: z.string() })),
  })
  .meta({ id: 'EndpointSeries' });

const prediction = z
  .object({
    id: z.string(),
    time: z.number().describe('on the clock of the data'),
    receivedAt: z.number(),
    version: z.number(),
    latencyMs: z.number(),
    inputs: z.record(z.string(), z.union([scalar, z.null()])),
    score: z.number().nullable(),
    outcome: z.number().optional(),
    outcomeTime: z.number().optional(),
  })
  .meta({ id: 'Prediction' });

export const predictionsResponse = z
  .object({ predictions: z.array(prediction), total: z.number() })
  .meta({ id: 'Predictions' });
export const predictionResponse = z.object({ prediction }).meta({ id: 'PredictionDetail' });

export const deployRequest = z
  .object({ version: z.number().int().positive().optional() })
  .strict()
  .meta({ id: 'Deploy' });
export const deployResponse = z
  .object({ endpoint, rollout: rollout.optional(), unchanged: z.boolean() })
  .meta({ id: 'Deployed' });
export const rollbackResponse = z
  .object({ endpoint, from: z.number(), to: z.number(), ms: z.number() })
  .meta({ id: 'RolledBack' });

export const outcomesRequest = z
  .object({
    outcomes: z
      .array(
        z
          .object({
            prediction_id: z.string().min(1).max(256),
            name: z.string().min(1).max(100),
            value: z.number(),
            time: z.number().int().optional(),
          })
          .strict(),
      )
      .min(1)
      .max(20_000),
  })
  .strict()
  .meta({ id: 'Outcomes' });
export const outcomesResponse = z.object({ accepted: z.number() }).meta({ id: 'OutcomesAccepted' });

export const tryRequest = z
  .object({
    rows: z
      .array(z.record(z.string(), z.union([scalar, z.null()])))
      .min(1)
      .max(100),
  })
  .strict()
  .meta({ id: 'TryIt' });
export const tryResponse = z
  .object({
    id: z.string(),
    version: z.number(),
    latencyMs: z.number(),
    request: z.unknown(),
    response: z.unknown(),
  })
  .meta({ id: 'TryItAnswer' });
