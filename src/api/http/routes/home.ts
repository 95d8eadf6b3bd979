/** Home, the story, this server, this machine, datasets. */
import type { Handlers } from '../bind.ts';
import type { ApiDeps } from '../deps.ts';
import type { EventType } from '../../../domain/events.ts';
import { latencyQuantile } from '../../../domain/latency.ts';
import type { Estimate } from '../../../domain/registry.ts';

type Mine = Pick<Handlers, 'server' | 'home' | 'events' | 'resources' | 'datasets'>;

const copy = (metric: { readonly name: string; readonly estimate: Estimate } | undefined) =>
  metric === undefined ? {} : { metric: { name: metric.name, estimate: { ...metric.estimate } } };

export function homeHandlers({ store, analytics, tracking, delivery, projects, plane, samples, info }: ApiDeps): Mine {
  async function countAllRuns(): Promise<number> {
    const { items } = await tracking.searchExperiments({ maxResults: 10_000 });
    return tracking.countRuns({ experimentIds: items.map((one) => one.id) });
  }

  /** From the log, which outlives the data plane's counters. */
  async function countPredictions(): Promise<number> {
    const endpoints = await store.endpoints.find({ limit: 1000 });
    const spans = await Promise.all(endpoints.map((endpoint) => analytics.span(endpoint.id)));
    return spans.reduce((sum, span) => sum + (span?.predictions ?? 0), 0);
  }

  return {
    server: async (ctx) => ({
      ...info(),
      ...plane.addresses(),
      who: { name: ctx.principal.name, role: ctx.principal.role },
    }),
    home: async () => {
      const specs = await projects.specs();
      const [cards, week, status, runs, predictions] = await Promise.all([
        Promise.all(specs.map((spec) => delivery.card(spec))),
        delivery.week(),
        plane.status(),
        countAllRuns(),
        countPredictions(),
      ]);
      const releases = (status?.stats ?? []).flatMap((endpoint) => endpoint.releases);
      const p99 = latencyQuantile(
        releases.map((release) => release.latency),
        0.99,
      );
      return {
        projects: cards.map((card) => ({
          ...card,
          situation: { ...card.situation },
          stages: card.stages.map(({ metric, ...stage }) => ({ ...stage, ...copy(metric) })),
        })),
        waiting: cards.flatMap((card) =>
          card.next?.by === 'person'
            ? [{ project: card.name, text: card.situation.text, detail: card.next.text, href: card.next.href ?? '/' }]
            : [],
        ),
        week: {
          predictions,
          errors: releases.reduce((sum, release) => sum + release.errors, 0),
          ...(p99 === undefined ? {} : { p99Ms: p99 }),
          ...week,
        },
        runs,
      };
    },
    events: async (_ctx, { query }) => {
      const limit = query.limit ?? 100;
      // Unknown names simply match nothing: a newer page may ask an older server.
      const types = query.types?.split(',') as EventType[] | undefined;
      const events = await store.events.find({
        order: 'newest',
        limit,
        ...(query.project === undefined ? {} : { project: query.project }),
        ...(query.before === undefined ? {} : { before: query.before }),
        ...(types === undefined ? {} : { types }),
      });
      const last = events.at(-1);
      return {
        events: events.map((event) => ({ ...event, data: { ...event.data } })),
        ...(events.length === limit && last !== undefined ? { before: last.seq } : {}),
      };
    },
    resources: async () => ({ samples: samples.resources().map((sample) => ({ ...sample })) }),
    datasets: async (_ctx, { query }) => {
      const where = query.project === undefined ? {} : { where: { project: query.project } };
      const found = await store.datasetVersions.find({ ...where, limit: query.limit ?? 20 });
      return {
        datasets: found.map((one) => ({
          id: one.id,
          project: one.project,
          name: one.name,
          digest: one.digest,
          createdAt: one.createdAt,
          rows: one.rows,
          bytes: one.bytes,
          files: one.files.map((file) => ({ ...file })),
          ...(one.previousId === undefined ? {} : { previousId: one.previousId }),
          schemaChanges: [...(one.schemaChanges ?? [])],
          checks: one.checks.map((check) => ({ ...check })),
          columns: one.profile.map(
            ({ sample: _sample, edges, counts, top, otherRows: _other, rows: _rows, ...rest }) => ({
              ...rest,
              ...(edges === undefined ? {} : { edges: [...edges] }),
              ...(counts === undefined ? {} : { counts: [...counts] }),
              ...(top === undefined ? {} : { top: top.slice(0, 20).map((value) => ({ ...value })) }),
            }),
          ),
        })),
      };
    },
  };
}
