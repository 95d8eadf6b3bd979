/** Pieces that several resources are made of. Times are ms since the epoch. */
import { z } from 'zod';

export const estimate = z
  .object({ value: z.number(), low: z.number().optional(), high: z.number().optional(), n: z.number().optional() })
  .meta({
    id: 'Estimate',
    description: 'A value with its 95 % interval (whole blocks resampled) and the rows behind it.',
  });

export const problem = z
  .object({ code: z.string(), message: z.string(), where: z.string().optional(), next: z.string().optional() })
  .meta({ id: 'Problem' });

export const errorResponse = z.object({ error: problem }).meta({ id: 'ErrorResponse' });

export const scalar = z.union([z.string(), z.number(), z.boolean()]);

const tensorSpec = z
  .object({ name: z.string(), datatype: z.string(), shape: z.array(z.number()) })
  .meta({ id: 'TensorSpec' });

export const signature = z
  .object({ inputs: z.array(tensorSpec), outputs: z.array(tensorSpec) })
  .meta({ id: 'ModelSignature' });

/** What a command would change, printed before it is done. */
const planLine = z.object({ sign: z.enum(['+', '~', '-', '=']), text: z.string() }).meta({ id: 'PlanLine' });

export const planResponse = z
  .object({ changes: z.array(planLine), unchanged: z.boolean(), command: z.string() })
  .meta({ id: 'Plan' });

export const done = z.object({ ok: z.literal(true) }).meta({ id: 'Done' });
