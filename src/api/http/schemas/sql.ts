import { z } from 'zod';

export const sqlRequest = z
  .object({
    sql: z.string().min(1).max(20_000),
    /** Rows of the answer. */
    limit: z.number().int().min(1).max(10_000).default(1000),
  })
  .strict()
  .meta({ id: 'SqlRequest' });

export const sqlResponse = z
  .object({
    columns: z.array(z.object({ name: z.string(), type: z.string() })),
    /** Whole numbers beyond 2^53, times and lists come as text. */
    rows: z.array(z.array(z.union([z.string(), z.number(), z.boolean(), z.null()]))),
    truncated: z.boolean(),
    ms: z.number(),
    /** Age of the picture of the metadata that was asked. */
    snapshotMs: z.number(),
  })
  .meta({ id: 'SqlResult' });

export const tablesResponse = z
  .object({
    tables: z.array(
      z.object({
        name: z.string(),
        description: z.string(),
        columns: z.array(z.object({ name: z.string(), type: z.string(), description: z.string() })),
      }),
    ),
    examples: z.array(z.object({ title: z.string(), sql: z.string() })),
  })
  .meta({ id: 'SqlTables' });
