/** Traces as their clients describe them. Spans come as the artifact `traces.json` of the trace, since we announce no OTLP. */
import { MillwrightError } from '../../domain/errors.ts';
import { experimentNotFound, traceLocation } from '../../domain/tracking.ts';
import type { Entry, TraceRecord } from '../../domain/tracking.ts';
import type { TrackingStore } from '../../ports/tracking-store.ts';
import { checkExperimentId, checkTag, invalidValue } from './entry-rules.ts';
import { page, pageSize } from './paging.ts';
import type { Page } from './paging.ts';

export interface Traces {
  /** Stores the client's description and adds the tag that says where its spans belong. Throws MW-INVALID, MW-NOT-FOUND. */
  startTrace(trace: TraceRecord): Promise<TraceRecord>;
  /** Throws MW-NOT-FOUND. */
  getTrace(id: string): Promise<TraceRecord>;
  setTraceTag(id: string, tag: Entry): Promise<void>;
  deleteTraceTag(id: string, key: string): Promise<void>;
  /** Newest first. Default 100 a page, at most 500. */
  searchTraces(experimentIds: readonly string[], maxResults?: number, pageToken?: string): Promise<Page<TraceRecord>>;
}

const TRACE_ID = /^[\w-]{1,100}$/;
const LOCATION_TAG = 'mlflow.artifactLocation';

function tagsOf(trace: TraceRecord): Record<string, unknown> {
  const { tags } = trace.info;
  return typeof tags === 'object' && tags !== null && !Array.isArray(tags) ? { ...tags } : {};
}

export function createTraces(store: TrackingStore): Traces {
  async function getTrace(id: string): Promise<TraceRecord> {
    const found = await store.getTrace(id);
    if (found !== undefined) return found;
    throw new MillwrightError('MW-NOT-FOUND', `Trace with ID '${id}' not found.`, { where: 'trace_id' });
  }
  return {
    async startTrace(trace) {
      if (!TRACE_ID.test(trace.id)) throw invalidValue('trace_id', trace.id);
      checkExperimentId(trace.experimentId);
      if ((await store.getExperiment(trace.experimentId)) === undefined) throw experimentNotFound(trace.experimentId);
      const tags = { ...tagsOf(trace), [LOCATION_TAG]: traceLocation(trace.experimentId, trace.id) };
      const stored = { ...trace, info: { ...trace.info, tags } };
      await store.putTrace(stored);
      return stored;
    },
    getTrace,
    async setTraceTag(id, tag) {
      const { key, value } = checkTag(tag);
      const trace = await getTrace(id);
      await store.putTrace({ ...trace, info: { ...trace.info, tags: { ...tagsOf(trace), [key]: value } } });
    },
    async deleteTraceTag(id, key) {
      const trace = await getTrace(id);
      const { [key]: gone, ...tags } = tagsOf(trace);
      if (gone === undefined) {
        throw new MillwrightError('MW-NOT-FOUND', `No trace tag with key '${key}' for trace with ID '${id}'`, {
          where: 'key',
        });
      }
      await store.putTrace({ ...trace, info: { ...trace.info, tags } });
    },
    searchTraces(experimentIds, maxResults, pageToken) {
      for (const id of experimentIds) checkExperimentId(id);
      return page(pageSize(maxResults, 100, 500), pageToken, (slice) => store.searchTraces(experimentIds, slice));
    },
  };
}
