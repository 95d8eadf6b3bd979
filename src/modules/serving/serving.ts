/** The data plane's heart: `infer()` on tensors over an atomic route table. Transports translate to and from it and decide nothing. */
import { MillwrightError } from '../../domain/errors.ts';
import type { ModelSignature } from '../../domain/registry.ts';
import type { Tensor } from '../../domain/tensors.ts';
import type { Clock, Ids } from '../../ports/clock.ts';
import type { PlaneModel, PlaneRoute } from '../../ports/data-plane.ts';
import type { ModelRuntime } from '../../ports/model-runtime.ts';
import { createHold } from './cold-start.ts';
import { TENSOR_LIMITS } from './conform.ts';
import type { TensorLimits } from './conform.ts';
import { endpointStats, viewOf } from './endpoint-view.ts';
import type { EndpointStats, EndpointView } from './endpoint-view.ts';
import { exampleOf } from './example-rows.ts';
import { createInfer } from './infer.ts';
import type { InferAnswer, InferCall } from './infer.ts';
import type { PredictionLog } from './prediction-log.ts';
import { createReleases } from './releases.ts';
import { createRepository } from './repository.ts';
import { createRouteChanges } from './route-changes.ts';
import { pick, routeOf } from './route-table.ts';
import type { WarmBudget } from './warm-budget.ts';

export interface Serving {
  /** Loads and warms, makes the routes durable, then swaps. Throws MW-MODEL-LOAD, MW-CONFLICT (older epoch), MW-INVALID: the old route stays. */
  apply(route: PlaneRoute): Promise<void>;
  /** Loads and warms what a coming route names, and keeps it until the returned function is called; no call goes there yet. */
  prepare(route: PlaneRoute): Promise<() => void>;
  remove(endpoint: string): Promise<void>;
  /** At start: takes what it can of the last routes and says what it could not. */
  restore(routes: readonly PlaneRoute[]): Promise<readonly { readonly endpoint: string; readonly error: Error }[]>;
  infer(call: InferCall): Promise<InferAnswer>;
  /**
   * The repository API of the Open Inference Protocol V2: what was unloaded answers MW-UNAVAILABLE until it is loaded again, by this
   * call or a restart. Without a version: all versions of the endpoint, also those that come later. Throws MW-NOT-FOUND, load also
   * MW-MODEL-LOAD.
   */
  load(endpoint: string, version?: number): Promise<void>;
  unload(endpoint: string, version?: number): Promise<void>;
  endpoints(): readonly EndpointView[];
  /** Throws MW-NOT-FOUND. */
  view(endpoint: string): EndpointView;
  /** Signature of the version (or of the one with the largest share), also while it is cold. Throws MW-NOT-FOUND. */
  signature(endpoint: string, version?: number): ModelSignature;
  releaseSignature(releaseId: string): ModelSignature;
  /** A few real rows of inputs, for documentation; without redacted columns; empty when none is known. Throws MW-NOT-FOUND. */
  example(endpoint: string): readonly Tensor[];
  stats(): readonly EndpointStats[];
  /** Calls admitted and not answered. */
  inFlight(): number;
}

export interface ServingDeps {
  readonly runtime: ModelRuntime;
  readonly log: Pick<PredictionLog, 'add'>;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Makes the routes durable; called before every swap. */
  readonly persist: (routes: readonly PlaneRoute[]) => Promise<void>;
  /** Throws when the file is not what its digest says. */
  readonly verify: (model: PlaneModel) => Promise<void>;
  /** Text of a file of golden rows. Without it a release that has such is refused. */
  readonly readText?: (path: string) => Promise<string>;
  readonly onError: (message: string) => void;
  readonly limits?: TensorLimits;
  /** Default: no limit. */
  readonly budget?: WarmBudget;
}

export function createServing(deps: ServingDeps): Serving {
  const { clock, ids, log } = deps;
  const limits = deps.limits ?? TENSOR_LIMITS;
  const releases = createReleases({
    runtime: deps.runtime,
    clock,
    verify: deps.verify,
    readText:
      deps.readText ??
      ((path) =>
        Promise.reject(new MillwrightError('MW-MODEL-LOAD', 'golden rows cannot be read here', { where: path }))),
    onError: deps.onError,
    ...(deps.budget === undefined ? {} : { budget: deps.budget }),
  });
  const hold = createHold(releases, clock);
  const repository = createRepository(releases);
  const mirrorDeps = { clock, log, releases, hold, limits };
  const routes = createRouteChanges({ releases, repository, mirrorDeps, persist: deps.persist });
  const { table } = routes;
  const { infer, inFlight } = createInfer({ clock, ids, log, releases, hold, limits, table });

  function largest(endpoint: string): number | undefined {
    const { weights } = routeOf(table(), endpoint);
    return [...weights].sort((a, b) => b.percent - a.percent)[0]?.slot.source.version;
  }

  return {
    apply: routes.apply,
    prepare: routes.prepare,
    remove: routes.remove,
    restore: routes.restore,
    infer,
    load: async (endpoint, version) => repository.load(routeOf(table(), endpoint), version),
    unload: async (endpoint, version) => repository.unload(routeOf(table(), endpoint), version),
    endpoints: () => [...table().values()].map(viewOf),
    view: (endpoint) => viewOf(routeOf(table(), endpoint)),
    signature: (endpoint, version) => pick(routeOf(table(), endpoint), version ?? largest(endpoint), '').signature,
    releaseSignature(releaseId) {
      const slot = releases.get(releaseId);
      if (slot === undefined) throw new MillwrightError('MW-NOT-FOUND', `release "${releaseId}" is not loaded`);
      return slot.signature;
    },
    example: (endpoint) => exampleOf(routeOf(table(), endpoint)),
    stats: () => [...table().values()].map((route) => endpointStats(route, routes.shadow(route.document.endpoint))),
    inFlight,
  };
}
