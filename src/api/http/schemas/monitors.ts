import { z } from 'zod';
import { estimate } from './scalars.ts';

const columnDrift = z
  .object({
    column: z.string(),
    type: z.enum(['number', 'category']),
    effect: z.number(),
    pAdjusted: z.number(),
    psi: z.number().optional(),
    shift: z.number().optional(),
    drifted: z.boolean(),
    missingReference: z.number(),
    missingCurrent: z.number(),
    unseen: z.number(),
    outOfRange: z.number(),
    meanReference: z.number().optional(),
    meanCurrent: z.number().optional(),
    histogram: z
      .object({ labels: z.array(z.string()), reference: z.array(z.number()), current: z.array(z.number()) })
      .optional(),
  })
  .meta({ id: 'ColumnDrift' });

const evaluation = z
  .object({
    id: z.string(),
    monitorId: z.string(),
    createdAt: z.number(),
    from: z.number(),
    to: z.number(),
    predictions: z.number(),
    outcomes: z.number(),
    values: z.record(z.string(), estimate),
    byVersion: z.record(z.string(), z.record(z.string(), estimate)),
    breached: z.boolean().nullable(),
  })
  .meta({ id: 'Evaluation' });

const alert = z
  .object({
    id: z.string(),
    number: z.number(),
    monitorId: z.string(),
    project: z.string(),
    endpoint: z.string(),
    status: z.enum(['firing', 'resolved']),
    createdAt: z.number(),
    since: z.number(),
    until: z.number().optional(),
    evaluations: z.number(),
    condition: z.string(),
    value: estimate.optional(),
    text: z.string(),
    moved: z.array(columnDrift),
    pipelineRunId: z.string().optional(),
  })
  .meta({ id: 'Alert' });

const monitor = z
  .object({
    id: z.string(),
    project: z.string(),
    name: z.string(),
    kind: z.enum(['performance', 'drift']),
    endpoint: z.string(),
    metric: z.string().optional(),
    condition: z.string().optional(),
    windowMs: z.number(),
    everyMs: z.number(),
    latest: evaluation.optional(),
    alert: alert.optional(),
  })
  .meta({ id: 'Monitor' });

export const monitorsResponse = z.object({ monitors: z.array(monitor) }).meta({ id: 'Monitors' });
export const monitorResponse = z
  .object({
    monitor,
    evaluations: z.array(evaluation),
    /** Of the newest evaluation. */
    columns: z.array(columnDrift),
    alerts: z.array(alert),
  })
  .meta({ id: 'MonitorDetail' });
export const alertsResponse = z.object({ alerts: z.array(alert) }).meta({ id: 'Alerts' });
export const alertResponse = z.object({ alert, monitor, evaluations: z.array(evaluation) }).meta({ id: 'AlertDetail' });
