/** How the control plane speaks to the data plane, which is a process of its own and goes on without it. */
import type { ModelSignature } from '../domain/registry.ts';

/** What the plane must have loaded and warm before a route may name it. */
export interface PlaneModel {
  readonly releaseId: string;
  readonly model: string;
  readonly version: number;
  /** Blob digest of the ONNX file. */
  readonly modelDigest: string;
  /** The path of that blob on this machine, from the artifact store. */
  readonly path: string;
}

export interface PlaneRoute {
  readonly endpoint: string;
  /** The plane refuses an epoch that is not newer than its own. */
  readonly epoch: number;
  readonly weights: readonly { readonly releaseId: string; readonly percent: number }[];
  /** Every release the route may name now or after a rollback; all are loaded before the swap. */
  readonly models: readonly PlaneModel[];
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
  readonly latency: { readonly bounds: readonly number[]; readonly counts: readonly number[] };
}

export interface PlaneStatus {
  readonly pid: number;
  readonly startedAt: number;
  readonly rest: string;
  readonly grpc: string;
  readonly routes: readonly { readonly endpoint: string; readonly epoch: number }[];
  readonly stats: readonly { readonly endpoint: string; readonly releases: readonly ReleaseStats[] }[];
  readonly log: { readonly written: number; readonly dropped: number; readonly pending: number };
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
