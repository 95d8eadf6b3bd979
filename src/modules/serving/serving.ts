/** The data plane's heart: `infer()` on tensors over an atomic route table. Transports translate to and from it and decide nothing. */
import { MillwrightError } from '../../domain/errors.ts';
import { rowsOf } from '../../domain/tensor-data.ts';
import type { ModelSignature } from '../../domain/registry.ts';
import type { Tensor } from '../../domain/tensors.ts';
import { createMutex } from '../../platform/mutex.ts';
import type { Clock, Ids } from '../../ports/clock.ts';
import type { PlaneModel, PlaneRoute, ReleaseStats } from '../../ports/data-plane.ts';
import type { ModelRuntime } from '../../ports/model-runtime.ts';
import { checkOutputs, conform, TENSOR_LIMITS } from './conform.ts';
import type { TensorLimits } from './conform.ts';
import type { PredictionLog } from './prediction-log.ts';
import { statsOf } from './release-slot.ts';
import type { ReleaseSlot } from './release-slot.ts';
import { createReleases } from './releases.ts';
import { checkDocument, makeRoute, pick } from './route-table.ts';
import type { Route, RouteTable } from './route-table.ts';
import { notFinite } from './warm-up.ts';

export interface InferCall {
  readonly endpoint: string;
  /** Model version; without it the route's weights decide. */
  readonly version?: number;
  /** The client's id (at most 200 of [A-Za-z0-9_.:-]); generated when absent or empty. Row i is logged as `<id>/<i>`. */
  readonly id?: string;
  /** Tensors, or a function that makes them once the release (so its signature) is known. */
  readonly inputs: readonly Tensor[] | ((signature: ModelSignature) => readonly Tensor[]);
  readonly outputs?: readonly string[];
  /** Event time for the prediction log, ms; default: arrival. */
  readonly eventTime?: number;
  /** Calls with the same key go to the same release while the weights stay. */
  readonly stickyKey?: string;
  readonly timeoutMs?: number;
}

export interface InferAnswer {
  readonly id: string;
  readonly endpoint: string;
  readonly version: number;
  readonly releaseId: string;
  readonly outputs: readonly Tensor[];
}

interface EndpointView {
  readonly endpoint: string;
  readonly epoch: number;
  readonly model: string;
  /** Loaded versions, newest first, with their share of calls. */
  readonly versions: readonly { readonly version: number; readonly releaseId: string; readonly percent: number }[];
}

export interface EndpointStats {
  readonly endpoint: string;
  readonly releases: readonly (ReleaseStats & {
    readonly nonFinite: number;
    readonly sumMs: number;
    readonly lastAt: number;
    readonly inFlight: number;
  })[];
}

export interface Serving {
  /** Loads and warms, makes the routes durable, then swaps. Throws MW-MODEL-LOAD, MW-CONFLICT (older epoch), MW-INVALID: the old route stays. */
  apply(route: PlaneRoute): Promise<void>;
  remove(endpoint: string): Promise<void>;
  /** At start: takes what it can of the last routes and says what it could not. */
  restore(routes: readonly PlaneRoute[]): Promise<readonly { readonly endpoint: string; readonly error: Error }[]>;
  infer(call: InferCall): Promise<InferAnswer>;
  endpoints(): readonly EndpointView[];
  /** Throws MW-NOT-FOUND. */
  view(endpoint: string): EndpointView;
  /** Signature of the version (or of the one with the largest share). Throws MW-NOT-FOUND. */
  signature(endpoint: string, version?: number): ModelSignature;
  releaseSignature(releaseId: string): ModelSignature;
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
  readonly onError: (message: string) => void;
  readonly limits?: TensorLimits;
}

const CLIENT_ID = /^[\w.:-]{1,200}$/;
const DEFAULT_TIMEOUT_MS = 30_000;

function requestId(given: string | undefined, ids: Ids): string {
  if (given === undefined || given === '') return ids.next('p');
  if (CLIENT_ID.test(given)) return given;
  throw new MillwrightError('MW-INVALID', 'the request id must have 1 to 200 characters out of A-Z a-z 0-9 _ . : -', {
    where: 'id',
    next: 'leave the id out to get one',
  });
}

export function createServing(deps: ServingDeps): Serving {
  const { clock, ids } = deps;
  const limits = deps.limits ?? TENSOR_LIMITS;
  const releases = createReleases(deps.runtime, clock, deps.verify, deps.onError);
  const changes = createMutex();
  let table: RouteTable = new Map();
  let admitted = 0;

  function publish(next: RouteTable): void {
    table = next;
    releases.retain(new Set([...next.values()].flatMap((route) => route.slots)));
  }

  async function load(document: PlaneRoute): Promise<Route> {
    checkDocument(document);
    const slots: ReleaseSlot[] = [];
    for (const model of document.models) slots.push(await releases.ensure(model));
    return makeRoute(document, slots);
  }

  /** What a refused document had loaded must not stay in memory. */
  const discard = (): void => publish(table);

  async function applyNow(document: PlaneRoute): Promise<void> {
    const current = table.get(document.endpoint)?.document.epoch ?? -1;
    if (document.epoch <= current) {
      throw new MillwrightError(
        'MW-CONFLICT',
        `epoch ${document.epoch} of "${document.endpoint}" is not newer than ${current}`,
      );
    }
    try {
      const route = await load(document);
      const next = new Map(table).set(document.endpoint, route);
      await deps.persist([...next.values()].map((entry) => entry.document));
      publish(next);
    } catch (error) {
      discard();
      throw error;
    }
  }

  function finish(slot: ReleaseSlot): void {
    slot.inFlight -= 1;
    admitted -= 1;
    if (slot.retired && slot.inFlight === 0) releases.released(slot);
  }

  function countFailure(slot: ReleaseSlot, error: unknown, ms: number): void {
    const status = error instanceof MillwrightError ? error.kind.status : 500;
    // MW-MODEL-OUTPUT is 422 on the control API, but here it is the model that failed, not the caller.
    if (status < 500 && !(error instanceof MillwrightError && error.code === 'MW-MODEL-OUTPUT'))
      slot.counters.rejected += 1;
    else {
      slot.counters.calls += 1;
      slot.counters.errors += 1;
      slot.counters.latency.add(ms);
    }
  }

  async function infer(call: InferCall): Promise<InferAnswer> {
    const id = requestId(call.id, ids);
    const slot = pick(table, call.endpoint, call.version, call.stickyKey ?? id);
    const { model, counters } = slot;
    slot.inFlight += 1;
    admitted += 1;
    const receivedAt = clock.now();
    const start = clock.monotonic();
    try {
      const given = typeof call.inputs === 'function' ? call.inputs(model.signature) : call.inputs;
      const inputs = conform(model.signature, given, slot.datatypes, limits);
      checkOutputs(model.signature, call.outputs);
      const outputs = await model.infer(inputs, call.outputs, start + (call.timeoutMs ?? DEFAULT_TIMEOUT_MS));
      const latencyMs = clock.monotonic() - start;
      const rows = rowsOf(inputs);
      counters.calls += 1;
      counters.rows += rows;
      counters.lastAt = receivedAt;
      counters.latency.add(latencyMs);
      if (notFinite(outputs) !== undefined) counters.nonFinite += 1;
      const { version, releaseId } = slot.source;
      const time = Math.floor(call.eventTime ?? receivedAt);
      deps.log.add({
        endpoint: call.endpoint,
        id,
        time,
        receivedAt,
        version,
        releaseId,
        latencyMs,
        rows,
        inputs,
        outputs,
      });
      return { id, endpoint: call.endpoint, version, releaseId, outputs };
    } catch (error) {
      countFailure(slot, error, clock.monotonic() - start);
      throw error;
    } finally {
      finish(slot);
    }
  }

  function view(route: Route): EndpointView {
    return {
      endpoint: route.document.endpoint,
      epoch: route.document.epoch,
      model: route.slots[0]?.source.model ?? '',
      versions: route.slots.map((slot) => ({
        version: slot.source.version,
        releaseId: slot.source.releaseId,
        percent: route.weights.find((weight) => weight.slot === slot)?.percent ?? 0,
      })),
    };
  }

  function largest(endpoint: string): number | undefined {
    const weights = table.get(endpoint)?.weights ?? [];
    return [...weights].sort((a, b) => b.percent - a.percent)[0]?.slot.source.version;
  }

  return {
    apply: (route) => changes.run(() => applyNow(route)),
    remove: (endpoint) =>
      changes.run(async () => {
        const next = new Map(table);
        next.delete(endpoint);
        await deps.persist([...next.values()].map((entry) => entry.document));
        publish(next);
      }),
    restore: (routes) =>
      changes.run(async () => {
        const failures: { endpoint: string; error: Error }[] = [];
        for (const document of routes) {
          try {
            publish(new Map(table).set(document.endpoint, await load(document)));
          } catch (error) {
            discard();
            failures.push({
              endpoint: document.endpoint,
              error: error instanceof Error ? error : new Error(String(error)),
            });
          }
        }
        return failures;
      }),
    infer,
    endpoints: () => [...table.values()].map(view),
    view(endpoint) {
      pick(table, endpoint, undefined, '');
      const route = table.get(endpoint);
      if (route === undefined) throw new MillwrightError('MW-NOT-FOUND', `no endpoint "${endpoint}"`);
      return view(route);
    },
    signature: (endpoint, version) => pick(table, endpoint, version ?? largest(endpoint), '').model.signature,
    releaseSignature(releaseId) {
      const slot = releases.get(releaseId);
      if (slot === undefined) throw new MillwrightError('MW-NOT-FOUND', `release "${releaseId}" is not loaded`);
      return slot.model.signature;
    },
    stats: () =>
      [...table.values()].map((route) => ({
        endpoint: route.document.endpoint,
        releases: route.slots.map((slot) => ({
          ...statsOf(slot),
          nonFinite: slot.counters.nonFinite,
          sumMs: slot.counters.latency.sumMs,
          lastAt: slot.counters.lastAt,
          inFlight: slot.inFlight,
        })),
      })),
    inFlight: () => admitted,
  };
}
