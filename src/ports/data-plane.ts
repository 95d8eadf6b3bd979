/** How the control plane speaks to the data plane, which is a process of its own and goes on without it. */
import type { ModelSignature } from '../domain/registry.ts';
import type { EndpointLimits, LogPolicy, RuntimeSpec, ShadowStats } from '../domain/serving.ts';
import type { RuntimeStats } from './model-runtime.ts';

/** What the plane must have loaded and warm before a route may name it. */
export interface PlaneModel {
  readonly releaseId: string;
  readonly model: string;
  readonly version: number;
  /** Blob digest of the ONNX file, or of the list of a folder's files (`platform/file-digest`). */
  readonly modelDigest: string;
  /** The path of that blob or folder on this machine, from the artifact store. */
  readonly path: string;
  /** Default: onnx. */
  readonly runtime?: RuntimeSpec;
  /** For runtimes that cannot tell it themselves. */
  readonly signature?: ModelSignature;
  /** Absolute path of the rows and answers that it must repeat before it takes calls (golden rows, JSON). */
  readonly golden?: string;
}

export interface PlaneRoute {
  readonly endpoint: string;
  /** The plane refuses an epoch that is not newer than its own. */
  readonly epoch: number;
  readonly weights: readonly { readonly releaseId: string; readonly percent: number }[];
  /** Every release the route may name now or after a rollback; all are loaded before the swap. */
  readonly models: readonly PlaneModel[];
  /** A release that gets a copy of this share of the calls; its answers are compared and logged, never given. */
  readonly mirror?: { readonly releaseId: string; readonly percent: number };
  /** An A/B test: logged with every prediction. Its id is part of the hash, so that each test splits the keys anew. */
  readonly experiment?: string;
  readonly limits?: EndpointLimits;
  readonly log?: LogPolicy;
}

/** Cumulative since the plane started. `latency` is a log-scale histogram: bucket upper bounds in ms and counts. */
export interface ReleaseStats {
  readonly releaseId: string;
  readonly version: number;
  readonly calls: number;
  readonly rows: number;
  readonly errors: number;
  /** Requests refused because the caller was wrong (4xx): not errors of the service. */
  readonly rejected: number;
  /** Calls without an answer, by error code; both kinds. */
  readonly failures?: Readonly<Record<string, number>>;
  readonly latency: { readonly bounds: readonly number[]; readonly counts: readonly number[] };
  readonly inFlight: number;
  /** `cold`: unloaded because nobody called; the next call loads it. `quarantined`: its workers died again and again. `unloaded`: by the repository API, until it is loaded by it. */
  readonly state: 'warm' | 'cold' | 'loading' | 'quarantined' | 'unloaded';
  /** Times it was loaded because a call came. */
  readonly coldStarts: number;
  readonly runtime: RuntimeStats;
}

export interface PlaneStatus {
  readonly pid: number;
  readonly startedAt: number;
  readonly rest: string;
  readonly grpc: string;
  readonly routes: readonly { readonly endpoint: string; readonly epoch: number }[];
  readonly stats: readonly {
    readonly endpoint: string;
    readonly releases: readonly ReleaseStats[];
    readonly shadow?: ShadowStats;
  }[];
  /** Rows; `lost` says why rows were dropped: calls came faster than they could be written, or the disk refused them. */
  readonly log: {
    readonly written: number;
    readonly dropped: number;
    readonly pending: number;
    readonly lost?: { readonly buffer: number; readonly disk: number };
  };
  readonly rssBytes: number;
  readonly cpuSeconds: number;
}

export interface DataPlane {
  /** Loads, warms, then swaps in one step. Throws MW-MODEL-LOAD (old route kept) or MW-CONFLICT (older epoch). Durable when it resolves. */
  apply(route: PlaneRoute): Promise<void>;
  remove(endpoint: string): Promise<void>;
  /** Throws MW-UNAVAILABLE when the plane does not answer. */
  status(): Promise<PlaneStatus>;
  /** Input and output tensors of a loaded release. */
  signature(releaseId: string): Promise<ModelSignature>;
  /** Writes what is buffered of the prediction log. */
  flush(): Promise<void>;
}
