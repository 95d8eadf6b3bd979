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
}

export interface RolloutStep {
  readonly percent: number;
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly calls?: number;
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
