import { z } from 'zod';
import { estimate } from './scalars.ts';

const stage = z
  .object({
    stage: z.enum(['data', 'train', 'validate', 'package', 'deploy', 'watch']),
    state: z.enum(['done', 'running', 'warning', 'failed', 'old', 'never']),
    /** 0..1 while running. */
    progress: z.number().optional(),
    /** Wall clock of the newest fact. */
    at: z.number().optional(),
    /** Where to look: a path of the web app. */
    href: z.string().optional(),
    rows: z.number().optional(),
    runNumber: z.number().optional(),
    ms: z.number().optional(),
    gatesPassed: z.number().optional(),
    gatesTotal: z.number().optional(),
    metric: z.object({ name: z.string(), estimate }).optional(),
    bytes: z.number().optional(),
    percent: z.number().optional(),
    version: z.number().optional(),
    drifted: z.number().optional(),
    columns: z.number().optional(),
    since: z.number().optional(),
    alertId: z.string().optional(),
    text: z.string().optional(),
  })
  .meta({ id: 'Stage' });

const situation = z
  .object({
    kind: z.enum(['new', 'training', 'failed', 'rolling-out', 'alert', 'refused', 'healthy', 'undeployed']),
    text: z.string(),
    version: z.number().optional(),
    from: z.number().optional(),
    percent: z.number().optional(),
    runId: z.string().optional(),
    runNumber: z.number().optional(),
    alertId: z.string().optional(),
    reason: z.string().optional(),
  })
  .meta({
    id: 'Situation',
    description: 'What a project is doing now; `kind` with its slots, so that the page can say it in any language.',
  });

const nextStep = z
  .object({
    /** By itself or by a person. */
    by: z.enum(['system', 'person']),
    text: z.string(),
    command: z.string().optional(),
    href: z.string().optional(),
    at: z.number().optional(),
  })
  .meta({ id: 'NextStep' });

const projectCard = z
  .object({
    name: z.string(),
    description: z.string().optional(),
    endpoint: z.string().optional(),
    model: z.string().optional(),
    champion: z.number().optional(),
    candidate: z.number().optional(),
    situation,
    stages: z.array(stage),
    next: nextStep.optional(),
    openAlerts: z.number(),
    runningPipelines: z.number(),
  })
  .meta({ id: 'ProjectCard' });

export const homeResponse = z
  .object({
    projects: z.array(projectCard),
    waiting: z.array(z.object({ project: z.string(), text: z.string(), detail: z.string(), href: z.string() })),
    week: z.object({
      predictions: z.number(),
      errors: z.number(),
      p99Ms: z.number().optional(),
      retrains: z.number(),
      promoted: z.number(),
      refused: z.number(),
      incidents: z.number(),
    }),
    runs: z.number(),
  })
  .meta({ id: 'Home' });

const event = z
  .object({
    id: z.string(),
    seq: z.number(),
    type: z.string(),
    at: z.number(),
    project: z.string(),
    actor: z.string(),
    cause: z.string().optional(),
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'Event' });

export const eventsResponse = z
  .object({ events: z.array(event), before: z.number().optional() })
  .meta({ id: 'Events' });

export const serverInfo = z
  .object({
    version: z.string(),
    pid: z.number(),
    startedAt: z.number(),
    url: z.string(),
    rest: z.string(),
    grpc: z.string(),
    home: z.string(),
    who: z.object({ name: z.string(), role: z.string() }),
    authRequired: z.boolean(),
  })
  .meta({ id: 'ServerInfo' });

export const resources = z
  .object({
    samples: z.array(
      z.object({
        at: z.number(),
        cpu: z.number().describe('share of all cores, 0..1'),
        memoryBytes: z.number(),
        memoryTotalBytes: z.number(),
        diskFreeBytes: z.number().optional(),
        serverRssBytes: z.number(),
        planeRssBytes: z.number().optional(),
      }),
    ),
  })
  .meta({ id: 'Resources' });
