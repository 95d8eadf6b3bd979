/** Read models over the records of every project: the home page, the situation of each loop, the figures of the week. */
import type { ProjectSpec } from '../../domain/project.ts';
import type { Clock } from '../../ports/clock.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { nextOf, type NextStep, type Situation, situationOf } from './situation.ts';
import { type ProjectRecords, type Stage, stagesOf } from './stages.ts';

export interface ProjectCard {
  readonly name: string;
  readonly description?: string;
  readonly endpoint?: string;
  readonly model?: string;
  readonly champion?: number;
  readonly candidate?: number;
  readonly situation: Situation;
  readonly stages: readonly Stage[];
  readonly next?: NextStep;
  readonly openAlerts: number;
  readonly runningPipelines: number;
}

export interface WeekFigures {
  readonly retrains: number;
  readonly promoted: number;
  readonly refused: number;
  readonly incidents: number;
}

export interface Delivery {
  card(spec: ProjectSpec): Promise<ProjectCard>;
  week(): Promise<WeekFigures>;
}

const WEEK = 7 * 86_400_000;

async function recordsOf(store: MetadataStore, spec: ProjectSpec): Promise<ProjectRecords> {
  const { project } = spec;
  const [datasets, runs, versions, model, endpoint, rollouts, alerts] = await Promise.all([
    store.datasetVersions.find({ where: { project }, limit: 1 }),
    store.pipelineRuns.find({ where: { project }, limit: 1 }),
    spec.model === undefined ? [] : store.versions.find({ where: { model: spec.model.name }, limit: 1 }),
    spec.model === undefined ? undefined : store.models.get(spec.model.name),
    spec.endpoint === undefined ? undefined : store.endpoints.get(spec.endpoint.name),
    spec.endpoint === undefined ? [] : store.rollouts.find({ where: { endpoint: spec.endpoint.name }, limit: 1 }),
    store.alerts.find({ where: { project, status: 'firing' }, limit: 1 }),
  ]);
  const [run] = runs;
  const [steps, images] = await Promise.all([
    run === undefined ? [] : store.stepRuns.find({ where: { pipelineRunId: run.id } }),
    spec.model === undefined ? [] : store.images.find({ where: { model: spec.model.name }, limit: 1 }),
  ]);
  const newest = async (kind: 'performance' | 'drift') => {
    const name = Object.entries(spec.monitors).find(([, monitor]) => monitor.kind === kind)?.[0];
    return name === undefined
      ? undefined
      : (await store.evaluations.find({ where: { monitorId: `${project}/${name}` }, limit: 1 }))[0];
  };
  return {
    project,
    datasets,
    run,
    steps,
    version: versions[0],
    champion: model?.aliases['champion'],
    image: images[0],
    endpoint,
    rollout: rollouts[0],
    alert: alerts[0],
    evaluation: await newest('performance'),
    drift: await newest('drift'),
  };
}

export function createDelivery(deps: { readonly store: MetadataStore; readonly clock: Clock }): Delivery {
  const { store, clock } = deps;
  return {
    async card(spec) {
      const records = await recordsOf(store, spec);
      const situation = situationOf(records);
      const next = nextOf(records, situation);
      const [openAlerts, runningPipelines] = await Promise.all([
        store.alerts.count({ project: spec.project, status: 'firing' }),
        store.pipelineRuns.count({ project: spec.project, status: 'running' }),
      ]);
      const candidate = records.rollout?.status === 'running' ? situation.version : undefined;
      return {
        name: spec.project,
        ...(spec.description === undefined ? {} : { description: spec.description }),
        ...(spec.endpoint === undefined ? {} : { endpoint: spec.endpoint.name }),
        ...(spec.model === undefined ? {} : { model: spec.model.name }),
        ...(records.champion === undefined ? {} : { champion: records.champion }),
        ...(candidate === undefined ? {} : { candidate }),
        situation,
        stages: stagesOf(records, clock.now()),
        ...(next === undefined ? {} : { next }),
        openAlerts,
        runningPipelines,
      };
    },
    async week() {
      const since = clock.now() - WEEK;
      const events = await store.events.find({
        types: ['pipeline_run.started', 'rollout.promoted', 'model_version.registered', 'alert.fired'],
        limit: 1000,
        order: 'newest',
      });
      const recent = events.filter((event) => event.at >= since);
      return {
        retrains: recent.filter((event) => event.type === 'pipeline_run.started' && event.actor === 'system').length,
        promoted: recent.filter((event) => event.type === 'rollout.promoted').length,
        refused: recent.filter((event) => event.type === 'model_version.registered' && event.data.verdict === 'refused')
          .length,
        incidents: recent.filter((event) => event.type === 'alert.fired').length,
      };
    },
  };
}
