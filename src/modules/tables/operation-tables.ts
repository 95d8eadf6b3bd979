/** What runs, what is watched, what was done. Fields are chosen one by one: what is secret (hashes of tokens, webhooks) has no table. */
import type { DomainEvent } from '../../domain/events.ts';
import type { Stores } from '../../ports/metadata-store.ts';
import type { ScanRow } from '../../ports/table-source.ts';
import { columns, documents, type Table } from './table.ts';

const EVENTS_PAGE = 1_000;

async function* events(store: Stores): AsyncIterable<readonly ScanRow[]> {
  let after = 0;
  for (;;) {
    const page: readonly DomainEvent[] = await store.events.find({ after, limit: EVENTS_PAGE, order: 'oldest' });
    yield page.map((one) => [
      one.seq,
      one.id,
      one.type,
      one.at,
      one.project,
      one.actor,
      one.cause ?? null,
      JSON.stringify(one.data),
    ]);
    after = page.at(-1)?.seq ?? after;
    if (page.length < EVENTS_PAGE) return;
  }
}

export const OPERATION_TABLES: readonly Table[] = [
  {
    name: 'releases',
    description: 'Releases: what would run',
    columns: columns(
      'release_id VARCHAR: Its id',
      'endpoint VARCHAR: For which endpoint',
      'model VARCHAR: The model',
      'version BIGINT: The version',
      'model_digest VARCHAR: sha256 of the model',
      'image_digest VARCHAR: Of the image',
      'created_at TIMESTAMP: When it was made',
    ),
    rows: (store) =>
      documents(store.releases, (one) => [
        [one.id, one.endpoint, one.model, one.version, one.modelDigest, one.imageDigest, one.createdAt],
      ]),
  },
  {
    name: 'endpoints',
    description: 'Endpoints, one row for each release that takes calls',
    columns: columns(
      'endpoint VARCHAR: Its name',
      'project VARCHAR: Its project',
      'model VARCHAR: What it serves',
      'release_id VARCHAR: A release that takes calls; null: none does',
      'version BIGINT: Its version',
      'percent DOUBLE: Its share of the calls',
      'previous_version BIGINT: What a rollback would bring back',
      'created_at TIMESTAMP: When the endpoint was made',
    ),
    rows: (store) =>
      documents(store.endpoints, (one) =>
        (one.weights.length === 0 ? [undefined] : one.weights).map((weight) => [
          one.id,
          one.project,
          one.model,
          weight?.releaseId,
          weight?.version,
          weight?.percent,
          one.previous?.version,
          one.createdAt,
        ]),
      ),
  },
  {
    name: 'rollouts',
    description: 'Rollouts of releases',
    columns: columns(
      'rollout_id VARCHAR: Its id',
      'endpoint VARCHAR: Its endpoint',
      'release_id VARCHAR: What was rolled out',
      'from_release_id VARCHAR: What served before',
      'status VARCHAR: running, promoted or rolled-back',
      'reason VARCHAR: Why it ended so',
      'created_at TIMESTAMP: When it began',
      'ended_at TIMESTAMP: When it ended',
    ),
    rows: (store) =>
      documents(store.rollouts, (one) => [
        [one.id, one.endpoint, one.releaseId, one.fromReleaseId, one.status, one.reason, one.createdAt, one.endedAt],
      ]),
  },
  {
    name: 'evaluations',
    description: 'What monitors measured, a window at a time; times of the window are of the data',
    columns: columns(
      'evaluation_id VARCHAR: Its id',
      'project VARCHAR: Its project',
      'monitor_id VARCHAR: Its monitor',
      'window_from TIMESTAMP: Begin of the window',
      'window_to TIMESTAMP: End of the window',
      'predictions BIGINT: Predictions in it',
      'outcomes BIGINT: Outcomes known',
      'breached BOOLEAN: null: not enough was known',
      'drifted_columns BIGINT: Columns that moved',
      'measured JSON: Named values, with their intervals',
      'created_at TIMESTAMP: When it was made',
    ),
    rows: (store) =>
      documents(store.evaluations, (one) => [
        [
          one.id,
          one.project,
          one.monitorId,
          one.from,
          one.to,
          one.predictions,
          one.outcomes,
          one.breached,
          one.columns.filter((column) => column.drifted).length,
          JSON.stringify(one.values),
          one.createdAt,
        ],
      ]),
  },
  {
    name: 'alerts',
    description: 'Alerts',
    columns: columns(
      'alert_id VARCHAR: Its id',
      'project VARCHAR: Its project',
      'monitor_id VARCHAR: Its monitor',
      'endpoint VARCHAR: Its endpoint',
      'status VARCHAR: firing or resolved',
      'condition VARCHAR: As it is written',
      'value DOUBLE: What was measured',
      'message VARCHAR: What moved, in one sentence',
      'pipeline_run_id VARCHAR: The pipeline run it started',
      'since TIMESTAMP: Of the data, when it began',
      'until TIMESTAMP: Of the data, when it was over',
      'created_at TIMESTAMP: When it was raised',
    ),
    rows: (store) =>
      documents(store.alerts, (one) => [
        [
          one.id,
          one.project,
          one.monitorId,
          one.endpoint,
          one.status,
          one.condition,
          one.value?.value,
          one.text,
          one.pipelineRunId,
          one.since,
          one.until,
          one.createdAt,
        ],
      ]),
  },
  {
    name: 'pipeline_runs',
    description: 'Turns through the pipelines of projects',
    columns: columns(
      'pipeline_run_id VARCHAR: Its id',
      'project VARCHAR: Its project',
      'number BIGINT: Its number in the project',
      'status VARCHAR: running, succeeded, failed or cancelled',
      'cause VARCHAR: person, alert, schedule or dataset',
      'run_id VARCHAR: The tracked run its steps log to',
      'environment_id VARCHAR: What its steps ran in',
      'commit_id VARCHAR: Of the code, when it is in git',
      'error_code VARCHAR: Why it failed',
      'created_at TIMESTAMP: When it began',
      'ended_at TIMESTAMP: When it ended',
      'duration_s DOUBLE: Seconds from begin to end',
    ),
    rows: (store) =>
      documents(store.pipelineRuns, (one) => [
        [
          one.id,
          one.project,
          one.number,
          one.status,
          one.cause.kind,
          one.trackingRunId,
          one.environmentId,
          one.commit,
          one.error?.code,
          one.createdAt,
          one.endedAt,
          one.endedAt === undefined ? undefined : (one.endedAt - one.createdAt) / 1000,
        ],
      ]),
  },
  {
    name: 'step_runs',
    description: 'Steps of pipeline runs',
    columns: columns(
      'pipeline_run_id VARCHAR: Its pipeline run',
      'step VARCHAR: Its name',
      'kind VARCHAR: data, environment, command or onnx',
      'status VARCHAR: waiting, running, succeeded, failed, cancelled or skipped',
      'reused_from VARCHAR: The step run whose results were taken',
      'attempts BIGINT: How often it was tried',
      'peak_rss_bytes BIGINT: Most memory of an attempt',
      'cpu_s DOUBLE: CPU seconds of all attempts',
      'outputs JSON: Files it made',
      'error_code VARCHAR: Why it failed',
      'started_at TIMESTAMP: When it started',
      'ended_at TIMESTAMP: When it ended',
      'duration_s DOUBLE: Seconds from start to end',
    ),
    rows: (store) =>
      documents(store.stepRuns, (one) => [
        [
          one.pipelineRunId,
          one.step,
          one.kind,
          one.status,
          one.reusedFrom,
          one.attempts.length,
          Math.max(0, ...one.attempts.map((attempt) => attempt.peakRssBytes ?? 0)),
          one.attempts.reduce((sum, attempt) => sum + (attempt.cpuSeconds ?? 0), 0),
          JSON.stringify(one.outputs),
          one.error?.code,
          one.startedAt,
          one.endedAt,
          one.startedAt === undefined || one.endedAt === undefined ? undefined : (one.endedAt - one.startedAt) / 1000,
        ],
      ]),
  },
  {
    name: 'events',
    description: 'Everything that happened, in its order',
    columns: columns(
      'seq BIGINT: Its place',
      'event_id VARCHAR: Its id',
      'type VARCHAR: alias.moved, alert.fired …',
      'time TIMESTAMP: When',
      'project VARCHAR: Its project',
      'actor VARCHAR: system, or who did it',
      'cause VARCHAR: The event that made it happen',
      'data JSON: What it says',
    ),
    rows: events,
  },
];
