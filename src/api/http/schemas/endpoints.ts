import { z } from 'zod';
import { scalar, signature } from './scalars.ts';

const releaseLoad = z
  .object({
    releaseId: z.string(),
    version: z.number(),
    percent: z.number(),
    role: z.enum(['champion', 'candidate', 'previous', 'shadow']),
    calls: z.number(),
    rows: z.number(),
    errors: z.number(),
    rejected: z.number(),
    p50Ms: z.number().optional(),
    p95Ms: z.number().optional(),
    p99Ms: z.number().optional(),
    runtime: z.enum(['onnx', 'python', 'proxy']),
    /** Absent while the data plane does not answer, or does not hold the release. */
    state: z.enum(['warm', 'cold', 'loading', 'quarantined', 'unloaded']).optional(),
    /** Times it was loaded because a call came. */
    coldStarts: z.number().optional(),
    /** Workers that hold the model, and workers that were replaced after a fault. */
    replicas: z.number().optional(),
    restarts: z.number().optional(),
    inFlight: z.number().optional(),
    /** Calls that wait for a worker, and calls refused because they could not have been answered in time. */
    waiting: z.number().optional(),
    shed: z.number().optional(),
    /** Mean rows of a batch, mean ms that a batch ran, mean ms that a call waited. */
    batchRows: z.number().optional(),
    computeMs: z.number().optional(),
    queueMs: z.number().optional(),
    rssBytes: z.number().optional(),
  })
  .meta({ id: 'ReleaseLoad' });

/** One look at an A/B test. The interval is valid however often it is looked at. */
const abReading = z
  .object({
    at: z.number(),
    candidate: z.object({ version: z.number(), n: z.number(), mean: z.number() }),
    stable: z.object({ version: z.number(), n: z.number(), mean: z.number() }),
    difference: z.number().describe('candidate - stable'),
    low: z.number(),
    high: z.number(),
    verdict: z.enum(['candidate', 'stable', 'not enough data']),
    leftOut: z.number().optional().describe('outcomes that the metric is not defined for'),
  })
  .meta({ id: 'AbReading' });

const ab = z.object({
  split: z.number(),
  outcome: z.string(),
  metric: z.enum(['outcome_rate', 'accuracy', 'log_loss', 'brier']),
  confidence: z.number(),
  atMostMs: z.number(),
});

const rollout = z
  .object({
    id: z.string(),
    status: z.enum(['running', 'promoted', 'rolled-back']),
    version: z.number(),
    fromVersion: z.number().optional(),
    strategy: z.enum(['canary', 'all-at-once', 'shadow', 'ab']),
    createdAt: z.number(),
    endedAt: z.number().optional(),
    stepIndex: z.number(),
    steps: z.array(
      z.object({
        percent: z.number(),
        mirror: z.number().optional().describe('a shadow step: the share of the calls that is copied'),
        startedAt: z.number().optional(),
        endedAt: z.number().optional(),
        calls: z.number().optional(),
      }),
    ),
    hold: z.object({ ms: z.number(), calls: z.number() }),
    /** 0..1 of the running step; of an A/B test: of the time it may take. */
    progress: z.number(),
    guards: z.array(
      z.object({ at: z.number(), text: z.string(), observed: z.number().optional(), tripped: z.boolean().nullable() }),
    ),
    /** What the running step waits for, in words. */
    waits: z.string().optional(),
    overdue: z.boolean().optional(),
    atMostMs: z.number().optional(),
    ab: ab.optional(),
    abReading: abReading.optional(),
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
    log: z
      .object({
        written: z.number(),
        dropped: z.number(),
        pending: z.number(),
        /** Why rows were dropped: they came faster than they could be written, or the disk refused them. */
        lost: z.object({ buffer: z.number(), disk: z.number() }).optional(),
      })
      .optional(),
    /** A release that answers copies of the calls. */
    mirror: z.object({ releaseId: z.string(), version: z.number(), percent: z.number() }).optional(),
    /** The A/B test that splits the callers now: its rollout's id. */
    experiment: z.string().optional(),
    limits: z.object({
      timeoutMs: z.number(),
      queue: z.number(),
      perClient: z.object({ perSecond: z.number(), burst: z.number() }).optional(),
      replicas: z.object({ min: z.number(), max: z.number() }),
      idleMs: z.number(),
      memoryMib: z.number(),
    }),
    logging: z.object({ sample: z.number(), redact: z.array(z.string()) }),
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

/** A copy of the calls beside the answers that were given: the newest shadow rollout of the endpoint. */
export const shadowResponse = z
  .object({
    shadow: z
      .object({
        rolloutId: z.string(),
        status: z.enum(['running', 'promoted', 'rolled-back']),
        /** Copies are being made now. */
        active: z.boolean(),
        version: z.number(),
        liveVersion: z.number().optional(),
        percent: z.number().describe('share of the calls that is or was copied'),
        startedAt: z.number(),
        endedAt: z.number().optional(),
        /** Rows that both answered, from the prediction log. */
        rows: z.number(),
        differing: z.number().describe('rows whose scores differ by more than 1e-6 + 1e-4 × |live|'),
        meanAbsDiff: z.number(),
        maxAbsDiff: z.number(),
        scoreShift: z.number().optional().describe('Kolmogorov-Smirnov distance of the two on the same rows'),
        latency: z.object({ p50: z.number(), p95: z.number(), p99: z.number() }).optional(),
        /** Since the data plane started: copies that failed, copies not made because the candidate could not keep up. */
        errors: z.number().optional(),
        dropped: z.number().optional(),
        /** Same edges for both. */
        histogram: z
          .object({ edges: z.array(z.number()), live: z.array(z.number()), shadow: z.array(z.number()) })
          .optional(),
        top: z.array(
          z.object({
            id: z.string(),
            time: z.number(),
            receivedAt: z.number(),
            inputs: z.record(z.string(), z.union([scalar, z.null()])),
            live: z.number(),
            shadow: z.number(),
            difference: z.number().describe('shadow - live'),
          }),
        ),
      })
      .optional(),
  })
  .meta({ id: 'ShadowComparison' });

/** The newest A/B test of the endpoint. */
export const abResponse = z
  .object({
    test: z
      .object({
        rolloutId: z.string(),
        status: z.enum(['running', 'promoted', 'rolled-back']),
        version: z.number(),
        fromVersion: z.number().optional(),
        startedAt: z.number(),
        endedAt: z.number().optional(),
        /** When it ends without a winner. */
        endsAt: z.number(),
        ...ab.shape,
        higherIsBetter: z.boolean(),
        reading: abReading.optional(),
        waits: z.string().optional(),
        reason: z.string().optional(),
      })
      .optional(),
  })
  .meta({ id: 'AbTest' });

export const foundPredictionResponse = z
  .object({ endpoint: z.string(), project: z.string(), model: z.string(), prediction })
  .meta({ id: 'FoundPrediction' });

export const predictionsResponse = z
  .object({ predictions: z.array(prediction), total: z.number() })
  .meta({ id: 'Predictions' });
export const predictionResponse = z.object({ prediction }).meta({ id: 'PredictionDetail' });

export const deployRequest = z
  .object({
    version: z.number().int().positive().optional(),
    model: z
      .string()
      .min(1)
      .max(300)
      .optional()
      .describe('a registered model without a project: "name", "name/3" or "name@alias"'),
  })
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
