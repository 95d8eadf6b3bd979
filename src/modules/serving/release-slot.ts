/** A release that a route names: its model while it is loaded, its counters, and the calls that hold it. */
import type { MillwrightError } from '../../domain/errors.ts';
import type { ModelSignature } from '../../domain/registry.ts';
import type { EndpointLimits } from '../../domain/serving.ts';
import type { Datatype, Tensor } from '../../domain/tensors.ts';
import type { PlaneModel, ReleaseStats } from '../../ports/data-plane.ts';
import { NO_RUNTIME_STATS } from '../../ports/model-runtime.ts';
import type { LoadedModel, RuntimeStats } from '../../ports/model-runtime.ts';
import { createLatencyHistogram, LATENCY_BOUNDS } from './latency.ts';
import type { LatencyHistogram } from './latency.ts';
import { datatypesOf } from './warm-up.ts';
import type { WarmUp } from './warm-up.ts';

interface ReleaseCounters {
  calls: number;
  rows: number;
  errors: number;
  rejected: number;
  /** Answers with a value that is not a finite number; passed through, as the caller's model said so. */
  nonFinite: number;
  lastAt: number;
  coldStarts: number;
  /** Calls without an answer, by error code. */
  readonly failures: Map<string, number>;
  readonly latency: LatencyHistogram;
  /** Of the times it was loaded before. */
  past: RuntimeStats;
  warmUp: WarmUp;
}

export interface ReleaseSlot {
  readonly source: PlaneModel;
  limits: EndpointLimits;
  /** Known also while the model is not loaded. */
  readonly signature: ModelSignature;
  readonly datatypes: readonly Datatype[];
  readonly counters: ReleaseCounters;
  /** Undefined while it is cold. */
  model: LoadedModel | undefined;
  loading: Promise<LoadedModel> | undefined;
  /** Out of use, but calls still hold it. */
  leaving: LoadedModel | undefined;
  /** Calls that were admitted to this release and are not answered. It is unloaded only at 0. */
  inFlight: number;
  /** Calls of these that wait for the load. */
  held: number;
  /** Something is to be done when `inFlight` comes to 0: the one thing that the hot path looks at. */
  ending: boolean;
  /** No route names it any more. */
  retired: boolean;
  /** Unloaded by the repository API. */
  withdrawn: boolean;
  /** Takes calls and never idles: not unloaded to make room. */
  pinned: boolean;
  /** Routes, and changes of routes under way, that want it. */
  claims: number;
  /** When the last call was admitted, monotonic ms. */
  usedAt: number;
  idleTimer: NodeJS.Timeout | undefined;
  /** The last try to load it again failed: none before `until` (monotonic ms). */
  failure: { readonly error: unknown; readonly until: number; readonly backOffMs: number } | undefined;
  /** A few real rows: see example-rows.ts. */
  example: readonly Tensor[] | undefined;
  /** Why the runtime gave it up. */
  quarantined: MillwrightError | undefined;
}

export function createSlot(
  source: PlaneModel,
  limits: EndpointLimits,
  loaded: { readonly model: LoadedModel; readonly warmUp: WarmUp; readonly example?: readonly Tensor[] | undefined },
  now: number,
  counters?: ReleaseCounters,
): ReleaseSlot {
  const { model, warmUp } = loaded;
  return {
    source,
    limits,
    signature: model.signature,
    datatypes: datatypesOf(model.signature),
    counters: counters ?? {
      calls: 0,
      rows: 0,
      errors: 0,
      rejected: 0,
      nonFinite: 0,
      lastAt: 0,
      coldStarts: 0,
      failures: new Map(),
      latency: createLatencyHistogram(),
      past: NO_RUNTIME_STATS,
      warmUp,
    },
    model,
    loading: undefined,
    leaving: undefined,
    inFlight: 0,
    held: 0,
    ending: false,
    retired: false,
    withdrawn: false,
    pinned: false,
    claims: 0,
    usedAt: now,
    idleTimer: undefined,
    failure: undefined,
    example: loaded.example,
    quarantined: undefined,
  };
}

/** What counts up is added; what is as it is now (waiting, workers, memory, cost) is the newer one's. */
export function addRuntimeStats(past: RuntimeStats, now: RuntimeStats): RuntimeStats {
  if (past.batches === 0 && past.shed === 0 && past.restarts === 0) return now;
  const bounds =
    now.batchSizes.bounds.length >= past.batchSizes.bounds.length ? now.batchSizes.bounds : past.batchSizes.bounds;
  const length = Math.max(now.batchSizes.counts.length, past.batchSizes.counts.length);
  return {
    ...now,
    queueMs: past.queueMs + now.queueMs,
    computeMs: past.computeMs + now.computeMs,
    batches: past.batches + now.batches,
    batchedRows: past.batchedRows + now.batchedRows,
    batchSizes: {
      bounds,
      counts: Array.from(
        { length },
        (_, index) => (past.batchSizes.counts[index] ?? 0) + (now.batchSizes.counts[index] ?? 0),
      ),
    },
    shed: past.shed + now.shed,
    restarts: past.restarts + now.restarts,
  };
}

/** A cold model's: nothing waits and nobody works. */
export function ended(stats: RuntimeStats): RuntimeStats {
  const { rssBytes: _none, ...rest } = stats;
  return { ...rest, waiting: 0, replicas: 0 };
}

export function stateOf(slot: ReleaseSlot): ReleaseStats['state'] {
  if (slot.withdrawn) return 'unloaded';
  if (slot.quarantined !== undefined) return 'quarantined';
  if (slot.model !== undefined) return 'warm';
  return slot.loading === undefined ? 'cold' : 'loading';
}

export function statsOf(slot: ReleaseSlot): ReleaseStats {
  const { calls, rows, errors, rejected, latency, coldStarts, past } = slot.counters;
  return {
    releaseId: slot.source.releaseId,
    version: slot.source.version,
    calls,
    rows,
    errors,
    rejected,
    latency: { bounds: LATENCY_BOUNDS, counts: [...latency.counts] },
    inFlight: slot.inFlight,
    state: stateOf(slot),
    coldStarts,
    failures: Object.fromEntries(slot.counters.failures),
    runtime: [slot.leaving, slot.model].reduce(
      (sum, model) => (model === undefined ? sum : addRuntimeStats(sum, model.stats())),
      past,
    ),
  };
}
