/** What is told of an endpoint: its versions and their states, and what was counted. */
import type { RuntimeSpec, ShadowStats } from '../../domain/serving.ts';
import type { ReleaseStats } from '../../ports/data-plane.ts';
import { stateOf, statsOf } from './release-slot.ts';
import type { ReleaseSlot } from './release-slot.ts';
import type { Route } from './route-table.ts';

export interface EndpointView {
  readonly endpoint: string;
  readonly epoch: number;
  readonly model: string;
  /** Known versions, newest first, with their share of calls. */
  readonly versions: readonly {
    readonly version: number;
    readonly releaseId: string;
    readonly percent: number;
    /** What runs it. */
    readonly kind: RuntimeSpec['kind'];
    readonly state: ReleaseStats['state'];
    /** A call for it would be answered, if need be after a load. */
    readonly ready: boolean;
    /** Why it is not. */
    readonly reason?: string;
  }[];
}

export interface EndpointStats {
  readonly endpoint: string;
  readonly releases: readonly (ReleaseStats & {
    readonly nonFinite: number;
    readonly sumMs: number;
    readonly lastAt: number;
    /** Calls that wait for a cold model. */
    readonly held: number;
    /** Latency of single rows when it was warmed up last. */
    readonly warmUpP99Ms: number;
    /** Golden rows that it repeated then. */
    readonly goldenRows: number;
  })[];
  readonly shadow?: ShadowStats;
  /** Calls refused by the limit per client. */
  readonly limited: number;
}

function reasonOf(slot: ReleaseSlot): string | undefined {
  if (slot.withdrawn) return 'unloaded by the repository API';
  if (slot.quarantined !== undefined) return slot.quarantined.message;
  if (slot.failure === undefined || slot.model !== undefined) return undefined;
  return slot.failure.error instanceof Error ? slot.failure.error.message : String(slot.failure.error);
}

export function viewOf(route: Route): EndpointView {
  return {
    endpoint: route.document.endpoint,
    epoch: route.document.epoch,
    model: route.slots[0]?.source.model ?? '',
    versions: route.slots.map((slot) => {
      const reason = reasonOf(slot);
      return {
        version: slot.source.version,
        releaseId: slot.source.releaseId,
        percent: route.weights.find((weight) => weight.slot === slot)?.percent ?? 0,
        kind: slot.source.runtime?.kind ?? 'onnx',
        state: stateOf(slot),
        ready: reason === undefined,
        ...(reason === undefined ? {} : { reason }),
      };
    }),
  };
}

export function endpointStats(route: Route, shadow: ShadowStats | undefined): EndpointStats {
  return {
    endpoint: route.document.endpoint,
    releases: route.slots.map((slot) => ({
      ...statsOf(slot),
      nonFinite: slot.counters.nonFinite,
      sumMs: slot.counters.latency.sumMs,
      lastAt: slot.counters.lastAt,
      held: slot.held,
      warmUpP99Ms: slot.counters.warmUp.p99Ms,
      goldenRows: slot.counters.warmUp.goldenRows,
    })),
    ...(shadow === undefined ? {} : { shadow }),
    limited: route.limiter?.refused ?? 0,
  };
}
