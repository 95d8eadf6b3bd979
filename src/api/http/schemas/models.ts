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

const aliasResult = z
  .object({ alias: z.string(), at: z.number(), actor: z.string(), passed: z.boolean(), gates: z.array(gate) })
  .meta({ id: 'AliasResult' });

const proof = z
  .object({
    id: z.string(),
    createdAt: z.number(),
    status: z.enum(['running', 'proven', 'failed']),
    endedAt: z.number().optional(),
    buildMs: z.number().optional(),
    packages: z.number().optional(),
    maxAbsDiff: z.number().optional(),
    /** What was done in the rebuilt environment. */
    how: z.string().optional(),
    reason: z.string().optional(),
    /** Last lines of the build and the prediction. */
    log: z.string().optional(),
  })
  .meta({ id: 'EnvironmentProof' });

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
    aliasGates: z.record(z.string(), z.array(z.string())),
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
    stage: z.string(),
    tags: z.record(z.string(), z.string()),
    description: z.string().optional(),
    /** Markdown: what a person wrote, or what is known put into words. */
    card: z.string(),
    cardWritten: z.boolean(),
    aliasResults: z.array(aliasResult),
    proofs: z.array(proof),
    /** Newest drift of the endpoint's monitors while this version served. */
    drift: z.array(
      z.object({ monitor: z.string(), column: z.string(), score: z.number(), limit: z.number(), at: z.number() }),
    ),
    releases: z.array(z.object({ id: z.string(), endpoint: z.string(), createdAt: z.number(), percent: z.number() })),
  })
  .meta({ id: 'ModelVersionDetail' });

export const promoteRequest = z
  .object({ alias: z.string().default('champion') })
  .strict()
  .meta({ id: 'Promote' });

export const aliasGatesRequest = z
  .object({ alias: z.string().min(1).max(255), gates: z.array(z.string().min(1).max(500)).max(50) })
  .strict()
  .meta({ id: 'AliasGates' });

export const cardRequest = z
  .object({ markdown: z.string().max(100_000) })
  .strict()
  .meta({ id: 'ModelCard' });

export const proofResponse = z.object({ proof }).meta({ id: 'Proof' });

/** Moves of a model's aliases, newest first: what an undo needs. */
export const aliasMovesResponse = z
  .object({
    moves: z.array(
      z.object({
        alias: z.string(),
        from: z.number().optional(),
        to: z.number().optional(),
        at: z.number(),
        actor: z.string(),
      }),
    ),
  })
  .meta({ id: 'AliasMoves' });
