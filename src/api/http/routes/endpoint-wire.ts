/** An Endpoint as the wire shows it: what the store desires beside what the data plane counts. Pure. */
import type { Endpoint, Release, Rollout } from '../../../domain/deployments.ts';
import { latencyQuantile } from '../../../domain/latency.ts';
import { ENDPOINT_LIMITS, LOG_POLICY } from '../../../domain/serving.ts';
import type { PlaneStatus, ReleaseStats } from '../../../ports/data-plane.ts';
import { list, rolloutWire } from './present.ts';

type Role = 'candidate' | 'champion' | 'previous' | 'shadow';

/** Its releases by id: versions and runtimes. */
export type ReleasesById = ReadonlyMap<string, Release>;

export function versionsOf(releases: ReleasesById): ReadonlyMap<string, number> {
  return new Map([...releases].map(([id, release]) => [id, release.version]));
}

function counted(own: ReleaseStats) {
  const quantile = (q: number) => latencyQuantile([own.latency], q);
  const [p50, p95, p99] = [quantile(0.5), quantile(0.95), quantile(0.99)];
  const { runtime } = own;
  const calls = own.calls + runtime.shed;
  return {
    ...(p50 === undefined ? {} : { p50Ms: p50 }),
    ...(p95 === undefined ? {} : { p95Ms: p95 }),
    ...(p99 === undefined ? {} : { p99Ms: p99 }),
    state: own.state,
    coldStarts: own.coldStarts,
    inFlight: own.inFlight,
    replicas: runtime.replicas,
    restarts: runtime.restarts,
    waiting: runtime.waiting,
    shed: runtime.shed,
    ...(runtime.batches === 0
      ? {}
      : { batchRows: runtime.batchedRows / runtime.batches, computeMs: runtime.computeMs / runtime.batches }),
    ...(calls === 0 ? {} : { queueMs: runtime.queueMs / calls }),
    ...(runtime.rssBytes === undefined ? {} : { rssBytes: runtime.rssBytes }),
  };
}

function loads(
  endpoint: Endpoint,
  status: PlaneStatus | undefined,
  rollout: Rollout | undefined,
  releases: ReleasesById,
) {
  const stats = status?.stats.find((one) => one.endpoint === endpoint.id)?.releases ?? [];
  // A rollout may put an older version up again: only the rollout knows which release is on trial.
  const candidate =
    rollout?.status === 'running' && rollout.fromReleaseId !== undefined ? rollout.releaseId : undefined;
  const roleOf = (releaseId: string, percent: number): Role => {
    if (releaseId === endpoint.mirror?.releaseId) return 'shadow';
    if (candidate === undefined) return percent === 0 ? 'previous' : 'champion';
    if (releaseId === candidate) return 'candidate';
    return releaseId === rollout?.fromReleaseId ? 'champion' : 'previous';
  };
  const weights = [
    ...endpoint.weights,
    ...(endpoint.mirror === undefined ? [] : [{ ...endpoint.mirror, percent: 0 }]),
    ...(endpoint.previous === undefined ? [] : [{ ...endpoint.previous, percent: 0 }]),
  ];
  const seen = new Set<string>();
  return weights.flatMap((weight) => {
    if (seen.has(weight.releaseId)) return [];
    seen.add(weight.releaseId);
    const own = stats.find((one) => one.releaseId === weight.releaseId);
    return [
      {
        releaseId: weight.releaseId,
        version: weight.version,
        percent: weight.percent,
        role: roleOf(weight.releaseId, weight.percent),
        calls: own?.calls ?? 0,
        rows: own?.rows ?? 0,
        errors: own?.errors ?? 0,
        rejected: own?.rejected ?? 0,
        runtime: releases.get(weight.releaseId)?.runtime?.kind ?? ('onnx' as const),
        ...(own === undefined ? {} : counted(own)),
      },
    ];
  });
}

export interface EndpointSources {
  readonly status: PlaneStatus | undefined;
  readonly rollout: Rollout | undefined;
  readonly releases: ReleasesById;
  readonly addresses: { readonly rest: string; readonly grpc: string };
  readonly now: number;
}

export function endpointWire(endpoint: Endpoint, sources: EndpointSources) {
  const { status, rollout, releases, addresses, now } = sources;
  const limits = endpoint.limits ?? ENDPOINT_LIMITS;
  const log = endpoint.log ?? LOG_POLICY;
  return {
    name: endpoint.id,
    project: endpoint.project,
    model: endpoint.model,
    createdAt: endpoint.createdAt,
    epoch: endpoint.epoch,
    restUrl: `${addresses.rest}/v2/models/${endpoint.id}/infer`,
    grpcAddress: addresses.grpc,
    plane: status === undefined ? { up: false } : { up: true, pid: status.pid, startedAt: status.startedAt },
    releases: loads(endpoint, status, rollout, releases),
    ...(status === undefined ? {} : { log: { ...status.log } }),
    ...(endpoint.mirror === undefined ? {} : { mirror: { ...endpoint.mirror } }),
    ...(endpoint.experiment === undefined ? {} : { experiment: endpoint.experiment }),
    limits: { ...limits, replicas: { ...limits.replicas } },
    logging: { sample: log.sample, redact: list(log.redact) },
    ...(rollout === undefined ? {} : { rollout: rolloutWire(rollout, versionsOf(releases), now, 0) }),
    ...(endpoint.previous === undefined ? {} : { previousVersion: endpoint.previous.version }),
  };
}
