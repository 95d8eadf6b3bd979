/** What a trace, its tags and its assessments may hold. Lengths are MLflow's; what is longer is cut, as it does. */
import { MillwrightError } from '../../domain/errors.ts';
import { storableJson, storableText } from '../../domain/traces.ts';
import type { Assessment, TraceInfo } from '../../domain/traces.ts';
import { invalidValue } from './entry-rules.ts';

const TRACE_ID = /^[\w-]{1,100}$/;
const MAX_KEY = 250;
const MAX_VALUE = 8000;
const MAX_PREVIEW = 10_000;
const MAX_ENTRIES = 500;
const MAX_ASSESSMENTS = 500;
const MAX_ASSESSMENT_JSON = 200_000;
/** Only the server knows these. */
const RESERVED = new Set(['mlflow.artifactLocation', 'mlflow.trace.spansLocation']);

export function checkTraceId(id: string): void {
  if (!TRACE_ID.test(id)) throw invalidValue('trace_id', id);
}

export function checkTraceTag(key: string): void {
  if (key === '' || key.length > MAX_KEY) {
    throw new MillwrightError('MW-INVALID', `a trace tag's key has 1 to ${MAX_KEY} characters`, { where: 'key' });
  }
  if (RESERVED.has(key)) {
    throw new MillwrightError('MW-INVALID', `Tag '${key}' is reserved and cannot be set or deleted.`, { where: 'key' });
  }
}

/** Never in the middle of a surrogate pair. */
function cutText(given: string, limit: number): string {
  const text = storableText(given);
  if (text.length <= limit) return text;
  const last = text.charCodeAt(limit - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? limit - 1 : limit);
}

export const cutValue = (value: string): string => cutText(value, MAX_VALUE);

/** Entries with keys and values of a length that may be stored. Throws MW-INVALID when there are too many. */
export function traceEntries(entries: Readonly<Record<string, string>>, where: string): Record<string, string> {
  const given = Object.entries(entries);
  if (given.length > MAX_ENTRIES) {
    throw new MillwrightError('MW-INVALID', `${where} holds ${given.length} entries, the most is ${MAX_ENTRIES}`, {
      where,
    });
  }
  return Object.fromEntries(given.map(([key, value]) => [cutText(key, MAX_KEY), cutValue(value)]));
}

/** The assessment as it may be stored. Throws MW-INVALID. */
export function storableAssessment(assessment: Assessment): Assessment {
  const { name, source } = assessment;
  if (name === '' || name.length > MAX_KEY) throw invalidValue('assessment.assessment_name', name);
  if (!/^[\w-]{1,100}$/.test(assessment.id)) throw invalidValue('assessment.assessment_id', assessment.id);
  if (source.type.length > 100 || source.id.length > 500) throw invalidValue('assessment.source', source);
  if (JSON.stringify(assessment).length > MAX_ASSESSMENT_JSON) {
    throw new MillwrightError('MW-INVALID', `an assessment holds at most ${MAX_ASSESSMENT_JSON} characters`, {
      where: 'assessment',
    });
  }
  const { rationale } = assessment;
  return {
    ...assessment,
    name: storableText(name),
    value: storableJson(assessment.value),
    source: { type: storableText(source.type), id: storableText(source.id) },
    ...(rationale === undefined ? {} : { rationale: storableText(rationale) }),
    metadata: traceEntries(assessment.metadata, 'assessment.metadata'),
  };
}

/** The description as it may be stored. Throws MW-INVALID. */
export function storableTrace(trace: TraceInfo): TraceInfo {
  checkTraceId(trace.id);
  if (!Number.isSafeInteger(trace.requestTime) || trace.requestTime < 0) {
    throw invalidValue('trace.trace_info.request_time', trace.requestTime);
  }
  if (trace.durationMs !== undefined && (!Number.isSafeInteger(trace.durationMs) || trace.durationMs < 0)) {
    throw invalidValue('trace.trace_info.execution_duration', trace.durationMs);
  }
  if (trace.assessments.length > MAX_ASSESSMENTS) {
    throw new MillwrightError('MW-INVALID', `at most ${MAX_ASSESSMENTS} assessments`, { where: 'assessments' });
  }
  const cut = (text: string | undefined) => (text === undefined ? undefined : cutText(text, MAX_PREVIEW));
  const request = cut(trace.requestPreview);
  const response = cut(trace.responsePreview);
  return {
    ...trace,
    assessments: trace.assessments.map(storableAssessment),
    tags: traceEntries(trace.tags, 'tags'),
    metadata: traceEntries(trace.metadata, 'trace_metadata'),
    ...(request === undefined ? {} : { requestPreview: request }),
    ...(response === undefined ? {} : { responsePreview: response }),
  };
}
