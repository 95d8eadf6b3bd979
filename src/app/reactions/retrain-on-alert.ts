/** alert.fired → the project's trigger → a pipeline run. One run at a time: while one runs or rolls out, the alert is already answered. */
import type { Reaction } from '../dispatcher.ts';
import { type LoopDeps, systemContext } from './deps.ts';
import { startPipeline } from './start-pipeline.ts';

export function retrainOnAlert(deps: LoopDeps): Reaction {
  const { store, projects, clock, ids } = deps;
  return {
    name: 'retrain-on-alert',
    types: ['alert.fired', 'alert.continued'],
    async handle(event, signal) {
      if (event.type !== 'alert.fired' && event.type !== 'alert.continued') return;
      const { alertId, monitorId, text } = event.data;
      const { spec } = await projects.get(event.project);
      const monitor = monitorId.split('/')[1];
      const wanted = spec.triggers.some(
        (trigger) => trigger.on === 'alert' && (trigger.monitor === undefined || trigger.monitor === monitor),
      );
      if (!wanted) return;
      const started = await store.pipelineRuns.find({ where: { project: event.project }, limit: 20 });
      if (started.some((run) => run.cause.kind === 'alert' && run.cause.eventId === event.id)) return;
      const rollouts =
        spec.endpoint === undefined
          ? []
          : await store.rollouts.find({ where: { endpoint: spec.endpoint.name, status: 'running' }, limit: 1 });
      const busy = started.find((run) => run.status === 'running');
      if (busy !== undefined || rollouts.length > 0) {
        const reason = busy === undefined ? 'a rollout is under way' : `run ${busy.number} is under way`;
        await store.events.append({
          id: ids.next('evt'),
          type: 'trigger.skipped',
          at: clock.now(),
          project: event.project,
          actor: 'system',
          cause: event.id,
          data: { reason, alertId },
        });
        return;
      }
      const run = await startPipeline(
        deps,
        systemContext(deps, signal, event),
        event.project,
        { kind: 'alert', alertId, text, eventId: event.id },
        {},
      );
      await store.alerts.update(alertId, (alert) => ({ ...alert, pipelineRunId: run.id }));
    },
  };
}
