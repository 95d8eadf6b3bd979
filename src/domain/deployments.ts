/** Image, Release, Endpoint, Rollout. */

export interface ImageLayer {
  readonly role: 'base' | 'environment' | 'model' | 'server';
  readonly digest: string;
  readonly bytes: number;
}

export interface Image {
  /** Manifest digest `sha256:…` */
  readonly id: string;
  readonly createdAt: number;
  readonly model: string;
  readonly version: number;
  readonly layers: readonly ImageLayer[];
  readonly configDigest: string;
  /** Relative to the home's `images/`: an OCI image layout. */
  readonly layout: string;
  readonly bytes: number;
  readonly buildMs: number;
}

/** Immutable: what would run. */
export interface Release {
  /** `<endpoint>-r<number>` */
  readonly id: string;
  readonly createdAt: number;
  readonly endpoint: string;
  readonly model: string;
  readonly version: number;
  readonly modelDigest: string;
  readonly imageDigest?: string;
}

export interface Weight {
  readonly releaseId: string;
  readonly version: number;
  /** Percent of calls, 0 to 100; the weights of an endpoint sum to 100. */
  readonly percent: number;
}

export interface Endpoint {
  /** The endpoint's name. */
  readonly id: string;
  readonly createdAt: number;
  readonly project: string;
  readonly model: string;
  /** Raised with every change of the route; the data plane refuses an older one. */
  readonly epoch: number;
  readonly weights: readonly Weight[];
  /** Kept loaded so that a rollback is one pointer write. */
  readonly previous?: Weight;
  readonly rolloutId?: string;
  /** A rollback that is desired and not yet reported as done: its event says how long it took. */
  readonly pendingRollback?: {
    readonly from: number;
    readonly to: number;
    readonly at: number;
    readonly actor: string;
  };
}

/** The candidate's counters when a step began: a step is judged by what came since. They start at 0 again with a new data plane. */
export interface StepBaseline {
  readonly planeStartedAt: number;
  readonly calls: number;
  readonly errors: number;
  readonly latency: readonly number[];
}

export interface RolloutStep {
  readonly percent: number;
  readonly startedAt?: number;
  readonly endedAt?: number;
  /** The candidate's calls since the step began. */
  readonly calls?: number;
  readonly baseline?: StepBaseline;
}

export interface GuardReading {
  readonly at: number;
  readonly text: string;
  readonly observed?: number;
  /** undefined = not enough data. */
  readonly tripped: boolean | undefined;
}

export interface Rollout {
  /** `<endpoint>-o<number>` */
  readonly id: string;
  readonly createdAt: number;
  readonly endpoint: string;
  readonly releaseId: string;
  readonly fromReleaseId?: string;
  readonly status: 'running' | 'promoted' | 'rolled-back';
  readonly steps: readonly RolloutStep[];
  readonly stepIndex: number;
  readonly hold: { readonly ms: number; readonly calls: number };
  readonly guards: readonly GuardReading[];
  readonly reason?: string;
  readonly endedAt?: number;
  readonly cause: string;
}
