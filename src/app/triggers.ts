/** Schedules and changed datasets start pipelines. (Alerts do it by an event: reactions/retrain-on-alert.) */
import { Cron } from 'croner';
import { type LoopDeps, systemContext } from './reactions/deps.ts';
import { startPipeline } from './reactions/start-pipeline.ts';

const DATA_EVERY_MS = 30_000;

export interface Triggers {
  tick(signal: AbortSignal): Promise<void>;
}

/** `tick` is called every second or so; what is due since the last tick fires once, also after a clock that jumped. */
export function createTriggers(deps: LoopDeps): Triggers {
  const { store, projects, clock } = deps;
  let last = clock.now();
  let dataAt = 0;

  async function idle(project: string): Promise<boolean> {
    return (await store.pipelineRuns.count({ project, status: 'running' })) === 0;
  }

  return {
    async tick(signal) {
      const now = clock.now();
      const since = Math.min(last, now);
      last = now;
      const lookAtData = now - dataAt >= DATA_EVERY_MS;
      if (lookAtData) dataAt = now;
      for (const { name, spec, workspace } of await projects.list()) {
        const ctx = systemContext(deps, signal);
        for (const trigger of spec.triggers) {
          if (trigger.on === 'schedule') {
            const next = new Cron(trigger.cron, { timezone: trigger.timezone }).nextRun(new Date(since))?.getTime();
            if (next !== undefined && next <= now && (await idle(name)))
              await startPipeline(deps, ctx, name, { kind: 'schedule', cron: trigger.cron }, {});
          }
          if (trigger.on === 'dataset' && lookAtData) {
            const dataset = spec.datasets[trigger.name];
            const [known] = await store.datasetVersions.find({
              where: { project: name, name: trigger.name },
              limit: 1,
            });
            if (dataset === undefined || known === undefined || !(await idle(name))) continue;
            const files = await workspace.dataFiles(dataset.from);
            const key = (all: typeof files): string => all.map((file) => `${file.path} ${file.digest}`).join('\n');
            if (key(files) !== key(known.files))
              await startPipeline(deps, ctx, name, { kind: 'dataset', name: trigger.name, version: 'new' }, {});
          }
        }
      }
    },
  };
}
