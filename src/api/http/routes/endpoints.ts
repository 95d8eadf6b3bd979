/** Endpoints: traffic, rollouts, predictions, outcomes. */
import type { Endpoint } from '../../../domain/deployments.ts';
import { MillwrightError } from '../../../domain/errors.ts';
import type { PlaneStatus } from '../../../ports/data-plane.ts';
import type { Handlers } from '../bind.ts';
import type { ApiDeps, WantedVersion } from '../deps.ts';
import { endpointWire, type ReleasesById, versionsOf } from './endpoint-wire.ts';
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

  async function releasesOf(endpoint: string): Promise<ReleasesById> {
    const releases = await store.releases.find({ where: { endpoint }, limit: 1000 });
    return new Map(releases.map((release) => [release.id, release]));
  }

  async function wire(endpoint: Endpoint, status: PlaneStatus | undefined) {
    const rollout = endpoint.rolloutId === undefined ? undefined : await store.rollouts.get(endpoint.rolloutId);
    const releases = await releasesOf(endpoint.id);
    return endpointWire(endpoint, { status, rollout, releases, addresses: plane.addresses(), now: clock.now() });
  }

  return {
    endpoints: async () => {
      const [all, status] = await Promise.all([store.endpoints.find({ limit: 1000 }), plane.status()]);
      return { endpoints: await Promise.all(all.map((endpoint) => wire(endpoint, status))) };
    },
    endpoint: async (_ctx, { params }) => {
      const endpoint = await known(params.name);
      const [status, releases, rollouts, recent] = await Promise.all([
        plane.status(),
        releasesOf(endpoint.id),
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
        rollouts: rollouts.map((rollout) => rolloutWire(rollout, versionsOf(releases), clock.now(), 0)),
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
      const plan = await deployments.plan(ctx, params.name, wanted(body));
      const command =
        body.model === undefined
          ? `mw deploy ${params.name}${body.version === undefined ? '' : ` --version ${body.version}`}`
          : `mw deploy --model ${body.model} --endpoint ${params.name}`;
      return { changes: plan.changes.map((line) => ({ ...line })), unchanged: plan.unchanged, command };
    },
    deploy: async (ctx, { params, body }) => {
      const done = await deployments.deploy(ctx, params.name, wanted(body));
      const versions = versionsOf(await releasesOf(done.endpoint.id));
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

/** What is asked for, without members that are absent. */
function wanted(body: { readonly version?: number | undefined; readonly model?: string | undefined }): WantedVersion {
  return {
    ...(body.version === undefined ? {} : { version: body.version }),
    ...(body.model === undefined ? {} : { model: body.model }),
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
