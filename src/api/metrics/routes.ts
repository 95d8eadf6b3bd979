/** Prometheus text of the control plane. The data plane has its own at its REST port. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import type { PlaneStatus } from '../../ports/data-plane.ts';

interface MetricsDeps {
  readonly authorize: (request: FastifyRequest) => Promise<void>;
  readonly store: MetadataStore;
  readonly plane: { status(): Promise<PlaneStatus | undefined> };
}

const line = (name: string, help: string, type: 'gauge' | 'counter', value: number): string =>
  `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${value}\n`;

export function registerMetrics(app: FastifyInstance, { authorize, store, plane }: MetricsDeps): void {
  app.get('/metrics', async (request, reply) => {
    await authorize(request);
    const [running, firing, status] = await Promise.all([
      store.pipelineRuns.count({ status: 'running' }),
      store.alerts.count({ status: 'firing' }),
      plane.status(),
    ]);
    const usage = process.cpuUsage();
    return reply
      .type('text/plain; version=0.0.4; charset=utf-8')
      .send(
        [
          line('millwright_pipeline_runs_running', 'Pipeline runs under way.', 'gauge', running),
          line('millwright_alerts_firing', 'Incidents that are not over.', 'gauge', firing),
          line('millwright_data_plane_up', '1 when the data plane answers.', 'gauge', status === undefined ? 0 : 1),
          line(
            'process_resident_memory_bytes',
            'Resident memory of the control plane.',
            'gauge',
            process.memoryUsage.rss(),
          ),
          line(
            'process_cpu_seconds_total',
            'CPU time of the control plane.',
            'counter',
            (usage.user + usage.system) / 1e6,
          ),
        ].join(''),
      );
  });
}
