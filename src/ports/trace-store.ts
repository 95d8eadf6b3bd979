/** Traces, their spans and what people and judges said of them. Every method is atomic; what is answered is durable. */
import type { TraceFilter, TraceOrder } from '../domain/trace-filter.ts';
import type { Assessment, Span, SpanBatch, TraceInfo } from '../domain/traces.ts';

export interface TraceSelection {
  readonly experimentIds: readonly string[];
  readonly filter: TraceFilter;
}

export interface TraceSearch extends TraceSelection {
  /** Missing values last in both directions; then request time descending, then id. */
  readonly order: readonly TraceOrder[];
  readonly limit: number;
  readonly offset: number;
}

/** Which traces of one experiment go: those of `ids`, or the oldest that were requested at `until` or before, at most `most`. */
export type TraceDeletion =
  | { readonly experimentId: string; readonly ids: readonly string[] }
  | { readonly experimentId: string; readonly until: number; readonly most?: number };

export interface TraceStore {
  /** Joins the description with what is stored (`mergeInfo`) and gives the result. */
  putTrace(trace: TraceInfo): Promise<TraceInfo>;
  /** Joins spans with what is stored (`mergeSpans`); a span of the same id is replaced; a trace that is not there is made. All or nothing. */
  logSpans(batches: readonly SpanBatch[]): Promise<void>;
  /** With assessments by creation. */
  getTrace(id: string): Promise<TraceInfo | undefined>;
  /** Those that exist, in the order asked. */
  getTraces(ids: readonly string[]): Promise<readonly TraceInfo[]>;
  /** By start time, then id. Empty when the client keeps them as an artifact. */
  traceSpans(id: string): Promise<readonly Span[]>;
  searchTraces(search: TraceSearch): Promise<readonly TraceInfo[]>;
  countTraces(selection: TraceSelection): Promise<number>;
  /** With spans, assessments, tags and the names of artifacts. Returns how many went. */
  deleteTraces(deletion: TraceDeletion): Promise<number>;
  /** Throws MW-NOT-FOUND. */
  setTraceTag(id: string, key: string, value: string): Promise<void>;
  /** False: there was none. Throws MW-NOT-FOUND for the trace. */
  deleteTraceTag(id: string, key: string): Promise<boolean>;
  /** The one it overrides is not valid any more. Throws MW-NOT-FOUND for the trace or the overridden one. */
  putAssessment(assessment: Assessment): Promise<void>;
  /** The one it overrode is valid again. False: there was none. */
  deleteAssessment(traceId: string, id: string): Promise<boolean>;
  /** `to` of a run is its id, of a prompt `name/version`. Idempotent; ids that do not exist are left out. */
  linkTraces(ids: readonly string[], kind: 'run' | 'prompt', to: string): Promise<void>;
}
