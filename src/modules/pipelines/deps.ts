/** What pipelines need from outside. Of the other modules only the functions that are called. */
import type { DatasetVersion } from '../../domain/datasets.ts';
import type { Environment } from '../../domain/environments.ts';
import type { DatasetSpec, EnvironmentSpec } from '../../domain/project.ts';
import type { ArtifactStore } from '../../ports/artifact-store.ts';
import type { Clock, Ids } from '../../ports/clock.ts';
import type { Context, Log } from '../../ports/context.ts';
import type { Executor } from '../../ports/executor.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import type { Workspace } from '../../ports/workspace.ts';

/** Takes the files of a dataset in. Idempotent by digest; throws MW-DATA-CHECK, MW-DATA-READ, MW-CONFIG-FILE. */
interface DatasetVersions {
  version(
    ctx: Context,
    project: string,
    name: string,
    spec: DatasetSpec,
    workspace: Workspace,
  ): Promise<DatasetVersion>;
}

/** Builds, or finds again by digest; `progress` gets plain lines. Throws MW-ENV-NO-PYTHON, MW-ENV-BUILD. */
interface Environments {
  ensure(
    ctx: Context,
    spec: EnvironmentSpec,
    workspace: Workspace,
    progress: (line: string) => void,
    project: string,
  ): Promise<Environment>;
}

interface TrackingRuns {
  /** The experiment of that name, made when there is none. */
  ensureExperiment(name: string): Promise<{ readonly id: string }>;
  createRun(run: {
    readonly experimentId: string;
    readonly name: string;
    readonly tags: readonly { readonly key: string; readonly value: string }[];
  }): Promise<{ readonly id: string }>;
  /** Idempotent. */
  endRun(id: string, status: 'FINISHED' | 'FAILED' | 'KILLED'): Promise<unknown>;
  /** Metrics and params of `from` whose keys `to` lacks. Idempotent. */
  copyRun(from: string, to: string): Promise<void>;
}

export interface PipelineLimits {
  /** Steps that run at once. */
  readonly concurrency: number;
  /** Of a step's output, in bytes. */
  readonly logBytes: number;
  /** What a step may add to its folder, in bytes. */
  readonly diskBytes: number;
  readonly leaseMs: number;
  readonly heartbeatMs: number;
  /** Before the first retry; doubles with each one, at most 30 s. */
  readonly retryDelayMs: number;
}

export interface PipelineDeps {
  readonly store: MetadataStore;
  readonly artifacts: ArtifactStore;
  readonly executor: Executor;
  readonly datasets: DatasetVersions;
  readonly environments: Environments;
  readonly tracking: TrackingRuns;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  /** Absolute path of the package's `python/` folder. */
  readonly python: string;
  readonly trackingUri: () => string;
  /** For a server that asks for one: given to steps as MLFLOW_TRACKING_TOKEN. */
  readonly trackingToken?: (() => string | undefined) | undefined;
  /** What every step inherits: at least PATH; HOME, LANG, TZ, proxies, GPU variables as the server sees fit. Never secrets. */
  readonly env: Readonly<Record<string, string>>;
  /** The project's folder, for a run that was started by an earlier server. */
  readonly workspaceOf: (project: string) => Promise<Workspace>;
  /** False when other servers share the store: then leases of others are left to run out. Default true. */
  readonly exclusive?: boolean | undefined;
  readonly limits?: Partial<PipelineLimits> | undefined;
}
