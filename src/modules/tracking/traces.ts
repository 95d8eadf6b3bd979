/** Traces: described by clients, their spans by OTLP or as the artifact `traces.json`, searched, judged, deleted. */
import { MillwrightError } from '../../domain/errors.ts';
import { parseTraceFilter, parseTraceOrder } from '../../domain/trace-filter.ts';
import { assessmentNotFound, bySpanStart, traceNotFound } from '../../domain/traces.ts';
import type { Assessment, Span, SpanBatch, TraceInfo } from '../../domain/traces.ts';
import { experimentNotActive, experimentNotFound } from '../../domain/tracking.ts';
import type { ArtifactStore } from '../../ports/artifact-store.ts';
import type { Clock, Ids } from '../../ports/clock.ts';
import type { TraceDeletion } from '../../ports/trace-store.ts';
import type { TrackingStore } from '../../ports/tracking-store.ts';
import { checkExperimentId, checkRunId } from './entry-rules.ts';
import { page, pageSize } from './paging.ts';
import type { Page } from './paging.ts';
import { parseSpanFile } from './span-file.ts';
import { correlationOf } from './trace-correlation.ts';
import type { TraceCorrelation } from './trace-correlation.ts';
import {
  checkTraceId,
  checkTraceTag,
  cutValue,
  storableAssessment,
  storableTrace,
  traceEntries,
} from './trace-rules.ts';

export interface TraceQuery {
  readonly experimentIds: readonly string[];
  readonly filter?: string | undefined;
  readonly orderBy?: readonly string[] | undefined;
}

export type AssessmentChange = {
  readonly [K in 'name' | 'value' | 'error' | 'rationale' | 'metadata' | 'valid']?: Assessment[K] | undefined;
} & { readonly kind?: Assessment['kind'] | undefined };

export interface Traces {
  /** Stores the client's description, joined with what spans said before. Throws MW-INVALID, MW-NOT-FOUND for the experiment. */
  startTrace(trace: TraceInfo): Promise<TraceInfo>;
  /** Durable when it returns; all or nothing. Throws MW-INVALID, MW-NOT-FOUND for the experiment. */
  logSpans(batches: readonly SpanBatch[]): Promise<void>;
  /** Throws MW-NOT-FOUND. */
  getTrace(id: string): Promise<TraceInfo>;
  getTraces(ids: readonly string[]): Promise<readonly TraceInfo[]>;
  /** Spans by start, also of a trace whose client keeps them as an artifact. */
  traceSpans(trace: TraceInfo): Promise<readonly Span[]>;
  /** Newest first unless ordered. Default 100 a page, at most 500. */
  searchTraces(query: TraceQuery, maxResults?: number, pageToken?: string): Promise<Page<TraceInfo>>;
  /** For a table that scrolls: any slice and how many there are. */
  findTraces(
    query: TraceQuery,
    slice: { readonly limit: number; readonly offset: number },
  ): Promise<{ readonly traces: readonly TraceInfo[]; readonly total: number }>;
  /** Throws MW-INVALID without ids and without a time. */
  deleteTraces(deletion: {
    readonly experimentId: string;
    readonly ids?: readonly string[] | undefined;
    readonly until?: number | undefined;
    readonly most?: number | undefined;
  }): Promise<number>;
  setTraceTag(id: string, key: string, value: string): Promise<void>;
  deleteTraceTag(id: string, key: string): Promise<void>;
  /** Gives the id and the times. */
  createAssessment(assessment: Omit<Assessment, 'id' | 'createdAt' | 'updatedAt' | 'valid'>): Promise<Assessment>;
  getAssessment(traceId: string, id: string): Promise<Assessment>;
  /** Metadata is joined; source and span never change. Throws MW-INVALID for a value of the other kind. */
  updateAssessment(traceId: string, id: string, change: AssessmentChange): Promise<Assessment>;
  /** None is no error. */
  deleteAssessment(traceId: string, id: string): Promise<void>;
  linkTracesToRun(ids: readonly string[], runId: string): Promise<void>;
  linkPrompts(traceId: string, prompts: readonly { readonly name: string; readonly version: string }[]): Promise<void>;
  correlateTraces(
    experimentIds: readonly string[],
    first: string,
    second: string,
    base?: string,
  ): Promise<TraceCorrelation>;
}

const SPAN_FILE = 'traces.json';
const SPAN_FILE_LIMIT = 64 * 1024 * 1024;
const MAX_LINKS = 100;
const MAX_IDS = 1000;

export function createTraces(store: TrackingStore, blobs: ArtifactStore, clock: Clock, ids: Ids): Traces {
  async function getTrace(id: string): Promise<TraceInfo> {
    const found = await store.getTrace(id);
    if (found !== undefined) return found;
    throw traceNotFound(id);
  }

  async function checkExperiment(id: string): Promise<void> {
    checkExperimentId(id);
    const experiment = await store.getExperiment(id);
    if (experiment === undefined) throw experimentNotFound(id);
    if (experiment.lifecycle === 'deleted') throw experimentNotActive(id);
  }

  const parsed = ({ experimentIds, filter }: TraceQuery) => {
    for (const id of experimentIds) checkExperimentId(id);
    return { experimentIds, filter: parseTraceFilter(filter) };
  };

  async function getAssessment(traceId: string, id: string): Promise<Assessment> {
    const found = (await getTrace(traceId)).assessments.find((one) => one.id === id);
    if (found === undefined) throw assessmentNotFound(traceId, id);
    return found;
  }

  return {
    async startTrace(given) {
      // Without an id of the client's its place tells a repeat: the same description twice has the same assessments.
      const assessments = given.assessments.map((one, i) =>
        one.id === '' ? { ...one, id: `a-${given.id}-${i}` } : one,
      );
      const trace = storableTrace({ ...given, assessments });
      await checkExperiment(trace.experimentId);
      return store.putTrace(trace);
    },
    async logSpans(batches) {
      for (const id of new Set(batches.map((batch) => batch.experimentId))) await checkExperiment(id);
      for (const batch of batches) checkTraceId(batch.traceId);
      await store.logSpans(
        batches
          .filter((batch) => batch.spans.length > 0)
          .map((batch) => ({ ...batch, resource: traceEntries(batch.resource, 'resource') })),
      );
    },
    getTrace,
    getTraces(wanted) {
      if (wanted.length > MAX_IDS) {
        throw new MillwrightError('MW-INVALID', `at most ${MAX_IDS} trace ids at once`, { where: 'trace_ids' });
      }
      return store.getTraces([...new Set(wanted)]);
    },
    async traceSpans(trace) {
      if (trace.spanCount > 0) return store.traceSpans(trace.id);
      const row = await store.getArtifact({ kind: 'trace', id: trace.id }, SPAN_FILE);
      if (row === undefined || row.bytes > SPAN_FILE_LIMIT) return [];
      const chunks: Uint8Array[] = [];
      for await (const chunk of await blobs.get(row.digest)) chunks.push(chunk);
      return parseSpanFile(Buffer.concat(chunks).toString('utf8')).toSorted(bySpanStart);
    },
    searchTraces(query, maxResults, pageToken) {
      const selection = { ...parsed(query), order: parseTraceOrder(query.orderBy) };
      return page(pageSize(maxResults, 100, 500), pageToken, (slice) => store.searchTraces({ ...selection, ...slice }));
    },
    async findTraces(query, slice) {
      const selection = parsed(query);
      const order = parseTraceOrder(query.orderBy);
      const [traces, total] = await Promise.all([
        store.searchTraces({ ...selection, order, ...slice }),
        store.countTraces(selection),
      ]);
      return { traces, total };
    },
    async deleteTraces({ experimentId, ids: wanted, until, most }) {
      checkExperimentId(experimentId);
      const byId = wanted !== undefined && wanted.length > 0;
      if (byId === (until !== undefined)) {
        throw new MillwrightError('MW-INVALID', 'Either `max_timestamp_millis` or `trace_ids` must be specified.', {
          where: byId ? 'max_timestamp_millis' : 'request_ids',
        });
      }
      if (byId && most !== undefined) {
        throw new MillwrightError('MW-INVALID', "`max_traces` can't be specified if `trace_ids` is specified.", {
          where: 'max_traces',
        });
      }
      if (most !== undefined && (!Number.isSafeInteger(most) || most <= 0)) {
        throw new MillwrightError('MW-INVALID', `\`max_traces\` must be a positive integer, received ${most}.`, {
          where: 'max_traces',
        });
      }
      const deletion: TraceDeletion = byId
        ? { experimentId, ids: wanted }
        : { experimentId, until: until ?? 0, ...(most === undefined ? {} : { most }) };
      return store.deleteTraces(deletion);
    },
    setTraceTag(id, key, value) {
      checkTraceTag(key);
      return store.setTraceTag(id, key, cutValue(value));
    },
    async deleteTraceTag(id, key) {
      checkTraceTag(key);
      if (await store.deleteTraceTag(id, key)) return;
      throw new MillwrightError('MW-NOT-FOUND', `No trace tag with key '${key}' for trace with ID '${id}'`, {
        where: 'key',
      });
    },
    async createAssessment(given) {
      const now = clock.now();
      const assessment = storableAssessment({
        ...given,
        id: `a-${ids.hex(32)}`,
        createdAt: now,
        updatedAt: now,
        valid: true,
      });
      await store.putAssessment(assessment);
      return assessment;
    },
    getAssessment,
    async updateAssessment(traceId, id, { kind, ...change }) {
      const before = await getAssessment(traceId, id);
      if (kind !== undefined && kind !== before.kind) {
        const words = { feedback: 'a Feedback', expectation: 'an Expectation', issue: 'an Issue' };
        throw new MillwrightError('MW-INVALID', `Cannot update ${kind} value on ${words[before.kind]} assessment.`, {
          where: 'assessment',
        });
      }
      const { error: oldError, overrides: _done, ...rest } = before;
      const error = change.value === undefined ? oldError : change.error;
      const after = storableAssessment({
        ...rest,
        ...(change.name === undefined ? {} : { name: change.name }),
        ...(change.value === undefined ? {} : { value: change.value }),
        ...(error === undefined ? {} : { error }),
        ...(change.rationale === undefined ? {} : { rationale: change.rationale }),
        ...(change.valid === undefined ? {} : { valid: change.valid }),
        ...(before.overrides === undefined ? {} : { overrides: before.overrides }),
        metadata: { ...before.metadata, ...change.metadata },
        updatedAt: clock.now(),
      });
      await store.putAssessment(after);
      return after;
    },
    async deleteAssessment(traceId, id) {
      await store.deleteAssessment(traceId, id);
    },
    async linkTracesToRun(traceIds, runId) {
      checkRunId(runId);
      if (traceIds.length > MAX_LINKS) {
        throw new MillwrightError(
          'MW-INVALID',
          `Cannot link more than ${MAX_LINKS} traces to a run in a single request. Provided ${traceIds.length} traces.`,
          { where: 'trace_ids' },
        );
      }
      if ((await store.getRunInfo(runId)) === undefined) {
        throw new MillwrightError('MW-NOT-FOUND', `Run with id=${runId} not found`, { where: 'run_id' });
      }
      await store.linkTraces(traceIds, 'run', runId);
    },
    async linkPrompts(traceId, prompts) {
      await getTrace(traceId);
      if (prompts.length > MAX_LINKS) {
        throw new MillwrightError('MW-INVALID', `at most ${MAX_LINKS} prompts at once`, { where: 'prompt_versions' });
      }
      for (const { name, version } of prompts) {
        const to = `${name}/${version}`;
        if (to.length > 250) throw new MillwrightError('MW-INVALID', 'the prompt name is too long', { where: 'name' });
        await store.linkTraces([traceId], 'prompt', to);
      }
    },
    async correlateTraces(experimentIds, first, second, base) {
      const count = (...filters: readonly (string | undefined)[]): Promise<number> => {
        const filter = filters.filter((one) => one !== undefined && one.trim() !== '').join(' AND ');
        return store.countTraces(parsed({ experimentIds, filter }));
      };
      const [total, one, two, joint] = await Promise.all([
        count(base),
        count(base, first),
        count(base, second),
        count(base, first, second),
      ]);
      return correlationOf({ total, one, two, joint });
    },
  };
}
