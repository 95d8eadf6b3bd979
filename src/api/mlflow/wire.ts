/** Domain types as MLflow's JSON: snake_case, versions as text, empty lists left out, NaN as the text "NaN". */
import type { ModelVersion, RegisteredModel } from '../../domain/registry.ts';
import { experimentLocation, modelLocation, runLocation } from '../../domain/tracking.ts';
import type { Entry, Experiment, LoggedModel, Metric, Run, RunInfo } from '../../domain/tracking.ts';

/** The field only when the list holds something, as proto3's JSON does. */
export function listed<T>(name: string, items: readonly T[]): Readonly<Record<string, readonly T[]>> {
  return items.length === 0 ? {} : { [name]: items };
}

export const token = (next: string | undefined): { readonly next_page_token?: string } =>
  next === undefined ? {} : { next_page_token: next };

const entries = (record: Readonly<Record<string, string>>): readonly Entry[] =>
  Object.entries(record).map(([key, value]) => ({ key, value }));

export function metricWire(metric: Metric): Readonly<Record<string, unknown>> {
  const { key, value, timestamp, step, runId, modelId, datasetName, datasetDigest } = metric;
  return {
    key,
    value: Number.isNaN(value) ? 'NaN' : value,
    timestamp,
    step,
    ...(runId === undefined ? {} : { run_id: runId }),
    ...(modelId === undefined ? {} : { model_id: modelId }),
    ...(datasetName === undefined ? {} : { dataset_name: datasetName }),
    ...(datasetDigest === undefined ? {} : { dataset_digest: datasetDigest }),
  };
}

export function experimentWire(experiment: Experiment): Readonly<Record<string, unknown>> {
  return {
    experiment_id: experiment.id,
    name: experiment.name,
    artifact_location: experimentLocation(experiment.id),
    lifecycle_stage: experiment.lifecycle,
    workspace: 'default',
    last_update_time: experiment.updatedAt,
    creation_time: experiment.createdAt,
    ...listed('tags', entries(experiment.tags)),
  };
}

export function runInfoWire(info: RunInfo): Readonly<Record<string, unknown>> {
  return {
    run_id: info.id,
    run_uuid: info.id,
    run_name: info.name,
    experiment_id: info.experimentId,
    user_id: info.userId,
    status: info.status,
    start_time: info.startTime,
    ...(info.endTime === undefined ? {} : { end_time: info.endTime }),
    artifact_uri: runLocation(info.experimentId, info.id),
    lifecycle_stage: info.lifecycle,
  };
}

export function runWire(run: Run): Readonly<Record<string, unknown>> {
  const datasets = run.datasets.map(({ dataset, tags }) => ({
    ...listed('tags', tags),
    dataset: {
      name: dataset.name,
      digest: dataset.digest,
      source_type: dataset.sourceType,
      source: dataset.source,
      ...(dataset.schema === undefined ? {} : { schema: dataset.schema }),
      ...(dataset.profile === undefined ? {} : { profile: dataset.profile }),
    },
  }));
  const models = run.modelInputs.map((id) => ({ model_id: id }));
  const outputs = run.modelOutputs.map(({ modelId, step }) => ({ model_id: modelId, step }));
  return {
    info: runInfoWire(run.info),
    data: {
      ...listed('metrics', run.metrics.map(metricWire)),
      ...listed('params', run.params),
      ...listed('tags', run.tags),
    },
    inputs: { ...listed('dataset_inputs', datasets), ...listed('model_inputs', models) },
    outputs: listed('model_outputs', outputs),
  };
}

export function loggedModelWire(model: LoggedModel): Readonly<Record<string, unknown>> {
  return {
    info: {
      model_id: model.id,
      experiment_id: model.experimentId,
      name: model.name,
      creation_timestamp_ms: model.createdAt,
      last_updated_timestamp_ms: model.updatedAt,
      artifact_uri: modelLocation(model.experimentId, model.id),
      status: model.status,
      model_type: model.modelType,
      source_run_id: model.sourceRunId ?? '',
      ...(model.statusMessage === undefined ? {} : { status_message: model.statusMessage }),
      ...listed('tags', model.tags),
    },
    data: { ...listed('params', model.params), ...listed('metrics', model.metrics.map(metricWire)) },
  };
}

/** `model` gives the aliases that point at the version. */
export function versionWire(
  version: ModelVersion,
  model: RegisteredModel | undefined,
): Readonly<Record<string, unknown>> {
  const aliases = Object.entries(model?.aliases ?? {})
    .filter(([, number]) => number === version.number)
    .map(([alias]) => alias);
  return {
    name: version.model,
    version: String(version.number),
    creation_timestamp: version.createdAt,
    last_updated_timestamp: version.updatedAt,
    ...(version.userId === undefined ? {} : { user_id: version.userId }),
    current_stage: version.stage,
    description: version.description ?? '',
    source: version.source,
    run_id: version.runId ?? '',
    status: version.status,
    ...(version.statusMessage === undefined ? {} : { status_message: version.statusMessage }),
    run_link: version.runLink ?? '',
    ...(version.modelId === undefined ? {} : { model_id: version.modelId }),
    ...listed('tags', entries(version.tags)),
    ...listed('aliases', aliases),
  };
}

export function registeredModelWire(
  model: RegisteredModel,
  latest: readonly ModelVersion[],
): Readonly<Record<string, unknown>> {
  const aliases = Object.entries(model.aliases).map(([alias, number]) => ({ alias, version: String(number) }));
  return {
    name: model.id,
    creation_timestamp: model.createdAt,
    last_updated_timestamp: model.updatedAt,
    ...(model.description === undefined ? {} : { description: model.description }),
    ...listed(
      'latest_versions',
      latest.map((version) => versionWire(version, model)),
    ),
    ...listed('tags', entries(model.tags)),
    ...listed('aliases', aliases),
  };
}
