import { z } from 'zod';

/** JSON has no NaN and no infinities: they come as strings. */
const number = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])]);

const experiment = z
  .object({ id: z.string(), name: z.string(), createdAt: z.number(), runs: z.number().optional() })
  .meta({ id: 'Experiment' });
export const experimentsResponse = z.object({ experiments: z.array(experiment) }).meta({ id: 'Experiments' });

const run = z
  .object({
    id: z.string(),
    name: z.string(),
    experimentId: z.string(),
    experiment: z.string(),
    user: z.string().optional(),
    status: z.enum(['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED']),
    startTime: z.number(),
    endTime: z.number().optional(),
    /** Set while it is in the trash. */
    deletedAt: z.number().optional(),
    /** Latest value of each metric. */
    metrics: z.record(z.string(), number),
    params: z.record(z.string(), z.string()),
    tags: z.record(z.string(), z.string()),
    pipelineRunId: z.string().optional(),
  })
  .meta({ id: 'Run' });

export const runsResponse = z
  .object({
    runs: z.array(run),
    nextPageToken: z.string().optional(),
    total: z.number(),
    queryMs: z.number(),
    /** Keys of the runs of this answer, most used first. `GET /api/v1/run-keys` has those of all runs. */
    columns: z.object({ metrics: z.array(z.string()), params: z.array(z.string()) }),
  })
  .meta({ id: 'Runs' });

const keyCount = z.object({ key: z.string(), runs: z.number() }).meta({ id: 'KeyCount' });
export const runKeysResponse = z
  .object({ metrics: z.array(keyCount), params: z.array(keyCount), tags: z.array(keyCount) })
  .meta({ id: 'RunKeys' });

const artifact = z
  .object({ path: z.string(), isDir: z.boolean(), bytes: z.number().optional() })
  .meta({ id: 'Artifact' });

export const runResponse = z
  .object({
    run,
    inputs: z.array(z.object({ name: z.string(), digest: z.string(), context: z.string().optional() })),
    outputs: z.array(z.object({ id: z.string(), name: z.string(), status: z.string() })),
    metricKeys: z.array(z.object({ key: z.string(), points: z.number() })),
    children: z.array(z.object({ id: z.string(), name: z.string(), status: z.string() })),
    parent: z.object({ id: z.string(), name: z.string() }).optional(),
    versions: z.array(z.object({ model: z.string(), version: z.number() })),
  })
  .meta({ id: 'RunDetail' });

export const artifactsResponse = z.object({ artifacts: z.array(artifact) }).meta({ id: 'Artifacts' });

/** What a page may show of a file without running anything in it. Which kind it is comes from its bytes, never from its name alone. */
export const previewResponse = z
  .object({
    path: z.string(),
    bytes: z.number(),
    digest: z.string(),
    /** The whole file: an address below `/get-artifact` that answers as an attachment. */
    download: z.string(),
    preview: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('text'), language: z.string(), text: z.string(), truncated: z.boolean() }),
      z.object({
        kind: z.literal('table'),
        columns: z.array(z.string()),
        rows: z.array(z.array(z.union([z.string(), z.number(), z.boolean(), z.null()]))),
        total: z.number().optional(),
        truncated: z.boolean(),
      }),
      z.object({ kind: z.literal('image'), dataUrl: z.string() }),
      z.object({
        kind: z.literal('notebook'),
        cells: z.array(
          z.object({
            kind: z.enum(['markdown', 'code']),
            source: z.string(),
            /** Text of its outputs; images as data URLs. */
            outputs: z.array(z.object({ text: z.string().optional(), image: z.string().optional() })),
          }),
        ),
        truncated: z.boolean(),
      }),
      z.object({ kind: z.literal('none'), reason: z.string() }),
    ]),
  })
  .meta({ id: 'ArtifactPreview' });

const point = z.tuple([z.number(), z.number(), number]).describe('step, timestamp (ms), value');

export const historyResponse = z
  .object({
    key: z.string(),
    total: z.number(),
    points: z.array(z.object({ step: z.number(), timestamp: z.number(), value: number })),
  })
  .meta({ id: 'MetricHistory' });

export const seriesRequest = z
  .object({
    runs: z.array(z.string().max(300)).min(1).max(100),
    keys: z.array(z.string().max(250)).min(1).max(50),
    /** Of each curve. */
    maxPoints: z.number().int().min(2).max(5000).default(1000),
    fromStep: z.number().int().optional(),
    toStep: z.number().int().optional(),
  })
  .strict()
  .meta({ id: 'SeriesRequest' });

/** Curves in the order asked, without those that have no point. */
export const curvesResponse = z
  .object({
    curves: z.array(z.object({ run: z.string(), key: z.string(), total: z.number(), points: z.array(point) })),
  })
  .meta({ id: 'Curves' });

const spread = z
  .object({
    n: z.number(),
    mean: z.number(),
    /** Sample deviation; absent for one run. */
    sd: z.number().optional(),
    /** 95 % interval of the mean (Student's t). */
    low: z.number().optional(),
    high: z.number().optional(),
    min: z.number(),
    max: z.number(),
    /** Runs whose last value is not a finite number: not in the mean. */
    excluded: z.number(),
  })
  .meta({ id: 'Spread' });

/** Runs that differ in nothing but the seed, together. */
export const groupsResponse = z
  .object({
    /** What a group has in common: `params.lr`, `tags.data` … */
    by: z.array(z.string()),
    groups: z.array(
      z.object({
        key: z.record(z.string(), z.string().nullable()),
        runs: z.array(z.string()),
        metrics: z.record(z.string(), spread),
      }),
    ),
    /** Of `metric`: each group against the best one (Welch's t-test, Holm's correction over the groups). */
    tests: z.array(
      z.object({
        group: z.number(),
        against: z.number(),
        difference: z.number(),
        low: z.number(),
        high: z.number(),
        p: z.number(),
        pAdjusted: z.number(),
      }),
    ),
    metric: z.string().optional(),
    truncated: z.boolean(),
  })
  .meta({ id: 'RunGroups' });

export const bulkRequest = z
  .discriminatedUnion('action', [
    z.object({ action: z.literal('delete'), runs: z.array(z.string().max(300)).min(1).max(1000) }).strict(),
    z.object({ action: z.literal('restore'), runs: z.array(z.string().max(300)).min(1).max(1000) }).strict(),
    z
      .object({
        action: z.literal('tag'),
        runs: z.array(z.string().max(300)).min(1).max(1000),
        key: z.string().min(1).max(250),
        /** null takes the tag away. */
        value: z.string().max(8000).nullable(),
      })
      .strict(),
  ])
  .meta({ id: 'BulkChange' });
export const bulkResponse = z.object({ changed: z.number() }).meta({ id: 'BulkChanged' });

const view = z
  .object({ id: z.string(), createdAt: z.number(), place: z.string(), name: z.string(), state: z.string() })
  .meta({ id: 'SavedView' });
export const viewsResponse = z.object({ views: z.array(view) }).meta({ id: 'SavedViews' });
export const viewRequest = z
  .object({ place: z.string().min(1).max(50), name: z.string().min(1).max(100), state: z.string().max(8000) })
  .strict()
  .meta({ id: 'SaveView' });
