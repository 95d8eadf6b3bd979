import { z } from 'zod';

/** `dataset:flights/flights/1a2b…`, `run:3f2a…`, `pipeline:flights-12`, `version:flights/3`, `release:…`, `endpoint:…`, `alert:…`, `logged-dataset:…` */
const node = z
  .object({
    id: z.string(),
    kind: z.enum(['dataset', 'run', 'pipeline', 'version', 'release', 'endpoint', 'alert', 'model', 'environment']),
    label: z.string(),
    at: z.number().optional(),
    /** Address inside the web app. */
    href: z.string().optional(),
    facts: z.record(z.string(), z.string()),
  })
  .meta({ id: 'LineageNode' });

export const lineageResponse = z
  .object({
    focus: z.string(),
    nodes: z.array(node),
    /** From cause to effect: what `from` is led to `to`. */
    edges: z.array(z.object({ from: z.string(), to: z.string(), kind: z.string() })),
    truncated: z.boolean(),
  })
  .meta({ id: 'Lineage' });
