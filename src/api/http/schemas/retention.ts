import { z } from 'zod';

const thing = z
  .object({
    kind: z.enum([
      'run',
      'experiment',
      'logged-model',
      'version',
      'trace',
      'blob',
      'attempt',
      'environment',
      'image',
      'job',
    ]),
    id: z.string(),
    label: z.string(),
    bytes: z.number(),
    /** When it was deleted or last used. */
    at: z.number().optional(),
  })
  .meta({ id: 'Collectable' });

export const collectRequest = z
  .object({
    /** false: only say what would go. */
    apply: z.boolean().default(false),
    /** Things deleted less long ago stay restorable. Default 30. */
    olderThanDays: z.number().min(0).max(36_500).default(30),
  })
  .strict()
  .meta({ id: 'CollectRequest' });

export const collectResponse = z
  .object({
    applied: z.boolean(),
    /** At most 1,000; the totals count all. */
    goes: z.array(thing),
    totals: z.array(z.object({ kind: z.string(), items: z.number(), bytes: z.number() })),
    freedBytes: z.number(),
    /** Deleted things that stay because something still reaches them. */
    kept: z.array(z.object({ kind: z.string(), id: z.string(), label: z.string(), because: z.string() })),
    ms: z.number(),
  })
  .meta({ id: 'Collected' });

export const trashResponse = z.object({ items: z.array(thing), total: z.number() }).meta({ id: 'Trash' });

export const restoreRequest = z
  .object({ kind: z.enum(['run', 'experiment', 'logged-model']), id: z.string().min(1).max(300) })
  .strict()
  .meta({ id: 'Restore' });

export const storageResponse = z
  .object({
    blobs: z.number(),
    /** Of all blobs: files of runs, data, models, step outputs. */
    blobBytes: z.number(),
    /** What artifacts would take if each path had its own copy. */
    namedBytes: z.number(),
    /** What they do take: equal files once. */
    namedBlobBytes: z.number(),
    artifacts: z.number(),
  })
  .meta({ id: 'Storage' });
