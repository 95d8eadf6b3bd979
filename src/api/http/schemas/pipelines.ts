import { z } from 'zod';
import { problem, scalar } from './scalars.ts';

const cause = z
  .object({
    kind: z.enum(['person', 'alert', 'schedule', 'dataset']),
    text: z.string(),
    alertId: z.string().optional(),
  })
  .meta({ id: 'Cause' });

const pipelineRun = z
  .object({
    id: z.string(),
    project: z.string(),
    number: z.number(),
    status: z.enum(['running', 'succeeded', 'failed', 'cancelled']),
    createdAt: z.number(),
    endedAt: z.number().optional(),
    cause,
    commit: z.string().optional(),
    trackingRunId: z.string(),
    championVersion: z.number().optional(),
    stepsDone: z.number(),
    stepsReused: z.number(),
    stepsTotal: z.number(),
    error: problem.optional(),
    result: z
      .object({
        kind: z.enum(['accepted', 'refused', 'unchanged']),
        version: z.number().optional(),
        reason: z.string(),
      })
      .optional(),
  })
  .meta({ id: 'PipelineRun' });

export const pipelineRunsResponse = z.object({ pipelineRuns: z.array(pipelineRun) }).meta({ id: 'PipelineRuns' });

const stepRun = z
  .object({
    step: z.string(),
    kind: z.enum(['data', 'environment', 'command', 'onnx']),
    status: z.enum(['waiting', 'running', 'succeeded', 'failed', 'cancelled', 'skipped']),
    command: z.string(),
    inputs: z.array(z.object({ name: z.string(), from: z.string() })),
    outputs: z.array(z.object({ name: z.string(), digest: z.string().optional(), bytes: z.number().optional() })),
    params: z.record(z.string(), scalar),
    startedAt: z.number().optional(),
    endedAt: z.number().optional(),
    reusedFrom: z.string().optional(),
    reason: z.string().optional().describe('why it ran again, or from which run it was reused'),
    attempts: z.array(
      z.object({
        number: z.number(),
        startedAt: z.number(),
        endedAt: z.number().optional(),
        exitCode: z.number().optional(),
        signal: z.string().optional(),
        peakRssBytes: z.number().optional(),
        cpuSeconds: z.number().optional(),
        reason: z.string().optional(),
      }),
    ),
    error: problem.optional(),
  })
  .meta({ id: 'StepRun' });

export const pipelineRunResponse = z.object({ pipelineRun, steps: z.array(stepRun) }).meta({ id: 'PipelineRunDetail' });

export const logResponse = z.object({ text: z.string(), next: z.number(), done: z.boolean() }).meta({ id: 'StepLog' });

export const startRequest = z
  .object({ set: z.record(z.string(), scalar).default({}).describe('step.param -> value') })
  .strict()
  .meta({ id: 'StartPipeline' });

export const startResponse = z.object({ pipelineRun }).meta({ id: 'StartedPipeline' });
