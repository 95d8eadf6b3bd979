/** Traces over SQL. A trace's row is locked while something joins it, so that two exporters of one trace do not lose each other's part. */
import { sql } from 'kysely';
import { hasUsage, mergeInfo, mergeSpans } from '../../domain/trace-merge.ts';
import { assessmentNotFound, bySpanStart, traceNotFound } from '../../domain/traces.ts';
import type { Assessment, Span, SpanBatch, TraceInfo } from '../../domain/traces.ts';
import type { TraceStore } from '../../ports/trace-store.ts';
import { atomically } from './atomically.ts';
import type { SqlEngine } from './engine.ts';
import { groups, pieces, toExperimentNumber } from './tracking-tables.ts';
import {
  fromAssessmentRow,
  fromSpanRow,
  fromTraceRow,
  toAssessmentRow,
  toSpanRow,
  toTraceRow,
} from './tracking-traces-rows.ts';
import type { TraceDb } from './tracking-traces-rows.ts';
import { traceOrder, traceWhere } from './tracking-traces-search.ts';

type Record_ = Readonly<Record<string, string>>;

export function sqlTraces(db: TraceDb, engine: SqlEngine): TraceStore {
  async function read(tx: TraceDb, ids: readonly string[]): Promise<readonly TraceInfo[]> {
    const found = new Map<string, TraceInfo>();
    for (const some of groups([...new Set(ids)], 200)) {
      const rows = await tx.selectFrom('traces').selectAll().where('id', 'in', some).execute();
      // Most writes are of traces that are new.
      if (rows.length === 0) continue;
      const tags = await tx.selectFrom('trace_tags').selectAll().where('trace_id', 'in', some).execute();
      const metadata = await tx.selectFrom('trace_metadata').selectAll().where('trace_id', 'in', some).execute();
      const assessments = await tx
        .selectFrom('assessments')
        .select(['trace_id', 'valid', 'doc'])
        .where('trace_id', 'in', some)
        .orderBy('created_at')
        .orderBy('id')
        .execute();
      const tagsOf = Map.groupBy(tags, (row) => row.trace_id);
      const metadataOf = Map.groupBy(metadata, (row) => row.trace_id);
      const assessmentsOf = Map.groupBy(assessments, (row) => row.trace_id);
      const record = (entries: readonly { key: string; value: string }[] | undefined): Record_ =>
        Object.fromEntries((entries ?? []).map(({ key, value }) => [key, value]));
      for (const row of rows) {
        found.set(
          row.id,
          fromTraceRow(
            row,
            record(tagsOf.get(row.id)),
            record(metadataOf.get(row.id)),
            (assessmentsOf.get(row.id) ?? []).map(fromAssessmentRow),
          ),
        );
      }
    }
    return ids.flatMap((id) => found.get(id) ?? []);
  }

  /** Throws MW-NOT-FOUND. */
  async function lock(tx: TraceDb, id: string): Promise<void> {
    let query = tx.selectFrom('traces').select('id').where('id', '=', id);
    if (engine.lockRow !== undefined) query = query.modifyEnd(engine.lockRow);
    if ((await query.executeTakeFirst()) === undefined) throw traceNotFound(id);
  }

  /** The row is there and locked afterwards; gives what was stored, or nothing when the row is new. */
  async function reserve(tx: TraceDb, fresh: TraceInfo): Promise<TraceInfo | undefined> {
    const [before] = await read(tx, [fresh.id]);
    if (before === undefined) {
      await engine.insertAbsent(tx.insertInto('traces').values(toTraceRow(fresh)), 'id').execute();
    }
    // Where a writer is alone, what was read still holds.
    if (engine.lockRow === undefined) return before;
    await lock(tx, fresh.id);
    const [now] = await read(tx, [fresh.id]);
    return before === undefined && now?.spanCount === 0 && Object.keys(now.tags).length === 0 ? undefined : now;
  }

  async function putEntries(
    tx: TraceDb,
    table: 'trace_tags' | 'trace_metadata',
    id: string,
    before: Record_ | undefined,
    after: Record_,
  ): Promise<void> {
    const changed = Object.entries(after).filter(([key, value]) => before?.[key] !== value);
    const rows = changed.map(([key, value]) => ({ trace_id: id, key, value }));
    for (const some of groups(rows, 64)) {
      const insert = tx.insertInto(table).values(some);
      await engine.upsert(insert, { key: ['trace_id', 'key'], set: ['value'] }).execute();
    }
  }

  async function putAssessments(tx: TraceDb, assessments: readonly Assessment[]): Promise<void> {
    for (const some of pieces(assessments.map(toAssessmentRow))) {
      await engine
        .upsert(tx.insertInto('assessments').values(some), {
          key: ['trace_id', 'id'],
          set: ['kind', 'name', 'valid', 'created_at', 'number', 'value', 'doc'],
        })
        .execute();
    }
  }

  async function write(tx: TraceDb, before: TraceInfo | undefined, after: TraceInfo): Promise<void> {
    const { id, ...columns } = toTraceRow(after);
    await tx.updateTable('traces').set(columns).where('id', '=', id).execute();
    await putEntries(tx, 'trace_tags', id, before?.tags, after.tags);
    await putEntries(tx, 'trace_metadata', id, before?.metadata, after.metadata);
  }

  async function spansOf(tx: TraceDb, id: string): Promise<Span[]> {
    const rows = await tx.selectFrom('spans').select('doc').where('trace_id', '=', id).execute();
    return rows.map(fromSpanRow).sort(bySpanStart);
  }

  async function logBatch(tx: TraceDb, batch: SpanBatch): Promise<void> {
    const fresh = mergeSpans(undefined, batch, 0, undefined);
    const before = await reserve(tx, { ...fresh, spanCount: 0 });
    // The last of several with one id counts; an engine would refuse the statement.
    const byId = new Map(batch.spans.map((span) => [span.id, span]));
    for (const some of pieces([...byId.values()].map((span) => toSpanRow(batch.traceId, span)))) {
      await engine
        .upsert(tx.insertInto('spans').values(some), {
          key: ['trace_id', 'span_id'],
          set: ['status', 'type', 'name', 'attributes', 'doc'],
        })
        .execute();
    }
    const { count } = await tx
      .selectFrom('spans')
      .select((e) => e.fn.countAll<number | string>().as('count'))
      .where('trace_id', '=', batch.traceId)
      .executeTakeFirstOrThrow();
    const all = batch.spans.some(hasUsage) ? await spansOf(tx, batch.traceId) : undefined;
    await write(tx, before, mergeSpans(before, batch, Number(count), all));
  }

  function selected({ experimentIds, filter }: Parameters<TraceStore['countTraces']>[0]) {
    return db
      .selectFrom('traces as t')
      .where('t.experiment_id', 'in', experimentIds.map(toExperimentNumber))
      .where(traceWhere(engine, filter));
  }

  return {
    putTrace: (given) =>
      atomically(db, async (tx) => {
        const before = await reserve(tx, given);
        const after = mergeInfo(before, given);
        await write(tx, before, after);
        await putAssessments(tx, given.assessments);
        return after;
      }),
    logSpans: (batches) =>
      atomically(db, async (tx) => {
        // One order for all writers: two that hold rows the other waits for would be ended by the engine.
        const ordered = batches.toSorted((a, b) => (a.traceId < b.traceId ? -1 : 1));
        for (const batch of ordered) await logBatch(tx, batch);
      }),
    getTrace: async (id) => (await read(db, [id]))[0],
    getTraces: (ids) => read(db, ids),
    traceSpans: (id) => spansOf(db, id),
    async searchTraces(search) {
      if (search.experimentIds.length === 0) return [];
      const rows = await selected(search)
        .select('t.id')
        .orderBy(sql`${sql.join(traceOrder(engine, search.order))}`)
        .limit(search.limit)
        .offset(search.offset)
        .execute();
      return read(
        db,
        rows.map((row) => row.id),
      );
    },
    async countTraces(selection) {
      if (selection.experimentIds.length === 0) return 0;
      const row = await selected(selection)
        .select((e) => e.fn.countAll<number | string>().as('count'))
        .executeTakeFirstOrThrow();
      return Number(row.count);
    },
    deleteTraces: (deletion) =>
      atomically(db, async (tx) => {
        let query = tx
          .selectFrom('traces')
          .select('id')
          .where('experiment_id', '=', toExperimentNumber(deletion.experimentId));
        let ids: string[] = [];
        if ('ids' in deletion) {
          for (const some of groups(deletion.ids)) {
            ids.push(...(await query.where('id', 'in', some).execute()).map((row) => row.id));
          }
        } else {
          query = query.where('request_time', '<=', deletion.until).orderBy('request_time').orderBy('id');
          if (deletion.most !== undefined) query = query.limit(deletion.most);
          ids = (await query.execute()).map((row) => row.id);
        }
        ids = [...new Set(ids)].toSorted();
        for (const some of groups(ids)) {
          await tx.deleteFrom('traces').where('id', 'in', some).execute();
          for (const table of ['trace_tags', 'trace_metadata', 'spans', 'assessments', 'trace_links'] as const) {
            await tx.deleteFrom(table).where('trace_id', 'in', some).execute();
          }
          await tx.deleteFrom('artifacts').where('owner_kind', '=', 'trace').where('owner_id', 'in', some).execute();
        }
        return ids.length;
      }),
    setTraceTag: (id, key, value) =>
      atomically(db, async (tx) => {
        await lock(tx, id);
        await putEntries(tx, 'trace_tags', id, undefined, { [key]: value });
        if (key === 'mlflow.traceName') {
          await tx.updateTable('traces').set({ name: value }).where('id', '=', id).execute();
        }
      }),
    deleteTraceTag: (id, key) =>
      atomically(db, async (tx) => {
        await lock(tx, id);
        const gone = await tx
          .deleteFrom('trace_tags')
          .where('trace_id', '=', id)
          .where('key', '=', key)
          .executeTakeFirst();
        return Number(gone.numDeletedRows) > 0;
      }),
    putAssessment: (assessment) =>
      atomically(db, async (tx) => {
        const { traceId, overrides } = assessment;
        await lock(tx, traceId);
        if (overrides !== undefined) {
          const change = tx.updateTable('assessments').set({ valid: 0 });
          const done = await change.where('trace_id', '=', traceId).where('id', '=', overrides).executeTakeFirst();
          if (Number(done.numUpdatedRows) === 0) throw assessmentNotFound(traceId, overrides);
        }
        await putAssessments(tx, [assessment]);
      }),
    deleteAssessment: (traceId, id) =>
      atomically(db, async (tx) => {
        await lock(tx, traceId);
        const at = tx.selectFrom('assessments').select('doc').where('trace_id', '=', traceId).where('id', '=', id);
        const row = await at.executeTakeFirst();
        if (row === undefined) return false;
        const { overrides } = fromAssessmentRow({ ...row, valid: 1 });
        await tx.deleteFrom('assessments').where('trace_id', '=', traceId).where('id', '=', id).execute();
        if (overrides !== undefined) {
          const change = tx.updateTable('assessments').set({ valid: 1 });
          await change.where('trace_id', '=', traceId).where('id', '=', overrides).execute();
        }
        return true;
      }),
    linkTraces: (ids, kind, to) =>
      atomically(db, async (tx) => {
        const there = await tx
          .selectFrom('traces')
          .select('id')
          .where('id', 'in', ids.length === 0 ? [''] : ids)
          .execute();
        const rows = there.map((row) => ({ kind, target: to, trace_id: row.id }));
        for (const some of pieces(rows)) {
          await engine.insertAbsent(tx.insertInto('trace_links').values(some), 'trace_id').execute();
        }
      }),
  };
}
