/** Outcomes, evaluations and alerts. Times are milliseconds since the epoch on the clock of the data (event time) unless named `At`. */
import type { Estimate } from './registry.ts';

/** What became of a prediction. `predictionId` is `<request id>/<row>`. */
export interface Outcome {
  readonly predictionId: string;
  readonly name: string;
  readonly value: number;
  /** When it became known, event time. */
  readonly time: number;
}

export interface ColumnDrift {
  readonly column: string;
  readonly type: 'number' | 'category';
  /** Numbers: KS distance D. Categories: total variation distance. Both 0..1. */
  readonly effect: number;
  /** Benjamini-Hochberg adjusted over the columns of this evaluation. */
  readonly pAdjusted: number;
  readonly psi?: number;
  /** Wasserstein distance divided by the reference's standard deviation. */
  readonly shift?: number;
  readonly drifted: boolean;
  /** What is unusual about the column, in words: `missing 1.0% → 30.0%`, `unseen 12.0%`, `out of range 41.0%`, `constant`, `type changed`. */
  readonly reasons?: readonly string[];
  readonly missingReference: number;
  readonly missingCurrent: number;
  /** Share of rows with a value the reference never had / outside its range. */
  readonly unseen: number;
  readonly outOfRange: number;
  readonly meanReference?: number;
  readonly meanCurrent?: number;
  /** Same edges on both sides, shares that sum to 1. */
  readonly histogram?: {
    readonly labels: readonly string[];
    readonly reference: readonly number[];
    readonly current: readonly number[];
  };
}

export interface Evaluation {
  readonly id: string;
  /** Wall clock. */
  readonly createdAt: number;
  readonly monitorId: string;
  readonly project: string;
  readonly from: number;
  readonly to: number;
  readonly predictions: number;
  readonly outcomes: number;
  /** Named values the alert condition can read: `value`, `drifted_share`, each performance metric. */
  readonly values: Readonly<Record<string, Estimate>>;
  readonly columns: readonly ColumnDrift[];
  /** By served model version, for performance monitors. */
  readonly byVersion: Readonly<Record<string, Readonly<Record<string, Estimate>>>>;
  readonly breached: boolean | undefined;
}

export interface Alert {
  /** `<project>-a<number>` */
  readonly id: string;
  readonly number: number;
  readonly createdAt: number;
  readonly monitorId: string;
  readonly project: string;
  readonly endpoint: string;
  readonly status: 'firing' | 'resolved';
  /** Event time at which the condition was first met. */
  readonly since: number;
  readonly until?: number;
  readonly evaluations: number;
  readonly condition: string;
  readonly value?: Estimate;
  /** One sentence: what moved, since when, how sure. */
  readonly text: string;
  readonly moved: readonly ColumnDrift[];
  readonly pipelineRunId?: string;
}

/** Effects above which a column has drifted: Kolmogorov-Smirnov D of numbers, total variation of categories, change of the missing share. */
export const DRIFT_LIMITS = { number: 0.2, category: 0.1, missing: 0.1, p: 0.01 } as const;
