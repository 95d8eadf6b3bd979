/** A parsed trace filter and order as SQL. Keys and values are bound parameters. */
import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import type { TraceComparison, TraceFilter, TraceOrder } from '../../domain/trace-filter.ts';
import type { SqlPhrases } from './engine.ts';

const COLUMNS: Readonly<Record<string, RawBuilder<unknown>>> = {
  trace_id: sql.ref('t.id'),
  client_request_id: sql.ref('t.client_request_id'),
  name: sql.ref('t.name'),
  status: sql.ref('t.state'),
  run_id: sql.ref('t.run_id'),
  timestamp_ms: sql.ref('t.request_time'),
  execution_time_ms: sql.ref('t.duration_ms'),
  end_time_ms: sql`(t.request_time + coalesce(t.duration_ms, 0))`,
};

function column(phrases: SqlPhrases, key: string, compared: boolean): RawBuilder<unknown> {
  if (key !== 'experiment_id') return COLUMNS[key] ?? sql`null`;
  return compared ? phrases.asText(sql.ref('t.experiment_id')) : sql.ref('t.experiment_id');
}

function holds(phrases: SqlPhrases, found: RawBuilder<unknown>, { op, value }: TraceComparison): RawBuilder<boolean> {
  switch (op) {
    case 'LIKE':
      return phrases.like(found, String(value));
    case 'ILIKE':
      return phrases.likeAnyCase(found, String(value));
    case 'IN':
      return sql<boolean>`${found} in (${sql.join(value as readonly string[])})`;
    case 'NOT IN':
      return sql<boolean>`${found} not in (${sql.join(value as readonly string[])})`;
    case 'IS NULL':
      return sql<boolean>`${found} is null`;
    case 'IS NOT NULL':
      return sql<boolean>`${found} is not null`;
    default:
      return sql<boolean>`${found} ${sql.raw(op)} ${value}`;
  }
}

const entriesOf = (table: 'trace_tags' | 'trace_metadata', key: string): RawBuilder<unknown> =>
  sql`from ${sql.table(table)} as e where e.trace_id = t.id and ${sql.ref('e.key')} = ${key}`;

function entryHolds(phrases: SqlPhrases, table: 'trace_tags' | 'trace_metadata', one: TraceComparison) {
  const rows = entriesOf(table, one.key);
  if (one.op === 'IS NULL') return sql<boolean>`not exists (select 1 ${rows})`;
  if (one.op === 'IS NOT NULL') return sql<boolean>`exists (select 1 ${rows})`;
  return sql<boolean>`exists (select 1 ${rows} and ${holds(phrases, sql.ref('e.value'), one)})`;
}

function spanHolds(phrases: SqlPhrases, one: TraceComparison): RawBuilder<boolean> {
  if (one.of === 'spanAttribute') return holds(phrases, phrases.jsonEntry(sql.ref('s.attributes'), one.key), one);
  const columns: Readonly<Record<string, string>> = { name: 's.name', type: 's.type', status: 's.status' };
  return holds(phrases, sql.ref(columns[one.key] ?? 's.doc'), one);
}

function assessmentHolds(phrases: SqlPhrases, one: TraceComparison): RawBuilder<boolean> {
  const rows = sql`from assessments as a where a.trace_id = t.id and a.kind = ${one.of} and a.name = ${one.key} and a.valid = 1`;
  if (one.op === 'IS NULL') return sql<boolean>`not exists (select 1 ${rows})`;
  if (one.op === 'IS NOT NULL') return sql<boolean>`exists (select 1 ${rows})`;
  const found = typeof one.value === 'number' ? sql.ref('a.number') : sql.ref('a.value');
  return sql<boolean>`exists (select 1 ${rows} and ${holds(phrases, found, one)})`;
}

const linked = (kind: 'run' | 'prompt', to: string): RawBuilder<boolean> =>
  sql<boolean>`exists (select 1 from trace_links as l where l.kind = ${kind} and l.target = ${to} and l.trace_id = t.id)`;

function condition(phrases: SqlPhrases, one: TraceComparison): RawBuilder<boolean> {
  switch (one.of) {
    case 'tag':
      return entryHolds(phrases, 'trace_tags', one);
    case 'metadata':
      return entryHolds(phrases, 'trace_metadata', one);
    case 'run': {
      const own = holds(phrases, sql.ref('t.run_id'), one);
      return one.op === '=' ? sql<boolean>`(${own} or ${linked('run', String(one.value))})` : own;
    }
    case 'prompt':
      return linked('prompt', String(one.value));
    case 'issue':
      return sql<boolean>`exists (select 1 from assessments as a where a.trace_id = t.id and a.kind = 'issue' and a.name = ${one.value})`;
    case 'feedback':
    case 'expectation':
      return assessmentHolds(phrases, one);
    default:
      return holds(phrases, column(phrases, one.key, true), one);
  }
}

/** The AND of all comparisons over `traces as t`; true for the empty filter. */
export function traceWhere(phrases: SqlPhrases, filter: TraceFilter): RawBuilder<boolean> {
  const ofSpan = filter.filter((one) => one.of === 'span' || one.of === 'spanAttribute');
  const terms = filter.filter((one) => !ofSpan.includes(one)).map((one) => condition(phrases, one));
  if (ofSpan.length > 0) {
    const all = sql.join(
      ofSpan.map((one) => spanHolds(phrases, one)),
      sql` and `,
    );
    terms.push(sql<boolean>`exists (select 1 from spans as s where s.trace_id = t.id and ${all})`);
  }
  return terms.length === 0 ? sql<boolean>`1 = 1` : sql<boolean>`${sql.join(terms, sql` and `)}`;
}

/** Missing values last in both directions; then the newest, then the id. */
export function traceOrder(phrases: SqlPhrases, order: readonly TraceOrder[]): readonly RawBuilder<unknown>[] {
  const terms = order.flatMap(({ of, key, ascending }) => {
    const value =
      of === 'attribute'
        ? column(phrases, key, false)
        : sql`(select e.value ${entriesOf(of === 'tag' ? 'trace_tags' : 'trace_metadata', key)})`;
    const always = of === 'attribute' && (key === 'timestamp_ms' || key === 'trace_id' || key === 'end_time_ms');
    return [
      ...(always ? [] : [sql`case when ${value} is null then 1 else 0 end`]),
      ascending ? sql`${value} asc` : sql`${value} desc`,
    ];
  });
  return [...terms, sql`t.request_time desc`, sql`t.id asc`];
}
