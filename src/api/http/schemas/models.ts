import { z } from 'zod';
import { estimate, scalar, signature } from './scalars.ts';

const gate = z
  .object({
    text: z.string(),
    /** null = not enough is known to say. */
    passed: z.boolean().nullable(),
    observed: z.number().optional(),
    required: z.string(),
    where: z.string(),
  })
  .meta({ id: 'Gate' });

const image = z
  .object({
    digest: z.string(),
    bytes: z.number(),
    buildMs: z.number(),
    layers: z.array(z.object({ role: z.string(), digest: z.string(), bytes: z.number() })),
  })
  .meta({ id: 'Image' });

const versionSummary = z
  .object({
    model: z.string(),
    number: z.number(),
    createdAt: z.number(),
    verdict: z.enum(['accepted', 'refused', 'unjudged']),
    aliases: z.array(z.string()),
    metrics: z.record(z.string(), estimate),
    gatesPassed: z.number(),
    gatesTotal: z.number(),
    percent: z.number().describe('share of live calls it takes now'),
    pipelineRunId: z.string().optional(),
    reason: z.string().optional(),
  })
  .meta({ id: 'ModelVersionSummary' });

const model = z
  .object({
    name: z.string(),
    createdAt: z.number(),
    description: z.string().optional(),
    aliases: z.record(z.string(), z.number()),
    versions: z.number(),
    latest: versionSummary.optional(),
  })
  .meta({ id: 'Model' });

export const modelsResponse = z.object({ models: z.array(model) }).meta({ id: 'Models' });
export const modelResponse = z.object({ model, versions: z.array(versionSummary) }).meta({ id: 'ModelDetail' });

export const versionResponse = z
  .object({
    version: versionSummary,
    runId: z.string().optional(),
    source: z.string(),
    gates: z.array(gate),
    championVersion: z.number().optional(),
    championMetrics: z.record(z.string(), estimate),
    params: z.record(z.string(), scalar),
    artifact: z.object({ name: z.string(), digest: z.string(), bytes: z.number() }).optional(),
    signature: signature.optional(),
    parity: z.object({ maxAbsDiff: z.number(), rows: z.number() }).optional(),
    datasets: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        digest: z.string(),
        rows: z.number(),
        bytes: z.number(),
        columns: z.number(),
      }),
    ),
    environment: z
      .object({
        id: z.string(),
        python: z.string(),
        installer: z.string(),
        os: z.string(),
        kernel: z.string(),
        libc: z.string().optional(),
        cpu: z.string(),
        gpus: z.array(z.string()),
        packages: z.array(z.object({ name: z.string(), version: z.string(), hashes: z.number() })),
      })
      .optional(),
    code: z.object({ digest: z.string(), commit: z.string().optional() }).optional(),
    image: image.optional(),
    releases: z.array(z.object({ id: z.string(), endpoint: z.string(), createdAt: z.number(), percent: z.number() })),
  })
  .meta({ id: 'ModelVersionDetail' });

export const promoteRequest = z
  .object({ alias: z.string().default('champion') })
  .strict()
  .meta({ id: 'Promote' });
