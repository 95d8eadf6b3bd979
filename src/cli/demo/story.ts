/** What a demo tells while it runs, and what it holds itself to at the end. Whoever shows it decides how it looks. */
import type { LoopClient } from './loop-client.ts';
import type { Activity, ReplayPace } from './replay.ts';
import type { Percentiles, TrafficFigures } from './traffic.ts';

type Phase = 'data' | 'first' | 'equal' | 'traffic' | 'broken' | 'end';
type Tone = 'info' | 'good' | 'warning' | 'bad';

/** Value with its 95 % interval, whole days resampled. */
export interface Estimate {
  readonly value: number;
  readonly low?: number;
  readonly high?: number;
  readonly n?: number;
}

export interface LiveFigures {
  /** For example `week 18 of 52`. */
  readonly where: string;
  /** Event time of the newest request, ms. */
  readonly at: number;
  readonly activity: Activity | 'evaluation';
  readonly requests: number;
  readonly rows: number;
  readonly failed: number;
  readonly recent: Percentiles;
  readonly byVersion: Readonly<Record<number, number>>;
  readonly outcomes: { readonly sent: number; readonly waiting: number };
  /** The metric whose alert trains anew: the one of `values` to show first. */
  readonly watched: string;
  /** The newest evaluation: `observed_expected`, `log_loss`, … */
  readonly values: Readonly<Record<string, Estimate>>;
  readonly breached: boolean;
}

export type StoryEvent =
  | { readonly kind: 'phase'; readonly phase: Phase; readonly text: string }
  /** `share` 0..1 of the phase; without it nobody knows how long it takes. */
  | { readonly kind: 'progress'; readonly phase: Phase; readonly text: string; readonly share?: number }
  | { readonly kind: 'live'; readonly share: number; readonly figures: LiveFigures }
  /** `when`: where in the replayed time, for example `week 18`. */
  | { readonly kind: 'happened'; readonly tone: Tone; readonly text: string; readonly when?: string };

export interface Expectation {
  readonly what: string;
  readonly held: boolean;
  readonly detail: string;
}

/** One turn of the loop: why it was trained, how it was judged, how long it took. */
export interface Turn {
  readonly run: string;
  readonly cause: string;
  readonly result: string;
  readonly version?: number;
  readonly reason: string;
  readonly trainMs: number;
  /** From the alert to the whole traffic on the new version; only for what was promoted after an alert. */
  readonly alertToChampionMs?: number;
  readonly metrics: Readonly<Record<string, Estimate>>;
  readonly championMetrics: Readonly<Record<string, Estimate>>;
}

export interface StoryResult {
  readonly expectations: readonly Expectation[];
  readonly traffic: TrafficFigures;
  readonly alerts: readonly { readonly since: number; readonly text: string }[];
  readonly turns: readonly Turn[];
  readonly outcomes: { readonly sent: number; readonly waiting: number; readonly retries: number };
  readonly seconds: number;
}

export interface StoryDeps {
  readonly client: LoopClient;
  /** The example's folder, where its millwright.yaml is. */
  readonly folder: string;
  /** An interpreter with the example's requirements; builds the environment the first time. Lines are the installer's. */
  readonly python: (progress: (line: string) => void) => Promise<string>;
  /** For the data plane and the control plane, e.g. authorization; empty on a server without tokens. */
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** One example: all that is its own. */
export interface StorySpec {
  readonly project: string;
  readonly model: string;
  readonly endpoint: string;
  /** The performance monitor whose alert trains anew, and its metric. */
  readonly monitor: string;
  readonly metric: string;
  /** The monitor whose drift is shown beside it. */
  readonly drift: string;
  readonly outcome: string;
  /** Folder under data/ that the pipeline reads. */
  readonly dataset: string;
  /** The program that fills data/. */
  readonly prepare: readonly string[];
  readonly period: {
    readonly word: string;
    readonly ms: number;
    readonly origin: number;
    readonly first: number;
    readonly last: number;
  };
  readonly pace: ReplayPace;
  readonly texts: Readonly<Record<Phase, string>>;
  /** What happens in the replayed world, by period: told when the traffic gets there. */
  readonly marks?: Readonly<Record<number, string>>;
  /** A run that must be refused. */
  readonly broken?: { readonly set: Readonly<Record<string, string>>; readonly what: string };
}
