import { z } from 'zod';

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
    status: z.enum(['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED']),
    startTime: z.number(),
    endTime: z.number().optional(),
    /** Latest value of each metric. NaN and the infinities come as strings, which JSON has no numbers for. */
    metrics: z.record(z.string(), z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])])),
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
    columns: z.object({ metrics: z.array(z.string()), params: z.array(z.string()) }),
  })
  .meta({ id: 'Runs' });

const artifact = z
  .object({ path: z.string(), isDir: z.boolean(), bytes: z.number().optional() })
  .meta({ id: 'Artifact' });

export const runResponse = z
  .object({
    run,
    inputs: z.array(z.object({ name: z.string(), digest: z.string(), context: z.string().optional() })),
    versions: z.array(z.object({ model: z.string(), version: z.number() })),
  })
  .meta({ id: 'RunDetail' });

export const artifactsResponse = z.object({ artifacts: z.array(artifact) }).meta({ id: 'Artifacts' });

export const historyResponse = z
  .object({
    key: z.string(),
    total: z.number(),
    points: z.array(z.object({ step: z.number(), timestamp: z.number(), value: z.union([z.number(), z.string()]) })),
  })
  .meta({ id: 'MetricHistory' });
