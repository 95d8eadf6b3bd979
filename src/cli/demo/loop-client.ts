/** What a demo asks of a running server: a handful of its API, so that a test can stand in for it. */
import type { components } from '../client/schema.d.ts';
import type { SentOutcome } from './outcome-post.ts';

type Schemas = components['schemas'];
export type PipelineRunView = Schemas['PipelineRun'];
export type PipelineRunDetailView = Schemas['PipelineRunDetail'];
export type EndpointView = Schemas['Endpoint'];
export type EvaluationView = Schemas['Evaluation'];
export type AlertView = Schemas['Alert'];
export type EventView = Schemas['Event'];
type VersionView = Schemas['ModelVersionSummary'];
type VersionDetailView = Schemas['ModelVersionDetail'];

/** Every function throws when the server does not answer or answers with an error. Lists are newest first. */
export interface LoopClient {
  startPipeline(project: string, set: Readonly<Record<string, string | number | boolean>>): Promise<PipelineRunView>;
  pipelineRun(id: string): Promise<PipelineRunDetailView>;
  pipelineRuns(project: string, limit: number): Promise<readonly PipelineRunView[]>;
  stepLog(runId: string, step: string, offset: number): Promise<{ readonly text: string; readonly next: number }>;
  /** undefined while nothing was ever released to it. */
  endpoint(name: string): Promise<EndpointView | undefined>;
  evaluations(project: string, monitor: string, limit: number): Promise<readonly EvaluationView[]>;
  alerts(project: string, limit: number): Promise<readonly AlertView[]>;
  /** Only of these types: an endpoint's calls and a step's states would crowd out the rest. */
  events(project: string, types: readonly string[], limit: number): Promise<readonly EventView[]>;
  versions(model: string, limit: number): Promise<readonly VersionView[]>;
  version(model: string, version: number): Promise<VersionDetailView>;
  sendOutcomes(endpoint: string, outcomes: readonly SentOutcome[]): Promise<void>;
}
