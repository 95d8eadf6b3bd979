/** Runs and their points as our own API writes them. */
import type { Metric, Run } from '../../../domain/tracking.ts';

type WireNumber = number | 'NaN' | 'Infinity' | '-Infinity';

/** JSON has no NaN; a metric that became NaN is news and must not vanish as null. */
function wireNumber(value: number): WireNumber {
  if (Number.isNaN(value)) return 'NaN';
  if (value >= Number.MAX_VALUE) return 'Infinity';
  return value <= -Number.MAX_VALUE ? '-Infinity' : value;
}

export const PIPELINE_TAG = 'millwright.pipeline_run';

export function runWire({ info, ...run }: Run, experiment: string) {
  const tags = Object.fromEntries(run.tags.map((tag) => [tag.key, tag.value]));
  const pipelineRunId = tags[PIPELINE_TAG];
  const user = info.userId === '' ? tags['mlflow.user'] : info.userId;
  // Runs of a deleted experiment may have no time of their own.
  const deletedAt = info.lifecycle === 'deleted' ? (info.deletedAt ?? info.endTime ?? info.startTime) : undefined;
  return {
    id: info.id,
    name: info.name,
    experimentId: info.experimentId,
    experiment,
    ...(user === undefined || user === '' ? {} : { user }),
    status: info.status,
    startTime: info.startTime,
    ...(info.endTime === undefined ? {} : { endTime: info.endTime }),
    ...(deletedAt === undefined ? {} : { deletedAt }),
    metrics: Object.fromEntries(run.metrics.map((metric) => [metric.key, wireNumber(metric.value)])),
    params: Object.fromEntries(run.params.map((param) => [param.key, param.value])),
    tags,
    ...(pipelineRunId === undefined ? {} : { pipelineRunId }),
  };
}

export const pointWire = (point: Metric) => ({
  step: point.step,
  timestamp: point.timestamp,
  value: wireNumber(point.value),
});

export const pointTuple = ({ step, timestamp, value }: Metric): [number, number, WireNumber] => [
  step,
  timestamp,
  wireNumber(value),
];
