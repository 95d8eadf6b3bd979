import type {
  ArtifactRow,
  DatasetInput,
  Entry,
  Experiment,
  LoggedModel,
  Metric,
  ModelOutput,
  RunInfo,
} from '../../domain/tracking.ts';
import type { Span, TraceInfo } from '../../domain/traces.ts';

/** Points by their identity; the map keeps each only once. */
export interface RunRecord {
  info: RunInfo;
  readonly points: Map<string, Map<string, Metric>>;
  readonly latest: Map<string, Metric>;
  readonly params: Map<string, string>;
  readonly tags: Map<string, string>;
  readonly datasets: Map<string, DatasetInput>;
  readonly modelInputs: Set<string>;
  readonly modelOutputs: Map<string, ModelOutput>;
}

export interface ModelRecord {
  model: Omit<LoggedModel, 'params' | 'tags' | 'metrics'>;
  readonly params: Map<string, string>;
  readonly tags: Map<string, string>;
  readonly metrics: Map<string, Metric>;
}

export interface TraceRecord {
  info: TraceInfo;
  readonly spans: Map<string, Span>;
  readonly runs: Set<string>;
  readonly prompts: Set<string>;
}

/** Everything the memory store knows; one value, so that a transaction can be undone by putting an older copy back. */
export interface TrackingState {
  nextExperiment: number;
  experiments: Map<string, Experiment>;
  runs: Map<string, RunRecord>;
  models: Map<string, ModelRecord>;
  /** Owner -> path -> row. */
  artifacts: Map<string, Map<string, ArtifactRow>>;
  traces: Map<string, TraceRecord>;
}

export function emptyState(now: number): TrackingState {
  const created: Experiment = {
    id: '0',
    name: 'Default',
    lifecycle: 'active',
    createdAt: now,
    updatedAt: now,
    tags: {},
  };
  return {
    nextExperiment: 1,
    experiments: new Map([['0', created]]),
    runs: new Map(),
    models: new Map(),
    artifacts: new Map(),
    traces: new Map(),
  };
}

export const byKey = (a: { readonly key: string }, b: { readonly key: string }): number =>
  a.key < b.key ? -1 : a.key > b.key ? 1 : 0;

export const toEntries = (map: ReadonlyMap<string, string>): readonly Entry[] =>
  [...map].map(([key, value]) => ({ key, value })).sort(byKey);
