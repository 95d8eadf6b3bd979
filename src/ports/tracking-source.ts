/** Another tracking server's records, read from end to end: what `mw import` brings over. Ids are the source's own. */
import type { RegisteredModel } from '../domain/registry.ts';
import type { Span, TraceInfo } from '../domain/traces.ts';
import type { ArtifactOwner, Experiment, LoggedModel, Metric, Run } from '../domain/tracking.ts';

export interface SourceFile {
  /** Relative to its owner, `/` between segments. */
  readonly path: string;
  open(): Promise<AsyncIterable<Uint8Array>>;
}

/** A version as its registry knows it; what Millwright knows besides is not there. */
export interface SourceVersion {
  readonly number: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly stage: string;
  readonly status: string;
  readonly statusMessage?: string | undefined;
  /** As the client gave it: `runs:/…`, `models:/m-…`, a path or a URL. */
  readonly source: string;
  readonly runId?: string | undefined;
  readonly runLink?: string | undefined;
  readonly userId?: string | undefined;
  readonly description?: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

export type SourceModel = Pick<RegisteredModel, 'id' | 'createdAt' | 'updatedAt' | 'description' | 'tags' | 'aliases'>;

export interface SourceTrace {
  readonly info: TraceInfo;
  /** Spans, or the text of MLflow's `traces.json` with them. */
  spans(): Promise<readonly Span[] | string>;
  /** Throws MW-UNAVAILABLE as `artifacts` does. */
  files(): AsyncIterable<SourceFile>;
  /** Runs (their id) and prompts (`name/version`) that it was linked with afterwards, where the source says so. */
  readonly links: readonly { readonly kind: 'run' | 'prompt'; readonly to: string }[];
}

/** Deleted things are among the rest. Everything is read in pages; nothing is held but the page. */
export interface TrackingSource {
  /** How it was named, without a password. */
  readonly name: string;
  experiments(): AsyncIterable<Experiment>;
  /** With the latest of each metric. */
  runs(experimentId: string): AsyncIterable<Run>;
  history(runId: string, key: string): AsyncIterable<Metric>;
  /** `metrics` with the run and dataset they were logged on. */
  loggedModels(experimentId: string): AsyncIterable<LoggedModel>;
  /** Throws MW-UNAVAILABLE where the files are not within reach (another machine's folder, a bucket). */
  artifacts(owner: ArtifactOwner): AsyncIterable<SourceFile>;
  traces(experimentId: string): AsyncIterable<SourceTrace>;
  models(): AsyncIterable<SourceModel>;
  versions(model: string): AsyncIterable<SourceVersion>;
  close(): Promise<void>;
}
