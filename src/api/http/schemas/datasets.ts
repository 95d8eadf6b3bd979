import { z } from 'zod';

const datasetVersion = z
  .object({
    id: z.string(),
    project: z.string(),
    name: z.string(),
    digest: z.string(),
    createdAt: z.number(),
    rows: z.number(),
    bytes: z.number(),
    files: z.array(z.object({ path: z.string(), digest: z.string(), bytes: z.number() })),
    previousId: z.string().optional(),
    /** Since the version before; a retyped column has both types. */
    schemaChanges: z.array(
      z.object({
        column: z.string(),
        kind: z.enum(['added', 'removed', 'retyped']),
        from: z.string().optional(),
        to: z.string().optional(),
      }),
    ),
    checks: z.array(z.object({ text: z.string(), passed: z.boolean(), observed: z.string() })),
    columns: z.array(
      z.object({
        name: z.string(),
        type: z.string(),
        missing: z.number(),
        distinct: z.number(),
        mean: z.number().optional(),
        sd: z.number().optional(),
        min: z.number().optional(),
        max: z.number().optional(),
        edges: z.array(z.number()).optional(),
        counts: z.array(z.number()).optional(),
        top: z.array(z.object({ value: z.string(), rows: z.number() })).optional(),
      }),
    ),
  })
  .meta({ id: 'DatasetVersion' });

export const datasetsResponse = z.object({ datasets: z.array(datasetVersion) }).meta({ id: 'Datasets' });
