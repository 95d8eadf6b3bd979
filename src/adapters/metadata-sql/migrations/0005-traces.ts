/** Traces whole: state, times, previews, tags, metadata, spans, assessments and links become rows that a search can use. */
import type { Kysely } from 'kysely';
import type { ColumnTypes } from '../engine.ts';

type Before = {
  readonly traces: {
    readonly id: string;
    readonly info: string;
    readonly state: string | null;
    readonly duration_ms: number | null;
    readonly name: string | null;
    readonly client_request_id: string | null;
    readonly request_preview: string | null;
    readonly response_preview: string | null;
    readonly span_count: number | null;
    readonly run_id: string | null;
  };
  readonly trace_tags: { readonly trace_id: string; readonly key: string; readonly value: string };
  readonly trace_metadata: { readonly trace_id: string; readonly key: string; readonly value: string };
};

function texts(value: unknown): readonly (readonly [string, string])[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).map(([key, one]) => [
    key.slice(0, 250),
    typeof one === 'string' ? one : JSON.stringify(one),
  ]);
}

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** `1.5s`, as proto3 writes a Duration. */
function milliseconds(value: unknown): number | null {
  const seconds = typeof value === 'string' && /^\d+(?:\.\d+)?s$/.test(value) ? Number(value.slice(0, -1)) : Number.NaN;
  return Number.isNaN(seconds) ? null : Math.round(seconds * 1000);
}

/** The client's JSON was kept whole until here; what it says goes into rows. Done for a row when it has a state. */
async function fillOld(db: Kysely<Before>): Promise<void> {
  for (;;) {
    const rows = await db.selectFrom('traces').select(['id', 'info']).where('state', 'is', null).limit(200).execute();
    if (rows.length === 0) return;
    for (const { id, info } of rows) {
      const given = JSON.parse(info) as Readonly<Record<string, unknown>>;
      const tags = texts(given['tags']);
      const metadata = texts(given['trace_metadata']);
      await db.deleteFrom('trace_tags').where('trace_id', '=', id).execute();
      await db.deleteFrom('trace_metadata').where('trace_id', '=', id).execute();
      for (const [key, value] of tags) {
        await db.insertInto('trace_tags').values({ trace_id: id, key, value }).execute();
      }
      for (const [key, value] of metadata) {
        await db.insertInto('trace_metadata').values({ trace_id: id, key, value }).execute();
      }
      await db
        .updateTable('traces')
        .set({
          state: text(given['state']) ?? 'STATE_UNSPECIFIED',
          duration_ms: milliseconds(given['execution_duration']),
          name: tags.find(([key]) => key === 'mlflow.traceName')?.[1] ?? null,
          client_request_id: text(given['client_request_id']),
          request_preview: text(given['request_preview']),
          response_preview: text(given['response_preview']),
          span_count: 0,
          run_id: metadata.find(([key]) => key === 'mlflow.sourceRun')?.[1].slice(0, 250) ?? null,
          info: '{}',
        })
        .where('id', '=', id)
        .execute();
    }
  }
}

export async function up(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  const { schema } = db;
  const { key, id, text: long, integer, real } = types;
  const columns = [
    ['state', key],
    ['duration_ms', integer],
    ['name', long],
    ['client_request_id', long],
    ['request_preview', long],
    ['response_preview', long],
    ['span_count', integer],
    ['run_id', key],
  ] as const;
  for (const [name, type] of columns) await schema.alterTable('traces').addColumn(name, type).execute();
  await schema.createIndex('traces_by_run').on('traces').columns(['run_id', 'id']).execute();

  for (const table of ['trace_tags', 'trace_metadata'] as const) {
    await schema
      .createTable(table)
      .addColumn('trace_id', id, (c) => c.notNull())
      .addColumn('key', key, (c) => c.notNull())
      .addColumn('value', long, (c) => c.notNull())
      .addPrimaryKeyConstraint(`${table}_pk`, ['trace_id', 'key'])
      .execute();
  }

  // What a search looks at stands before the long texts, so that SQLite need not read their pages.
  await schema
    .createTable('spans')
    .addColumn('trace_id', id, (c) => c.notNull())
    .addColumn('span_id', id, (c) => c.notNull())
    .addColumn('status', key, (c) => c.notNull())
    .addColumn('type', key, (c) => c.notNull())
    .addColumn('name', long, (c) => c.notNull())
    .addColumn('attributes', long, (c) => c.notNull())
    .addColumn('doc', long, (c) => c.notNull())
    .addPrimaryKeyConstraint('spans_pk', ['trace_id', 'span_id'])
    .execute();

  await schema
    .createTable('assessments')
    .addColumn('trace_id', id, (c) => c.notNull())
    .addColumn('id', id, (c) => c.notNull())
    .addColumn('kind', key, (c) => c.notNull())
    .addColumn('name', key, (c) => c.notNull())
    .addColumn('valid', integer, (c) => c.notNull())
    .addColumn('created_at', integer, (c) => c.notNull())
    .addColumn('number', real)
    .addColumn('value', long, (c) => c.notNull())
    .addColumn('doc', long, (c) => c.notNull())
    .addPrimaryKeyConstraint('assessments_pk', ['trace_id', 'id'])
    .execute();

  await schema
    .createTable('trace_links')
    .addColumn('kind', key, (c) => c.notNull())
    .addColumn('target', key, (c) => c.notNull())
    .addColumn('trace_id', id, (c) => c.notNull())
    .addPrimaryKeyConstraint('trace_links_pk', ['kind', 'target', 'trace_id'])
    .execute();

  await fillOld(db.withTables<Before>());
}
