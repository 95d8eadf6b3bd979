/** Monitors, their evaluations, and incidents. */
import { MillwrightError } from '../../../domain/errors.ts';
import type { ProjectSpec } from '../../../domain/project.ts';
import type { Handlers } from '../bind.ts';
import type { ApiDeps } from '../deps.ts';
import { alertWire, columnsWire, evaluationWire } from './present.ts';

type Mine = Pick<Handlers, 'monitors' | 'monitor' | 'alerts' | 'alert'>;

export function monitorHandlers({ store, projects }: ApiDeps): Mine {
  async function monitorWire(spec: ProjectSpec, name: string) {
    const monitor = spec.monitors[name];
    if (monitor === undefined) {
      throw new MillwrightError(
        'MW-NOT-FOUND',
        `project "${spec.project}" has no monitor "${name}" (it has ${Object.keys(spec.monitors).join(', ') || 'none'})`,
        { where: 'name' },
      );
    }
    const id = `${spec.project}/${name}`;
    const [latest] = await store.evaluations.find({ where: { monitorId: id }, limit: 1 });
    const [alert] = await store.alerts.find({ where: { monitorId: id, status: 'firing' }, limit: 1 });
    return {
      id,
      project: spec.project,
      name,
      kind: monitor.kind,
      endpoint: spec.endpoint?.name ?? '',
      ...(monitor.kind === 'performance' ? { metric: monitor.metric } : {}),
      ...(monitor.alertText === undefined ? {} : { condition: monitor.alertText }),
      windowMs: monitor.windowMs,
      everyMs: monitor.everyMs,
      ...(latest === undefined ? {} : { latest: evaluationWire(latest) }),
      ...(alert === undefined ? {} : { alert: alertWire(alert) }),
    };
  }

  async function specOf(project: string): Promise<ProjectSpec> {
    const spec = (await projects.specs()).find((one) => one.project === project);
    if (spec === undefined) throw new MillwrightError('MW-NOT-FOUND', `no project "${project}"`, { where: 'project' });
    return spec;
  }

  return {
    monitors: async (_ctx, { query }) => {
      const specs = (await projects.specs()).filter(
        (spec) => query.project === undefined || spec.project === query.project,
      );
      const all = specs.flatMap((spec) => Object.keys(spec.monitors).map((name) => monitorWire(spec, name)));
      return { monitors: await Promise.all(all) };
    },
    monitor: async (_ctx, { params, query }) => {
      const spec = await specOf(params.project);
      const monitor = await monitorWire(spec, params.name);
      const evaluations = await store.evaluations.find({ where: { monitorId: monitor.id }, limit: query.limit ?? 200 });
      const alerts = await store.alerts.find({ where: { monitorId: monitor.id }, limit: 100 });
      return {
        monitor,
        evaluations: evaluations.map(evaluationWire),
        columns: columnsWire(evaluations[0]?.columns ?? []),
        alerts: alerts.map(alertWire),
      };
    },
    alerts: async (_ctx, { query }) => {
      const where = {
        ...(query.project === undefined ? {} : { project: query.project }),
        ...(query.status === undefined ? {} : { status: query.status }),
      };
      const alerts = await store.alerts.find({ where, limit: query.limit ?? 100 });
      return { alerts: alerts.map(alertWire) };
    },
    alert: async (_ctx, { params }) => {
      const alert = await store.alerts.get(params.id);
      if (alert === undefined)
        throw new MillwrightError('MW-NOT-FOUND', `no incident "${params.id}"`, {
          where: 'id',
          next: 'list them: mw alerts',
        });
      const [project = '', name = ''] = alert.monitorId.split('/');
      const evaluations = await store.evaluations.find({ where: { monitorId: alert.monitorId }, limit: 200 });
      return {
        alert: alertWire(alert),
        monitor: await monitorWire(await specOf(project), name),
        evaluations: evaluations.map(evaluationWire),
      };
    },
  };
}
