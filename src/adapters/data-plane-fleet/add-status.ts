/** The counters of several gateways as if one had counted. Sums never go down: what a gateway had counted before it ended stays. */
import type { PlaneStatus, ReleaseStats } from '../../ports/data-plane.ts';
import type { RuntimeStats } from '../../ports/model-runtime.ts';

type Stats = PlaneStatus['stats'];

const sum = (a: readonly number[], b: readonly number[]): readonly number[] =>
  Array.from({ length: Math.max(a.length, b.length) }, (_, index) => (a[index] ?? 0) + (b[index] ?? 0));

function addRuntime(a: RuntimeStats, b: RuntimeStats): RuntimeStats {
  const bounds = a.batchSizes.bounds.length >= b.batchSizes.bounds.length ? a.batchSizes.bounds : b.batchSizes.bounds;
  const rss = (a.rssBytes ?? 0) + (b.rssBytes ?? 0);
  return {
    ...a,
    waiting: a.waiting + b.waiting,
    queueMs: a.queueMs + b.queueMs,
    computeMs: a.computeMs + b.computeMs,
    batches: a.batches + b.batches,
    batchedRows: a.batchedRows + b.batchedRows,
    batchSizes: { bounds, counts: sum(a.batchSizes.counts, b.batchSizes.counts) },
    shed: a.shed + b.shed,
    replicas: a.replicas + b.replicas,
    restarts: a.restarts + b.restarts,
    ...(rss === 0 ? {} : { rssBytes: rss }),
  };
}

function addRelease(a: ReleaseStats, b: ReleaseStats): ReleaseStats {
  return {
    ...a,
    calls: a.calls + b.calls,
    rows: a.rows + b.rows,
    errors: a.errors + b.errors,
    rejected: a.rejected + b.rejected,
    latency: { bounds: a.latency.bounds, counts: sum(a.latency.counts, b.latency.counts) },
    inFlight: a.inFlight + b.inFlight,
    coldStarts: a.coldStarts + b.coldStarts,
    runtime: addRuntime(a.runtime, b.runtime),
  };
}

function addEndpoint(a: Stats[number], b: Stats[number]): Stats[number] {
  const releases = new Map(a.releases.map((one) => [one.releaseId, one]));
  for (const one of b.releases) {
    const known = releases.get(one.releaseId);
    releases.set(one.releaseId, known === undefined ? one : addRelease(known, one));
  }
  const shadow = addShadow(a.shadow, b.shadow);
  return { ...a, releases: [...releases.values()], ...(shadow === undefined ? {} : { shadow }) };
}

function addShadow(a: Stats[number]['shadow'], b: Stats[number]['shadow']): Stats[number]['shadow'] {
  if (a === undefined || b === undefined || a.releaseId !== b.releaseId) return a ?? b;
  const rows = a.rows + b.rows;
  return {
    ...a,
    calls: a.calls + b.calls,
    rows,
    differing: a.differing + b.differing,
    meanAbsDiff: rows === 0 ? 0 : (a.meanAbsDiff * a.rows + b.meanAbsDiff * b.rows) / rows,
    maxAbsDiff: Math.max(a.maxAbsDiff, b.maxAbsDiff),
    errors: a.errors + b.errors,
    dropped: a.dropped + b.dropped,
  };
}

/** Endpoints and releases of either; what both have is added. */
export function addStats(a: Stats, b: Stats): Stats {
  const endpoints = new Map(a.map((one) => [one.endpoint, one]));
  for (const one of b) {
    const known = endpoints.get(one.endpoint);
    endpoints.set(one.endpoint, known === undefined ? one : addEndpoint(known, one));
  }
  return [...endpoints.values()];
}

/** What a gateway that ended had counted: nothing of it runs, waits or takes memory any more. */
export function ended(stats: Stats): Stats {
  return stats.map((endpoint) => ({
    ...endpoint,
    releases: endpoint.releases.map((release) => {
      const { rssBytes: _, ...runtime } = release.runtime;
      return { ...release, inFlight: 0, runtime: { ...runtime, waiting: 0, replicas: 0 } };
    }),
  }));
}

/** Of the endpoints that are served now: a release of long ago must not come back by what somebody once counted. */
export function onlyServed(stats: Stats, served: Stats): Stats {
  const names = new Map(served.map((one) => [one.endpoint, new Set(one.releases.map(({ releaseId }) => releaseId))]));
  return stats.flatMap((endpoint) => {
    const releases = endpoint.releases.filter(({ releaseId }) => names.get(endpoint.endpoint)?.has(releaseId));
    return releases.length === 0 ? [] : [{ ...endpoint, releases }];
  });
}
