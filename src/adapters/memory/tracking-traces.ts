import { hasUsage, mergeInfo, mergeSpans } from '../../domain/trace-merge.ts';
import { matchesTrace, traceAttribute } from '../../domain/trace-filter.ts';
import type { SearchedTrace, TraceOrder } from '../../domain/trace-filter.ts';
import { assessmentNotFound, bySpanStart, traceNotFound } from '../../domain/traces.ts';
import type { TraceInfo } from '../../domain/traces.ts';
import type { TraceSelection, TraceStore } from '../../ports/trace-store.ts';
import type { TraceRecord, TrackingState } from './tracking-state.ts';

function valueOf(info: TraceInfo, { of, key }: TraceOrder): string | number | undefined {
  if (of === 'attribute') return key === 'experiment_id' ? Number(info.experimentId) : traceAttribute(info, key);
  return of === 'tag' ? info.tags[key] : info.metadata[key];
}

function compare(order: readonly TraceOrder[], a: TraceInfo, b: TraceInfo): number {
  for (const term of order) {
    const x = valueOf(a, term);
    const y = valueOf(b, term);
    if (x === y) continue;
    if (x === undefined || y === undefined) return x === undefined ? 1 : -1;
    return x < y === term.ascending ? -1 : 1;
  }
  return b.requestTime - a.requestTime || (a.id < b.id ? -1 : 1);
}

export function memoryTraces(state: () => TrackingState): TraceStore {
  const get = (id: string): TraceRecord | undefined => state().traces.get(id);
  function must(id: string): TraceRecord {
    const record = get(id);
    if (record === undefined) throw traceNotFound(id);
    return record;
  }
  function put(info: TraceInfo, before: TraceRecord | undefined): TraceRecord {
    const record = before ?? { info, spans: new Map(), runs: new Set<string>(), prompts: new Set<string>() };
    record.info = {
      ...info,
      assessments: info.assessments.toSorted((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)),
    };
    state().traces.set(info.id, record);
    return record;
  }
  const searched = (record: TraceRecord): SearchedTrace => ({ ...record, spans: [...record.spans.values()] });
  const select = ({ experimentIds, filter }: TraceSelection): TraceInfo[] =>
    [...state().traces.values()]
      .filter((one) => experimentIds.includes(one.info.experimentId) && matchesTrace(filter, searched(one)))
      .map((one) => one.info);

  return {
    async putTrace(given) {
      const before = get(given.id);
      return put(mergeInfo(before?.info, given), before).info;
    },
    async logSpans(batches) {
      for (const batch of batches) {
        const record = get(batch.traceId);
        const spans = new Map(record?.spans);
        for (const span of batch.spans) spans.set(span.id, span);
        const all = batch.spans.some(hasUsage) ? [...spans.values()] : undefined;
        const after = put(mergeSpans(record?.info, batch, spans.size, all), record);
        for (const [id, span] of spans) after.spans.set(id, span);
      }
    },
    getTrace: async (id) => get(id)?.info,
    getTraces: async (ids) => ids.flatMap((id) => get(id)?.info ?? []),
    traceSpans: async (id) => [...(get(id)?.spans.values() ?? [])].sort(bySpanStart),
    async searchTraces({ order, limit, offset, ...selection }) {
      const found = select(selection).sort((a, b) => compare(order, a, b));
      return found.slice(offset, offset + limit);
    },
    countTraces: async (selection) => select(selection).length,
    async deleteTraces(deletion) {
      let going = [...state().traces.values()]
        .map((one) => one.info)
        .filter((info) => info.experimentId === deletion.experimentId)
        .filter((info) => ('ids' in deletion ? deletion.ids.includes(info.id) : info.requestTime <= deletion.until))
        .sort((a, b) => a.requestTime - b.requestTime || (a.id < b.id ? -1 : 1));
      if ('until' in deletion && deletion.most !== undefined) going = going.slice(0, deletion.most);
      for (const { id } of going) {
        state().traces.delete(id);
        state().artifacts.delete(`trace/${id}`);
      }
      return going.length;
    },
    async setTraceTag(id, key, value) {
      const record = must(id);
      const name = key === 'mlflow.traceName' ? { name: value } : {};
      record.info = { ...record.info, tags: { ...record.info.tags, [key]: value }, ...name };
    },
    async deleteTraceTag(id, key) {
      const record = must(id);
      const { [key]: gone, ...tags } = record.info.tags;
      record.info = { ...record.info, tags };
      return gone !== undefined;
    },
    async putAssessment(assessment) {
      const record = must(assessment.traceId);
      const { overrides } = assessment;
      if (overrides !== undefined && !record.info.assessments.some((one) => one.id === overrides)) {
        throw assessmentNotFound(assessment.traceId, overrides);
      }
      const others = record.info.assessments
        .filter((one) => one.id !== assessment.id)
        .map((one) => (one.id === overrides ? { ...one, valid: false } : one));
      put({ ...record.info, assessments: [...others, assessment] }, record);
    },
    async deleteAssessment(traceId, id) {
      const record = must(traceId);
      const gone = record.info.assessments.find((one) => one.id === id);
      if (gone === undefined) return false;
      const left = record.info.assessments
        .filter((one) => one.id !== id)
        .map((one) => (one.id === gone.overrides ? { ...one, valid: true } : one));
      put({ ...record.info, assessments: left }, record);
      return true;
    },
    async linkTraces(ids, kind, to) {
      for (const id of ids) (kind === 'run' ? get(id)?.runs : get(id)?.prompts)?.add(to);
    },
  };
}
