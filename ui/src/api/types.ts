import type { components } from './schema.d.ts';

type Schemas = components['schemas'];

export type Alert = Schemas['Alert'];
export type AlertDetail = Schemas['AlertDetail'];
export type ColumnDrift = Schemas['ColumnDrift'];
export type DatasetVersion = Schemas['DatasetVersion'];
export type Endpoint = Schemas['Endpoint'];
export type EndpointDetail = Schemas['EndpointDetail'];
export type EndpointSeries = Schemas['EndpointSeries'];
export type Estimate = Schemas['Estimate'];
export type Evaluation = Schemas['Evaluation'];
export type Home = Schemas['Home'];
export type LoopEvent = Schemas['Event'];
export type ModelVersionDetail = Schemas['ModelVersionDetail'];
export type ModelVersionSummary = Schemas['ModelVersionSummary'];
export type Monitor = Schemas['Monitor'];
export type MonitorDetail = Schemas['MonitorDetail'];
export type PipelineRun = Schemas['PipelineRun'];
export type PipelineRunDetail = Schemas['PipelineRunDetail'];
export type ProjectCard = Schemas['ProjectCard'];
export type Release = Schemas['ReleaseLoad'];
export type Rollout = Schemas['Rollout'];
export type Run = Schemas['Run'];
export type RunDetail = Schemas['RunDetail'];
export type Stage = Schemas['Stage'];
export type StepRun = Schemas['StepRun'];
export type TryAnswer = Schemas['TryItAnswer'];
