/** A loaded release: its model, its counters, and the calls that hold it. */
import type { Datatype } from '../../domain/tensors.ts';
import type { PlaneModel, ReleaseStats } from '../../ports/data-plane.ts';
import type { LoadedModel } from '../../ports/model-runtime.ts';
import { createLatencyHistogram, LATENCY_BOUNDS } from './latency.ts';
import type { LatencyHistogram } from './latency.ts';

interface ReleaseCounters {
  calls: number;
  rows: number;
  errors: number;
  rejected: number;
  /** Answers with a value that is not a finite number; passed through, as the caller's model said so. */
  nonFinite: number;
  lastAt: number;
  readonly latency: LatencyHistogram;
}

export interface ReleaseSlot {
  readonly source: PlaneModel;
  readonly model: LoadedModel;
  readonly datatypes: readonly Datatype[];
  readonly counters: ReleaseCounters;
  /** Calls that were admitted to this release and are not answered. It is unloaded only at 0. */
  inFlight: number;
  /** No route names it any more. */
  retired: boolean;
}

export function createSlot(source: PlaneModel, model: LoadedModel, datatypes: readonly Datatype[]): ReleaseSlot {
  const counters = {
    calls: 0,
    rows: 0,
    errors: 0,
    rejected: 0,
    nonFinite: 0,
    lastAt: 0,
    latency: createLatencyHistogram(),
  };
  return { source, model, datatypes, counters, inFlight: 0, retired: false };
}

export function statsOf(slot: ReleaseSlot): ReleaseStats {
  const { calls, rows, errors, rejected, latency } = slot.counters;
  return {
    releaseId: slot.source.releaseId,
    version: slot.source.version,
    calls,
    rows,
    errors,
    rejected,
    latency: { bounds: LATENCY_BOUNDS, counts: [...latency.counts] },
  };
}
