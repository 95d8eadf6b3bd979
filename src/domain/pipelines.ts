/** Pipeline runs and their steps. A PipelineRun is one turn through the DAG of a project's file. */
import type { DatasetSpec, EnvironmentSpec } from './project.ts';

export type StepStatus = 'waiting' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'skipped';
export type RunCause =
  | { readonly kind: 'person'; readonly who: string }
  | { readonly kind: 'alert'; readonly alertId: string; readonly text: string; readonly eventId: string }
  | { readonly kind: 'schedule'; readonly cron: string }
  | { readonly kind: 'dataset'; readonly name: string; readonly version: string };

/** `data`, `environment`: prepared by the server; `command`: the user's program; `onnx`: export with parity report. */
export type StepKind = 'data' | 'environment' | 'command' | 'onnx';

/** A node of the planned DAG. Data in rows, so a run resumes from the tables alone. */
export interface PlannedStep {
  readonly name: string;
  readonly kind: StepKind;
  readonly argv: readonly string[];
  /** file or dataset name -> step that makes it (`data:flights` for datasets). */
  readonly inputs: readonly { readonly name: string; readonly from: string }[];
  readonly outputs: readonly string[];
  readonly params: Readonly<Record<string, string | number | boolean>>;
  readonly timeoutMs: number;
  readonly retries: number;
  /** For the twin of a step that judges the champion on the same data: input file -> artifact digest put in its place. */
  readonly substitute?: Readonly<Record<string, string>>;
  /** What a `data` step takes in. */
  readonly dataset?: DatasetSpec;
  /** What an `environment` step builds. */
  readonly environment?: EnvironmentSpec;
}

export interface PipelineRun {
  /** `<project>-<number>`, e.g. `flights-12` */
  readonly id: string;
  readonly createdAt: number;
  readonly project: string;
  readonly number: number;
  readonly status: 'running' | 'succeeded' | 'failed' | 'cancelled';
  readonly cause: RunCause;
  readonly steps: readonly PlannedStep[];
  /** Digest of the project file's text and of the code snapshot. */
  readonly fileDigest: string;
  readonly codeDigest: string;
  /** Blob with the code files that steps get, as JSON: (path, digest, bytes)[]. */
  readonly codeManifest?: string;
  readonly commit?: string;
  readonly environmentId?: string;
  /** The tracking Run that the steps log to (MLFLOW_RUN_ID). */
  readonly trackingRunId: string;
  readonly championRunId?: string;
  readonly championVersion?: number;
  /** Id of the `pipeline_run.started` event: the cause of all that follows. */
  readonly startedEventId?: string;
  /** Somebody asked for the end; the steps that still run are being stopped. */
  readonly cancelledAt?: number;
  readonly endedAt?: number;
  readonly error?: { readonly code: string; readonly message: string; readonly where?: string; readonly next?: string };
}

export interface StepOutput {
  readonly name: string;
  readonly digest: string;
  readonly bytes: number;
}

export interface StepRun {
  /** `<pipelineRunId>/<step>` */
  readonly id: string;
  readonly createdAt: number;
  readonly pipelineRunId: string;
  readonly step: string;
  readonly kind: StepKind;
  readonly status: StepStatus;
  /** sha256 of command, code, inputs, params and environment; the parts are kept so that a miss can be explained. */
  readonly cacheKey?: string;
  readonly cacheParts?: Readonly<Record<string, string>>;
  /** Set when the outputs were taken from an earlier step run. */
  readonly reusedFrom?: string;
  /** What a `data` step made. */
  readonly datasetVersionId?: string;
  readonly attempts: readonly StepAttempt[];
  readonly outputs: readonly StepOutput[];
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly error?: { readonly code: string; readonly message: string; readonly where?: string; readonly next?: string };
}

export interface StepAttempt {
  readonly number: number;
  readonly attemptId: string;
  /** Raised at every claim; a worker whose fence is older may not publish. */
  readonly fence: number;
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly exitCode?: number;
  readonly signal?: string;
  readonly peakRssBytes?: number;
  readonly cpuSeconds?: number;
  readonly reason?: string;
}
