/** Endpoints: traffic, rollouts, predictions, outcomes. */
import type { Endpoint, Rollout } from '../../../domain/deployments.ts';
import { MillwrightError } from '../../../domain/errors.ts';
import { latencyQuantile } from '../../../domain/latency.ts';
import type { PlaneStatus } from '../../../ports/data-plane.ts';
import type { Handlers } from '../bind.ts';
import type { ApiDeps } from '../deps.ts';
import { list, rolloutWire } from './present.ts';

type Mine = Pick<
  Handlers,
  | 'endpoints'
  | 'endpoint'
  | 'endpointSeries'
  | 'predictions'
  | 'prediction'
  | 'deployPlan'
  | 'deploy'
  | 'rollback'
  | 'outcomes'
  | 'tryIt'
>;

export function endpointHandlers(deps: ApiDeps): Mine {
  const { store, analytics, plane, deployments, samples, clock } = deps;

  async function known(name: string): Promise<Endpoint> {
    const endpoint = await store.endpoints.get(name);
    if (endpoint === undefined)
      throw new MillwrightError('MW-NOT-FOUND', `no endpoint "${name}"`, {
        where: 'name',
        next: 'make one: mw deploy',
      });
    return endpoint;
  }

  async function versionsOf(endpoint: string): Promise<ReadonlyMap<string, number>> {
    const releases = await store.releases.find({ where: { endpoint }, limit: 1000 });
    return new Map(releases.map((release) => [release.id, release.version]));
  }

  function load(endpoint: Endpoint, status: PlaneStatus | undefined, rollout: Rollout | undefined) {
    const stats = status?.stats.find((one) => one.endpoint === endpoint.id)?.releases ?? [];
    // A rollout may put an older version up again: only the rollout knows which release is on trial.
    const candidate =
      rollout?.status === 'running' && rollout.fromReleaseId !== undefined ? rollout.releaseId : undefined;
    const roleOf = (releaseId: string, percent: number): 'candidate' | 'champion' | 'previous' => {
      if (candidate === undefined) return percent === 0 ? 'previous' : 'champion';
      if (releaseId === candidate) return 'candidate';
      return releaseId === rollout?.fromReleaseId ? 'champion' : 'previous';
    };
    const weights = [
      ...endpoint.weights,
      ...(endpoint.previous === undefined ? [] : [{ ...endpoint.previous, percent: 0 }]),
    ];
    const seen = new Set<string>();
    return weights.flatMap((weight) => {
      if (seen.has(weight.releaseId)) return [];
      seen.add(weight.releaseId);
      const own = stats.find((one) => one.releaseId === weight.releaseId);
      const quantile = (q: number) => (own === undefined ? undefined : latencyQuantile([own.latency], q));
      const [p50, p95, p99] = [quantile(0.5), quantile(0.95), quantile(0.99)];
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
          ...(p50 === undefined ? {} : { p50Ms: p50 }),
          ...(p95 === undefined ? {} : { p95Ms: p95 }),
          ...(p99 === undefined ? {} : { p99Ms: p99 }),
        },
      ];
    });
  }

  async function wire(endpoint: Endpoint, status: PlaneStatus | undefined) {
    const addresses = plane.addresses();
    const rollout = endpoint.rolloutId === undefined ? undefined : await store.rollouts.get(endpoint.rolloutId);
    const releases = load(endpoint, status, rollout);
    const versions = await versionsOf(endpoint.id);
    return {
      name: endpoint.id,
      project: endpoint.project,
      model: endpoint.model,
      createdAt: endpoint.createdAt,
      epoch: endpoint.epoch,
      restUrl: `${addresses.rest}/v2/models/${endpoint.id}/infer`,
      grpcAddress: addresses.grpc,
      plane: status === undefined ? { up: false } : { up: true, pid: status.pid, startedAt: status.startedAt },
      releases,
      ...(status === undefined ? {} : { log: { ...status.log } }),
      ...(rollout === undefined ? {} : { rollout: rolloutWire(rollout, versions, clock.now(), 0) }),
      ...(endpoint.previous === undefined ? {} : { previousVersion: endpoint.previous.version }),
    };
  }

  return {
    endpoints: async () => {
      const [all, status] = await Promise.all([store.endpoints.find({ limit: 1000 }), plane.status()]);
      return { endpoints: await Promise.all(all.map((endpoint) => wire(endpoint, status))) };
    },
    endpoint: async (_ctx, { params }) => {
      const endpoint = await known(params.name);
      const [status, versions, rollouts, recent] = await Promise.all([
        plane.status(),
        versionsOf(endpoint.id),
        store.rollouts.find({ where: { endpoint: endpoint.id }, limit: 50 }),
        analytics.recent(endpoint.id, 1),
      ]);
      const top = endpoint.weights[0];
      const signature = top === undefined ? undefined : await plane.signature(top.releaseId);
      const example = recent[0]?.inputs;
      const specs = (all: NonNullable<typeof signature>['inputs']) =>
        all.map((one) => ({ name: one.name, datatype: one.datatype, shape: list(one.shape) }));
      return {
        endpoint: await wire(endpoint, status),
        ...(signature === undefined
          ? {}
          : { signature: { inputs: specs(signature.inputs), outputs: specs(signature.outputs) } }),
        ...(example === undefined ? {} : { example: { ...example } }),
        rollouts: rollouts.map((rollout) => rolloutWire(rollout, versions, clock.now(), 0)),
      };
    },
    endpointSeries: async (_ctx, { params, query }) => {
      const endpoint = await known(params.name);
      const windowMs = query.windowMs ?? 900_000;
      const { stepMs, points } = samples.series(endpoint.id, windowMs);
      const events = await store.events.find({
        project: endpoint.project,
        types: [
          'rollout.started',
          'rollout.stepped',
          'rollout.promoted',
          'rollout.rolled_back',
          'endpoint.rolled_back',
          'alert.fired',
        ],
        order: 'newest',
        limit: 100,
      });
      const since = clock.now() - windowMs;
      return {
        stepMs,
        points: points.map((point) => ({ at: point.at, byVersion: point.byVersion.map((one) => ({ ...one })) })),
        events: events.filter((event) => event.at >= since).map((event) => ({ at: event.at, text: shortEvent(event) })),
      };
    },
    predictions: async (_ctx, { params, query }) => {
      const endpoint = await known(params.name);
      const [rows, span] = await Promise.all([
        analytics.recent(endpoint.id, query.limit ?? 50),
        analytics.span(endpoint.id),
      ]);
      return {
        predictions: rows.map(({ releaseId: _release, ...row }) => ({ ...row, inputs: { ...row.inputs } })),
        total: span?.predictions ?? 0,
      };
    },
    prediction: async (_ctx, { params }) => {
      await known(params.name);
      const row = await analytics.prediction(params.name, params.id);
      if (row === undefined)
        throw new MillwrightError('MW-NOT-FOUND', `no prediction "${params.id}" at endpoint "${params.name}"`, {
          where: 'id',
        });
      const { releaseId: _release, ...rest } = row;
      return { prediction: { ...rest, inputs: { ...rest.inputs } } };
    },
    deployPlan: async (ctx, { params, body }) => {
      const plan = await deployments.plan(ctx, params.name, body.version);
      const command = `mw deploy ${params.name}${body.version === undefined ? '' : ` --version ${body.version}`}`;
      return { changes: plan.changes.map((line) => ({ ...line })), unchanged: plan.unchanged, command };
    },
    deploy: async (ctx, { params, body }) => {
      const done = await deployments.deploy(ctx, params.name, body.version);
      const versions = await versionsOf(done.endpoint.id);
      return {
        endpoint: await wire(done.endpoint, await plane.status()),
        ...(done.rollout === undefined ? {} : { rollout: rolloutWire(done.rollout, versions, clock.now(), 0) }),
        unchanged: done.unchanged,
      };
    },
    rollback: async (ctx, { params }) => {
      await known(params.name);
      const done = await deployments.rollback(ctx, params.name);
      return { endpoint: await wire(done.endpoint, await plane.status()), from: done.from, to: done.to, ms: done.ms };
    },
    outcomes: async (ctx, { params, body }) => {
      await known(params.name);
      const now = clock.now();
      const outcomes = body.outcomes.map((one) => ({
        predictionId: one.prediction_id,
        name: one.name,
        value: one.value,
        time: one.time ?? now,
      }));
      await deps.addOutcomes(ctx, params.name, outcomes);
      return { accepted: outcomes.length };
    },
    tryIt: async (_ctx, { params, body }) => {
      await known(params.name);
      const answer = await plane.infer(params.name, body.rows);
      return { ...answer };
    },
  };
}

function shortEvent(event: { readonly type: string; readonly data: unknown }): string {
  const data = event.data as { readonly version?: number; readonly percent?: number };
  switch (event.type) {
    case 'rollout.stepped':
      return `v${data.version ?? '?'} ${data.percent ?? ''}%`;
    case 'rollout.started':
      return `v${data.version ?? '?'}`;
    case 'rollout.promoted':
      return `v${data.version ?? '?'} 100%`;
    case 'alert.fired':
      return 'alert';
    default:
      return 'back';
  }
}
