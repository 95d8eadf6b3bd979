/** What belongs to traces and logged models. Read with their owner, so only for a query that names them. */
import { setImmediate as breathe } from 'node:timers/promises';
import { MillwrightError } from '../../domain/errors.ts';
import { spanType, type TraceInfo } from '../../domain/traces.ts';
import type { LoggedModel } from '../../domain/tracking.ts';
import type { Stores } from '../../ports/metadata-store.ts';
import type { Cell, ScanRow } from '../../ports/table-source.ts';
import { type Bound, columns, type Table } from './table.ts';

const OWNERS = 200;
/** Rows that one query may read: spans are large. */
const MAX_ROWS = 200_000;

async function* owners(store: Stores, scan: 'traces' | 'loggedModels', wanted: readonly string[] | undefined) {
  const named = [...new Set(wanted)].map((id) => [id]);
  for await (const batch of wanted === undefined ? store.tables.scan(scan) : [named]) {
    for (let at = 0; at < batch.length; at += OWNERS) {
      yield batch.slice(at, at + OWNERS).map(([id]) => String(id));
      await breathe();
    }
  }
}

/** Rows for each owner; refuses more than `most`, for the engine that holds them has a limit. */
function* counted(rows: readonly ScanRow[], seen: { rows: number }, most: number, name: string, key: string) {
  seen.rows += rows.length;
  if (seen.rows > most) {
    throw new MillwrightError('MW-SQL', `${name} has more than ${most.toLocaleString('en-US')} rows to read`, {
      where: name,
      next: `say which in the WHERE beside it: ${name} WHERE ${key} = '…'`,
    });
  }
  yield rows;
}

type TraceRows = (store: Stores, trace: TraceInfo) => Promise<readonly ScanRow[]> | readonly ScanRow[];

const ofTraces = (name: string, rowsOf: TraceRows): Table['rows'] =>
  async function* traceRows(store: Stores, bound: Bound, most = MAX_ROWS) {
    const seen = { rows: 0 };
    for await (const ids of owners(store, 'traces', bound['trace_id'])) {
      const rows: ScanRow[] = [];
      for (const trace of await store.tracking.getTraces(ids)) rows.push(...(await rowsOf(store, trace)));
      yield* counted(rows, seen, most, name, 'trace_id');
    }
  };

const ofModels = (name: string, rowsOf: (model: LoggedModel) => readonly ScanRow[]): Table['rows'] =>
  async function* modelRows(store: Stores, bound: Bound, most = MAX_ROWS) {
    const seen = { rows: 0 };
    for await (const ids of owners(store, 'loggedModels', bound['model_id'])) {
      const rows: ScanRow[] = [];
      for (const id of ids) {
        const model = await store.tracking.getLoggedModel(id);
        if (model !== undefined) rows.push(...rowsOf(model));
      }
      yield* counted(rows, seen, most, name, 'model_id');
    }
  };

const pairs =
  (id: string) =>
  ([key, value]: readonly [string, string]): ScanRow => [id, key, value];
const ms = (ns: string): number => Number(BigInt(ns) / 1_000_000n);
const json = (value: unknown): Cell => JSON.stringify(value);

const entryColumns = (owner: string, what: string) =>
  columns(`${owner}_id VARCHAR: Its ${what}`, 'key VARCHAR: Its name', 'value VARCHAR: Its text');

export const DETAIL_TABLES: readonly Table[] = [
  {
    name: 'logged_model_params',
    description: 'Params of logged models',
    columns: entryColumns('model', 'logged model'),
    onDemand: true,
    rows: ofModels('logged_model_params', ({ id, params }) => params.map(({ key, value }) => [id, key, value])),
  },
  {
    name: 'logged_model_tags',
    description: 'Tags of logged models',
    columns: entryColumns('model', 'logged model'),
    onDemand: true,
    rows: ofModels('logged_model_tags', ({ id, tags }) => tags.map(({ key, value }) => [id, key, value])),
  },
  {
    name: 'logged_model_metrics',
    description: 'Metrics that were logged on logged models',
    columns: columns(
      'model_id VARCHAR: The logged model',
      'run_id VARCHAR: The run that logged it',
      'key VARCHAR: Name of the metric',
      'value DOUBLE: The value; may be NaN',
      'step BIGINT: The step',
      'time TIMESTAMP: When it was measured',
      'dataset VARCHAR: Name of the data set it was measured on',
      'dataset_digest VARCHAR: As the client computed it',
    ),
    onDemand: true,
    rows: ofModels('logged_model_metrics', ({ id, metrics }) =>
      metrics.map((one) => [
        id,
        one.runId ?? null,
        one.key,
        one.value,
        one.step,
        one.timestamp,
        one.datasetName ?? null,
        one.datasetDigest ?? null,
      ]),
    ),
  },
  {
    name: 'trace_tags',
    description: 'Tags of traces',
    columns: entryColumns('trace', 'trace'),
    onDemand: true,
    rows: ofTraces('trace_tags', (_store, { id, tags }) => Object.entries(tags).map(pairs(id))),
  },
  {
    name: 'trace_metadata',
    description: 'What clients said of traces once: session, user, run, tokens',
    columns: entryColumns('trace', 'trace'),
    onDemand: true,
    rows: ofTraces('trace_metadata', (_store, { id, metadata }) => Object.entries(metadata).map(pairs(id))),
  },
  {
    name: 'spans',
    description: "Spans of traces; those of old clients are the trace's artifact traces.json instead",
    columns: columns(
      'trace_id VARCHAR: Its trace',
      'span_id VARCHAR: 16 hex characters',
      'parent_id VARCHAR: Span it is part of',
      'name VARCHAR: Its name',
      'type VARCHAR: LLM, CHAIN, TOOL …',
      'status VARCHAR: OK, ERROR or UNSET',
      'status_message VARCHAR: Of an error',
      'start_time TIMESTAMP: When it began',
      'start_ns VARCHAR: The same in nanoseconds since 1970',
      'end_ns VARCHAR: When it ended',
      'duration_ms DOUBLE: From start to end',
      'attributes JSON: With inputs and outputs',
      'events JSON: What happened in it',
      'links JSON: To spans of other traces',
    ),
    onDemand: true,
    rows: ofTraces('spans', async (store, { id }) =>
      (await store.tracking.traceSpans(id)).map(
        (span): ScanRow => [
          id,
          span.id,
          span.parentId ?? null,
          span.name,
          spanType(span),
          span.status,
          span.statusMessage,
          ms(span.startNs),
          span.startNs,
          span.endNs ?? null,
          span.endNs === undefined ? null : Number(BigInt(span.endNs) - BigInt(span.startNs)) / 1e6,
          json(span.attributes),
          json(span.events),
          json(span.links),
        ],
      ),
    ),
  },
  {
    name: 'assessments',
    description: 'What people, judges and code said of traces',
    columns: columns(
      'trace_id VARCHAR: The trace',
      'assessment_id VARCHAR: Its id',
      'span_id VARCHAR: The span it is about',
      'name VARCHAR: Its name',
      'kind VARCHAR: feedback, expectation or issue',
      'value JSON: What was said',
      'error JSON: Why a judge could not say',
      'source_type VARCHAR: HUMAN, LLM_JUDGE or CODE',
      'source VARCHAR: Who',
      'rationale VARCHAR: Why',
      'metadata JSON: Further words',
      'valid BOOLEAN: No later one replaces it',
      'overrides VARCHAR: Id of the one it replaces',
      'created_at TIMESTAMP: When it was said',
      'updated_at TIMESTAMP: Last change',
    ),
    onDemand: true,
    rows: ofTraces('assessments', (_store, { assessments }) =>
      assessments.map(
        (one): ScanRow => [
          one.traceId,
          one.id,
          one.spanId ?? null,
          one.name,
          one.kind,
          json(one.value),
          one.error === undefined ? null : json(one.error),
          one.source.type,
          one.source.id,
          one.rationale ?? null,
          json(one.metadata),
          one.valid,
          one.overrides ?? null,
          one.createdAt,
          one.updatedAt,
        ],
      ),
    ),
  },
];
