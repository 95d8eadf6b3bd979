/** What the handlers of our own API need, named by what they do. The composition gives it. */
import type { ProjectSpec } from '../../domain/project.ts';
import type { RunCause, PipelineRun } from '../../domain/pipelines.ts';
import type { Outcome } from '../../domain/monitoring.ts';
import type { Endpoint, Rollout } from '../../domain/deployments.ts';
import type { ModelSignature } from '../../domain/registry.ts';
import type { Delivery } from '../../modules/delivery/index.ts';
import type { Proofs } from '../../modules/environments/index.ts';
import type { Tokens } from '../../modules/identity/index.ts';
import type { Retention } from '../../modules/retention/index.ts';
import type { Tables } from '../../modules/tables/index.ts';
import type { Lineage } from '../../modules/lineage/index.ts';
import type { Registry } from '../../modules/registry/index.ts';
import type { Tracking } from '../../modules/tracking/index.ts';
import type { AnalyticsStore } from '../../ports/analytics-store.ts';
import type { ArtifactStore } from '../../ports/artifact-store.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Context } from '../../ports/context.ts';
import type { PlaneStatus } from '../../ports/data-plane.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';

/** One second of one version of an endpoint. */
export interface SeriesPoint {
  readonly at: number;
  readonly byVersion: readonly {
    readonly version: number;
    readonly calls: number;
    readonly errors: number;
    readonly p50Ms?: number;
    readonly p95Ms?: number;
    readonly p99Ms?: number;
  }[];
}

/** Which version to deploy: none = the newest accepted one of the project's model. */
export interface WantedVersion {
  readonly version?: number;
  /** A registered model, with or without a project: `name`, `name/3`, `name@alias`. */
  readonly model?: string;
}

export interface ResourceSample {
  readonly at: number;
  readonly cpu: number;
  readonly memoryBytes: number;
  readonly memoryTotalBytes: number;
  readonly diskFreeBytes?: number;
  readonly serverRssBytes: number;
  readonly planeRssBytes?: number;
}

export interface ApiDeps {
  readonly store: MetadataStore;
  readonly artifacts: ArtifactStore;
  readonly analytics: AnalyticsStore;
  readonly clock: Clock;
  readonly delivery: Delivery;
  readonly tracking: Pick<
    Tracking,
    | 'searchExperiments'
    | 'findTraces'
    | 'getTrace'
    | 'getTraces'
    | 'traceSpans'
    | 'deleteTraces'
    | 'runTable'
    | 'runGroups'
    | 'runsById'
    | 'runKeys'
    | 'runFamily'
    | 'curves'
    | 'changeRuns'
    | 'views'
    | 'saveView'
    | 'deleteView'
    | 'previewArtifact'
    | 'countRuns'
    | 'getRun'
    | 'getRunInfo'
    | 'getLoggedModel'
    | 'metricKeys'
    | 'listArtifacts'
  >;
  readonly registry: Pick<Registry, 'getModel' | 'aliasMoves' | 'setAliasGates' | 'deleteAlias' | 'setCard'>;
  readonly lineage: Lineage;
  readonly proofs: Pick<Proofs, 'prove' | 'proofsOf'>;
  readonly tokens: Tokens;
  readonly retention: Retention;
  readonly sql: Tables;
  readonly projects: { specs(): Promise<readonly ProjectSpec[]> };
  readonly pipelines: {
    start(
      ctx: Context,
      project: string,
      cause: RunCause,
      set: Readonly<Record<string, string | number | boolean>>,
    ): Promise<PipelineRun>;
    cancel(ctx: Context, runId: string): Promise<void>;
    log(
      runId: string,
      step: string,
      attempt: number | undefined,
      offset: number,
    ): Promise<{ readonly text: string; readonly next: number; readonly done: boolean }>;
    explain(runId: string, step: string): Promise<string | undefined>;
  };
  readonly deployments: {
    plan(
      ctx: Context,
      endpoint: string,
      wanted: WantedVersion,
    ): Promise<{
      readonly changes: readonly { readonly sign: '+' | '~' | '-' | '='; readonly text: string }[];
      readonly unchanged: boolean;
    }>;
    deploy(
      ctx: Context,
      endpoint: string,
      wanted: WantedVersion,
    ): Promise<{ readonly endpoint: Endpoint; readonly rollout?: Rollout; readonly unchanged: boolean }>;
    rollback(
      ctx: Context,
      endpoint: string,
    ): Promise<{ readonly endpoint: Endpoint; readonly from: number; readonly to: number; readonly ms: number }>;
  };
  readonly promote: (ctx: Context, model: string, version: number, alias: string) => Promise<void>;
  readonly addOutcomes: (ctx: Context, endpoint: string, outcomes: readonly Outcome[]) => Promise<void>;
  readonly plane: {
    /** undefined while it does not answer. */
    status(): Promise<PlaneStatus | undefined>;
    signature(releaseId: string): Promise<ModelSignature | undefined>;
    addresses(): { readonly rest: string; readonly grpc: string };
    /** Sends one request to the endpoint's public door. */
    infer(
      endpoint: string,
      rows: readonly Readonly<Record<string, string | number | boolean | null>>[],
    ): Promise<{
      readonly id: string;
      readonly version: number;
      readonly latencyMs: number;
      readonly request: unknown;
      readonly response: unknown;
    }>;
  };
  readonly samples: {
    series(endpoint: string, windowMs: number): { readonly stepMs: number; readonly points: readonly SeriesPoint[] };
    resources(): readonly ResourceSample[];
  };
  readonly info: () => {
    readonly version: string;
    readonly pid: number;
    readonly startedAt: number;
    readonly url: string;
    readonly home: string;
    readonly authRequired: boolean;
  };
}
