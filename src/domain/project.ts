/** What one `millwright.yaml` says, after it was parsed and checked. Durations are milliseconds, sizes bytes. */
import type { Condition } from './conditions.ts';
import type { EndpointLimits, LogPolicy } from './serving.ts';

export interface ProjectSpec {
  readonly project: string;
  readonly description?: string;
  readonly environment: EnvironmentSpec;
  readonly datasets: Readonly<Record<string, DatasetSpec>>;
  readonly pipeline: Readonly<Record<string, StepSpec>>;
  readonly model?: ModelSpec;
  readonly endpoint?: EndpointSpec;
  readonly monitors: Readonly<Record<string, MonitorSpec>>;
  readonly triggers: readonly TriggerSpec[];
}

export interface EnvironmentSpec {
  /** `3.11`; the interpreter found on the host must match it when set. */
  readonly python?: string;
  /** File in the project: requirements.txt, uv.lock or pyproject.toml. */
  readonly requirements?: string;
}

export interface DatasetSpec {
  /** Glob patterns relative to the project's root: Parquet, CSV or JSON lines. */
  readonly from: readonly string[];
  readonly checks: readonly string[];
}

export interface StepSpec {
  /** Command line, split into words without a shell; or a built-in (`uses`). Exactly one of the two. */
  readonly run?: string;
  readonly uses?: 'onnx';
  /** Names of datasets, or files that earlier steps put out. */
  readonly in: readonly string[];
  readonly out: readonly string[];
  readonly params: Readonly<Record<string, string | number | boolean>>;
  readonly timeoutMs: number;
  readonly retries: number;
}

export interface ModelSpec {
  readonly name: string;
  /** The output file of a step that is the model, e.g. `model.onnx`. */
  readonly artifact: string;
  /** JSON file of a step with the metrics that gates read. */
  readonly metrics: string;
  /** CSV file (columns `outcome`, `prediction`, `block`) from which intervals and the paired gain are computed. */
  readonly scores?: string;
  readonly gates: readonly GateSpec[];
}

export interface GateSpec {
  readonly text: string;
  readonly condition: Condition;
  /** `millwright.yaml:14` */
  readonly where: string;
}

export interface EndpointSpec {
  readonly name: string;
  readonly rollout: RolloutSpec;
  readonly limits: EndpointLimits;
  readonly log: LogPolicy;
}

/** An A/B test: which outcome decides, and how sure it must be. */
export interface AbSpec {
  /** The candidate's share of the keys, percent. */
  readonly split: number;
  /** Name of the outcome, as sent with each Outcome. */
  readonly outcome: string;
  readonly metric: 'outcome_rate' | 'accuracy' | 'log_loss' | 'brier';
  /** 1 - alpha of the confidence sequence, 0 to 1. */
  readonly confidence: number;
  /** It ends without a winner after this long. */
  readonly atMostMs: number;
}

export interface RolloutSpec {
  /**
   * canary: share by share. shadow: first a copy of the calls, compared row by row for `hold`, then the shares. ab: half of the keys
   * each until the outcomes decide. all-at-once.
   */
  readonly strategy: 'canary' | 'all-at-once' | 'shadow' | 'ab';
  /** shadow: share of the calls that is copied, percent. */
  readonly mirror: number;
  readonly ab?: AbSpec;
  /** Share of calls in percent, ascending, last 100. */
  readonly steps: readonly number[];
  /** How long a step is watched: by time, by calls of the candidate, or by both (whichever is later). */
  readonly hold: { readonly ms: number; readonly calls: number };
  /** A step that lasts longer than this is shown as overdue. */
  readonly atMostMs?: number;
  readonly rollBackIf: readonly GateSpec[];
}

export type MonitorSpec = PerformanceMonitorSpec | DriftMonitorSpec;

interface MonitorTiming {
  readonly windowMs: number;
  /** Evaluations happen at multiples of this on the clock of the data (event time). */
  readonly everyMs: number;
  readonly alertIf?: Condition;
  readonly alertText?: string;
  /** Evaluations in a row that must meet the condition before the alert fires. */
  readonly consecutive: number;
}

export type PerformanceMetric = 'observed_expected' | 'log_loss' | 'brier' | 'auc' | 'accuracy' | 'outcome_rate';

export interface PerformanceMonitorSpec extends MonitorTiming {
  readonly kind: 'performance';
  /** Name of the outcome, as sent with each Outcome. */
  readonly outcome: string;
  readonly metric: PerformanceMetric;
}

export interface DriftMonitorSpec extends MonitorTiming {
  readonly kind: 'drift';
  readonly reference: 'training';
}

export type TriggerSpec =
  | { readonly on: 'alert'; readonly monitor?: string; readonly run: 'pipeline' }
  | { readonly on: 'schedule'; readonly cron: string; readonly timezone: string; readonly run: 'pipeline' }
  | { readonly on: 'dataset'; readonly name: string; readonly run: 'pipeline' };
