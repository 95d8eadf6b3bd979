/** Triton's statistics extension, from what the releases and their runtimes counted. Cumulative since the plane started. */
import type { EndpointStats, Serving } from '../../modules/serving/index.ts';

type Release = EndpointStats['releases'][number];

interface Duration {
  readonly count: number;
  readonly ns: number;
}

const ns = (ms: number): number => Math.round(ms * 1e6);
const NONE: Duration = { count: 0, ns: 0 };

/** By sizes of a doubling series, so a `batch_size` stands for all up to it from the one before; times by the learned cost of that size. */
function batchStats({ runtime: { batchSizes, cost } }: Release) {
  return batchSizes.bounds.flatMap((bound, index) => {
    const count = batchSizes.counts[index] ?? 0;
    if (count === 0) return [];
    const each = cost === undefined ? 0 : cost.fixedMs + cost.perRowMs * bound;
    return [
      {
        batch_size: bound,
        compute_input: { count, ns: 0 },
        compute_infer: { count, ns: ns(each * count) },
        compute_output: { count, ns: 0 },
      },
    ];
  });
}

function modelStats(endpoint: string, release: Release) {
  const good = release.calls - release.errors;
  const { runtime } = release;
  return {
    name: endpoint,
    version: String(release.version),
    last_inference: release.lastAt,
    inference_count: release.rows,
    execution_count: runtime.batches,
    inference_stats: {
      success: { count: good, ns: ns(release.sumMs) },
      fail: { count: release.errors + release.rejected, ns: 0 },
      queue: { count: good, ns: ns(runtime.queueMs) },
      compute_input: { count: good, ns: 0 },
      compute_infer: { count: good, ns: ns(runtime.computeMs) },
      compute_output: { count: good, ns: 0 },
      cache_hit: NONE,
      cache_miss: NONE,
    },
    batch_stats: batchStats(release),
    memory_usage: runtime.rssBytes === undefined ? [] : [{ type: 'CPU', id: 0, byte_size: runtime.rssBytes }],
  };
}

/** Of one endpoint or of all. Throws MW-NOT-FOUND. */
export function statistics(serving: Serving, endpoint: string | undefined, version: number | undefined) {
  if (endpoint !== undefined) serving.signature(endpoint, version);
  const model_stats = serving
    .stats()
    .filter((entry) => endpoint === undefined || entry.endpoint === endpoint)
    .flatMap((entry) =>
      entry.releases
        .filter((release) => version === undefined || release.version === version)
        .map((release) => modelStats(entry.endpoint, release)),
    );
  return { model_stats };
}
