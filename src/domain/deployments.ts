/** Image, Release, Endpoint, Rollout. */
import type { AbSpec } from './project.ts';
import type { ModelSignature } from './registry.ts';
import type { EndpointLimits, LogPolicy, RuntimeSpec } from './serving.ts';

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
  /** Absent: onnx. */
  readonly runtime?: RuntimeSpec;
  /** For runtimes that cannot tell it themselves. */
  readonly signature?: ModelSignature;
  /** Artifact digest of rows and answers that it must repeat before it takes calls. */
  readonly goldenDigest?: string;
  /** The Environment that `runtime` names an interpreter of. */
  readonly environmentId?: string;
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
  /** A release that answers copies of the calls (shadow). */
  readonly mirror?: Omit<Weight, 'percent'> & { readonly percent: number };
  /** The A/B test that splits the keys now: the rollout's id. */
  readonly experiment?: string;
  readonly limits?: EndpointLimits;
  readonly log?: LogPolicy;
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
  /** The same of the release before, for guards that compare the two. */
  readonly champion?: { readonly calls: number; readonly errors: number; readonly latency: readonly number[] };
}

export interface RolloutStep {
  readonly percent: number;
  /** A shadow step: `percent` is 0 and this share of the calls is copied. */
  readonly mirror?: number;
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
  /** Absent (before it was kept): canary. */
  readonly strategy?: 'canary' | 'all-at-once' | 'shadow' | 'ab';
  readonly ab?: AbSpec;
  /** The newest look at an A/B test; kept on the rollout so that it is there after a restart. */
  readonly abReading?: AbReading;
  readonly steps: readonly RolloutStep[];
  readonly stepIndex: number;
  readonly hold: { readonly ms: number; readonly calls: number };
  readonly guards: readonly GuardReading[];
  /** The outcome that `quality.*` guards judge by, by its name. */
  readonly outcome?: string;
  /** A step that lasts longer is shown as overdue; nothing else comes of it. */
  readonly atMostMs?: number;
  readonly reason?: string;
  readonly endedAt?: number;
  readonly cause: string;
}

/** One look at an A/B test. The interval is a confidence sequence: valid at any look, however often it is looked. */
export interface AbReading {
  readonly at: number;
  readonly candidate: { readonly version: number; readonly n: number; readonly mean: number };
  readonly stable: { readonly version: number; readonly n: number; readonly mean: number };
  /** candidate - stable, in the metric's unit; higher is better for outcome_rate and accuracy, lower for losses. */
  readonly difference: number;
  readonly low: number;
  readonly high: number;
  readonly verdict: 'candidate' | 'stable' | 'not enough data';
  /** Outcomes that the metric is not defined for (outside 0 to 1, or without a score). */
  readonly leftOut?: number;
}
