/** A shadow beside the live answers, an A/B test, and a prediction of which only the id is known. */
import type { Endpoint, Rollout } from '../../../domain/deployments.ts';
import { MillwrightError } from '../../../domain/errors.ts';
import { rolloutWait } from '../../../domain/rollout-reading.ts';
import { kolmogorovSmirnov } from '../../../domain/statistics/distances.ts';
import { countBetween, equalEdges } from '../../../domain/statistics/quantiles.ts';
import { higherIsBetter } from '../../../domain/statistics/confidence-sequence.ts';
import type { ShadowComparison } from '../../../ports/analytics-store.ts';
import type { Handlers } from '../bind.ts';
import type { ApiDeps } from '../deps.ts';
import { versionsOf } from './endpoint-wire.ts';

type Mine = Pick<Handlers, 'shadow' | 'abTest' | 'findPrediction'>;

const BINS = 20;

/** Both sides counted over the same edges; undefined when all scores are one number. */
function histogramOf(live: Float64Array, shadow: Float64Array) {
  const low = Math.min(live[0] ?? 0, shadow[0] ?? 0);
  const high = Math.max(live.at(-1) ?? 0, shadow.at(-1) ?? 0);
  if (!(high > low)) return undefined;
  const edges = equalEdges(low, high, BINS);
  return { edges, live: countBetween(live, edges), shadow: countBetween(shadow, edges) };
}

export function endpointComparisonHandlers(deps: ApiDeps): Mine {
  const { store, analytics, plane, clock } = deps;

  async function known(name: string): Promise<Endpoint> {
    const endpoint = await store.endpoints.get(name);
    if (endpoint !== undefined) return endpoint;
    throw new MillwrightError('MW-NOT-FOUND', `no endpoint "${name}"`, { where: 'name', next: 'make one: mw deploy' });
  }

  /** The newest rollout of that strategy, and the versions of the endpoint's releases. */
  async function newest(endpoint: string, strategy: Rollout['strategy']) {
    await known(endpoint);
    const [rollouts, releases] = await Promise.all([
      store.rollouts.find({ where: { endpoint }, limit: 200 }),
      store.releases.find({ where: { endpoint }, limit: 1000 }),
    ]);
    const rollout = rollouts.find((one) => one.strategy === strategy);
    return { rollout, versions: versionsOf(new Map(releases.map((release) => [release.id, release]))) };
  }

  /** A page that is watched asks every second; the log is written once a second, and reading a large one takes longer. */
  const looks = new Map<string, { readonly until: number; readonly found: Promise<ShadowComparison> }>();

  async function compare(query: Parameters<typeof analytics.shadow>[0]): Promise<ShadowComparison> {
    const key = JSON.stringify([query.endpoint, query.releaseId, query.top]);
    const started = clock.monotonic();
    const looked = looks.get(key);
    if (looked !== undefined && started < looked.until) return looked.found;
    for (const [old, { until }] of looks) if (until <= started) looks.delete(old);
    const found = analytics.shadow(query);
    looks.set(key, { until: Number.POSITIVE_INFINITY, found });
    const keep = (ms: number): void => void looks.set(key, { until: clock.monotonic() + ms, found });
    await found.then(
      () => keep(2000 + 3 * (clock.monotonic() - started)),
      () => keep(0),
    );
    return found;
  }

  return {
    shadow: async (_ctx, { params, query }) => {
      const { rollout, versions } = await newest(params.name, 'shadow');
      const step = rollout?.steps.find((one) => one.mirror !== undefined);
      if (rollout === undefined || step === undefined) return {};
      const [found, status, endpoint] = await Promise.all([
        compare({
          endpoint: params.name,
          releaseId: rollout.releaseId,
          since: rollout.createdAt,
          top: Math.min(query.limit ?? 20, 50),
        }),
        plane.status(),
        known(params.name),
      ]);
      const counted = status?.stats.find((one) => one.endpoint === params.name)?.shadow;
      const mine = counted?.releaseId === rollout.releaseId ? counted : undefined;
      const live = rollout.fromReleaseId === undefined ? undefined : versions.get(rollout.fromReleaseId);
      const histogram = histogramOf(found.liveScores, found.shadowScores);
      return {
        shadow: {
          rolloutId: rollout.id,
          status: rollout.status,
          active: endpoint.mirror?.releaseId === rollout.releaseId,
          version: versions.get(rollout.releaseId) ?? 0,
          ...(live === undefined ? {} : { liveVersion: live }),
          percent: step.mirror ?? 100,
          startedAt: step.startedAt ?? rollout.createdAt,
          ...(step.endedAt === undefined ? {} : { endedAt: step.endedAt }),
          rows: found.rows,
          differing: found.differing,
          meanAbsDiff: found.meanAbsDiff,
          maxAbsDiff: found.maxAbsDiff,
          ...(found.rows === 0 ? {} : { scoreShift: kolmogorovSmirnov(found.liveScores, found.shadowScores).d }),
          ...(found.latency === undefined ? {} : { latency: { ...found.latency } }),
          ...(mine === undefined ? {} : { errors: mine.errors, dropped: mine.dropped }),
          ...(histogram === undefined ? {} : { histogram }),
          top: found.top.map((row) => ({ ...row, inputs: { ...row.inputs }, difference: row.shadow - row.live })),
        },
      };
    },
    abTest: async (_ctx, { params }) => {
      const { rollout, versions } = await newest(params.name, 'ab');
      if (rollout?.ab === undefined) return {};
      const from = rollout.fromReleaseId === undefined ? undefined : versions.get(rollout.fromReleaseId);
      const wait = rolloutWait(rollout, clock.now());
      return {
        test: {
          rolloutId: rollout.id,
          status: rollout.status,
          version: versions.get(rollout.releaseId) ?? 0,
          ...(from === undefined ? {} : { fromVersion: from }),
          startedAt: rollout.createdAt,
          ...(rollout.endedAt === undefined ? {} : { endedAt: rollout.endedAt }),
          endsAt: rollout.createdAt + rollout.ab.atMostMs,
          ...rollout.ab,
          higherIsBetter: higherIsBetter(rollout.ab.metric),
          ...(rollout.abReading === undefined ? {} : { reading: { ...rollout.abReading } }),
          ...(wait === undefined ? {} : { waits: wait.text }),
          ...(rollout.reason === undefined ? {} : { reason: rollout.reason }),
        },
      };
    },
    findPrediction: async (_ctx, { params }) => {
      const id = /\/\d+$/.test(params.id) ? params.id : `${params.id}/0`;
      for (const endpoint of await store.endpoints.find({ limit: 1000 })) {
        const row = await analytics.prediction(endpoint.id, id);
        if (row === undefined) continue;
        const { releaseId: _release, ...rest } = row;
        return {
          endpoint: endpoint.id,
          project: endpoint.project,
          model: endpoint.model,
          prediction: { ...rest, inputs: { ...rest.inputs } },
        };
      }
      throw new MillwrightError('MW-NOT-FOUND', `no prediction "${params.id}" at any endpoint`, {
        where: 'id',
        next: 'the id is in the answer (and its request id in the response header); the log is written about once a second, and sampled by endpoint.log.sample',
      });
    },
  };
}
