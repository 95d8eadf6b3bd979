/**
 * MLflow's search language for traces: comparisons joined by AND over `attributes` (also `trace`), `tags`, `metadata`
 * (`request_metadata`), `span.name|type|status|content`, `span.attributes.<key>`, `feedback.<name>`, `expectation.<name>`, `issue.id`.
 * Conditions on spans must hold for one and the same span.
 */
import { invalid, Reader, readList, readNumber, readOperator, readText } from './tracking-filter.ts';
import { jsonText, SOURCE_RUN, spanType, TRACE_NAME_TAG } from './traces.ts';
import { matchesLike } from './tracking.ts';
import { MillwrightError } from './errors.ts';
import type { Assessment, Span, TraceInfo } from './traces.ts';
import type { FilterOperator } from './tracking.ts';

export type TraceSubject =
  | 'attribute'
  | 'tag'
  | 'metadata'
  | 'span'
  | 'spanAttribute'
  | 'feedback'
  | 'expectation'
  | 'issue'
  | 'run'
  | 'prompt';

export interface TraceComparison {
  readonly of: TraceSubject;
  readonly key: string;
  readonly op: FilterOperator;
  /** A list for IN and NOT IN, undefined for IS (NOT) NULL. */
  readonly value?: string | number | readonly string[];
}

export type TraceFilter = readonly TraceComparison[];

export interface TraceOrder {
  readonly of: 'attribute' | 'tag' | 'metadata';
  readonly key: string;
  readonly ascending: boolean;
}

/** Times are numbers, the rest is text. */
const TRACE_ATTRIBUTES: Readonly<Record<string, 'string' | 'number'>> = {
  trace_id: 'string',
  experiment_id: 'string',
  client_request_id: 'string',
  name: 'string',
  status: 'string',
  run_id: 'string',
  timestamp_ms: 'number',
  execution_time_ms: 'number',
  end_time_ms: 'number',
};

const ALIASES: Readonly<Record<string, string>> = {
  request_id: 'trace_id',
  id: 'trace_id',
  state: 'status',
  timestamp: 'timestamp_ms',
  request_time: 'timestamp_ms',
  execution_time: 'execution_time_ms',
  execution_duration: 'execution_time_ms',
  duration: 'execution_time_ms',
  end_time: 'end_time_ms',
};

const SUBJECTS: Readonly<Record<string, TraceSubject>> = {
  attribute: 'attribute',
  attributes: 'attribute',
  attr: 'attribute',
  trace: 'attribute',
  tag: 'tag',
  tags: 'tag',
  metadata: 'metadata',
  request_metadata: 'metadata',
  span: 'span',
  feedback: 'feedback',
  expectation: 'expectation',
  issue: 'issue',
};

const SPAN_KEYS = ['name', 'type', 'status', 'content'];
const ORDERED: readonly FilterOperator[] = ['<', '<=', '>', '>='];
const TEXT: readonly FilterOperator[] = ['=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN'];
const MAX_COMPARISONS = 64;
const MAX_WILDCARDS = 12;

/** The part after the first dot; a quoted key may follow a dot: tags.`a b`, span.attributes."x y". */
function readSubject(reader: Reader): { of: TraceSubject; key: string } {
  const token = reader.peek();
  if (token.kind !== 'word' && token.kind !== 'quoted') return reader.fail('a field such as trace.status or tags.team');
  reader.next();
  const dot = token.kind === 'word' ? token.text.indexOf('.') : -1;
  let subject: TraceSubject = 'attribute';
  let key = token.text;
  if (dot >= 0) {
    const word = token.text.slice(0, dot).toLowerCase();
    const known = Object.hasOwn(SUBJECTS, word) ? SUBJECTS[word] : undefined;
    if (known === undefined) {
      throw invalid(
        reader.text,
        `Invalid entity type '${token.text.slice(0, dot)}', valid: ${Object.keys(SUBJECTS).join(', ')}`,
      );
    }
    subject = known;
    key = token.text.slice(dot + 1);
    if (key === '' || (key.endsWith('.') && reader.peek().kind === 'quoted')) {
      const quoted = reader.next();
      if (quoted.kind !== 'quoted') throw invalid(reader.text, `a key is missing after "${token.text}"`);
      key += quoted.text;
    }
  }
  if (subject === 'span') return spanSubject(reader, key);
  if (subject === 'issue' && key !== 'id') throw invalid(reader.text, `Invalid issue attribute '${key}', valid: id`);
  if (subject !== 'attribute') {
    if (subject === 'tag' && key === TRACE_NAME_TAG) return { of: 'attribute', key: 'name' };
    if (subject === 'metadata' && key === SOURCE_RUN) return { of: 'run', key: 'run_id' };
    return { of: subject, key };
  }
  const lower = key.toLowerCase();
  if (lower === 'text') return { of: 'span', key: 'content' };
  if (lower === 'prompt') return { of: 'prompt', key: 'prompt' };
  const name = Object.hasOwn(ALIASES, lower) ? (ALIASES[lower] ?? lower) : lower;
  if (!Object.hasOwn(TRACE_ATTRIBUTES, name)) {
    throw invalid(
      reader.text,
      `Invalid attribute key '${key}', valid: ${[...Object.keys(TRACE_ATTRIBUTES), 'text', 'prompt'].join(', ')}`,
    );
  }
  return name === 'run_id' ? { of: 'run', key: 'run_id' } : { of: 'attribute', key: name };
}

function spanSubject(reader: Reader, key: string): { of: TraceSubject; key: string } {
  if (key.startsWith('attributes.') || key.startsWith('attribute.')) {
    const name = key.slice(key.indexOf('.') + 1);
    if (name === '') throw invalid(reader.text, "Span attribute name cannot be empty after 'attributes.'");
    return { of: 'spanAttribute', key: name };
  }
  if (SPAN_KEYS.includes(key)) return { of: 'span', key };
  throw invalid(
    reader.text,
    `Invalid span attribute '${key}'. Supported attributes: ${SPAN_KEYS.join(', ')}, attributes.<attribute_name>.`,
  );
}

function operatorsOf(of: TraceSubject, key: string): readonly FilterOperator[] {
  switch (of) {
    case 'attribute':
      return TRACE_ATTRIBUTES[key] === 'number' ? ['=', '!=', ...ORDERED] : [...TEXT, 'IS NULL', 'IS NOT NULL'];
    case 'span':
      return key === 'content' ? ['LIKE', 'ILIKE'] : TEXT;
    case 'spanAttribute':
      return TEXT;
    case 'feedback':
    case 'expectation':
      return ['=', '!=', ...ORDERED, 'LIKE', 'ILIKE', 'IS NULL', 'IS NOT NULL'];
    case 'issue':
    case 'prompt':
      return ['='];
    default:
      return [...TEXT, 'IS NULL', 'IS NOT NULL'];
  }
}

function readComparison(reader: Reader): TraceComparison {
  const { of, key } = readSubject(reader);
  const seen = reader.peek();
  if (seen.kind === 'word' && seen.text.toUpperCase() === 'RLIKE') {
    throw invalid(
      reader.text,
      'RLIKE is not answered: a regular expression of a client could stall the server; use LIKE',
    );
  }
  const op = readOperator(reader);
  if (!operatorsOf(of, key).includes(op)) throw invalid(reader.text, `Invalid comparator '${op}' for ${of} '${key}'`);
  if (op === 'IS NULL' || op === 'IS NOT NULL') return { of, key, op };
  if (op === 'IN' || op === 'NOT IN') return { of, key, op, value: readList(reader) };
  if (of === 'attribute' && TRACE_ATTRIBUTES[key] === 'number') return { of, key, op, value: readNumber(reader) };
  if (of === 'feedback' || of === 'expectation') {
    if (ORDERED.includes(op)) {
      const quoted = reader.peek();
      return { of, key, op, value: quoted.kind === 'string' ? numberIn(reader) : readNumber(reader) };
    }
    const next = reader.peek();
    if (next.kind === 'word') {
      reader.next();
      return { of, key, op, value: next.text };
    }
  }
  const value = readText(reader);
  if ((op === 'LIKE' || op === 'ILIKE') && value.split('%').length - 1 > MAX_WILDCARDS) {
    throw invalid(reader.text, `more than ${MAX_WILDCARDS} % in one pattern`);
  }
  if (of === 'prompt' && value.split('/').length !== 2) {
    throw invalid(reader.text, `Invalid prompts filter value '${value}'. Expected format: prompt = "name/version"`);
  }
  return { of, key, op, value };
}

function numberIn(reader: Reader): number {
  const text = readText(reader);
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value))
    throw invalid(reader.text, `expected a numeric value, found '${text}'`);
  return value;
}

/** The shared reader's advice is about runs. */
function advised<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof MillwrightError)) throw error;
    throw new MillwrightError(error.code, error.message, {
      where: error.where ?? 'filter',
      next: "write for example: trace.status = 'ERROR' AND span.type = 'LLM'",
    });
  }
}

/** Parses a filter; the empty text is the empty filter. Throws MW-INVALID with the column. */
export function parseTraceFilter(text: string | undefined): TraceFilter {
  return text === undefined || text.trim() === '' ? [] : advised(() => readFilter(text));
}

function readFilter(text: string): TraceFilter {
  const reader = new Reader(text);
  const comparisons = [readComparison(reader)];
  while (reader.peek().kind !== 'end') {
    if (!reader.word('AND')) reader.fail('AND (the only way to join comparisons)');
    comparisons.push(readComparison(reader));
    if (comparisons.length > MAX_COMPARISONS) throw invalid(text, `more than ${MAX_COMPARISONS} comparisons`);
  }
  return comparisons;
}

/** Parses order_by entries. Throws MW-INVALID, also for a key named twice. */
export function parseTraceOrder(texts: readonly string[] | undefined): readonly TraceOrder[] {
  const keys = advised(() => (texts ?? []).map(readOrder));
  if (new Set(keys.map((key) => `${key.of}.${key.key}`)).size !== keys.length) {
    throw new MillwrightError('MW-INVALID', '`order_by` contains duplicate fields', { where: 'order_by' });
  }
  return keys;
}

function readOrder(text: string): TraceOrder {
  const reader = new Reader(text);
  const { of, key } = readSubject(reader);
  const descending = reader.word('DESC');
  if (!descending) reader.word('ASC');
  if (reader.peek().kind !== 'end') reader.fail('ASC or DESC');
  if (of === 'run') return { of: 'attribute', key: 'run_id', ascending: !descending };
  if (of !== 'attribute' && of !== 'tag' && of !== 'metadata') {
    throw invalid(text, `Invalid order_by entity \`${of}\` with key \`${key}\``);
  }
  return { of, key, ascending: !descending };
}

function holds({ op, value }: TraceComparison, found: string | number | undefined): boolean {
  if (op === 'IS NULL') return found === undefined;
  if (op === 'IS NOT NULL') return found !== undefined;
  if (found === undefined || value === undefined) return false;
  if (typeof value === 'number') {
    const x = Number(found);
    switch (op) {
      case '<':
        return x < value;
      case '<=':
        return x <= value;
      case '>':
        return x > value;
      case '>=':
        return x >= value;
      default:
        return (x === value) === (op === '=');
    }
  }
  const text = String(found);
  if (typeof value !== 'string') return value.includes(text) === (op === 'IN');
  if (op === '=' || op === '!=') return (text === value) === (op === '=');
  return matchesLike(text, value, op === 'ILIKE');
}

export function traceAttribute(info: TraceInfo, key: string): string | number | undefined {
  switch (key) {
    case 'trace_id':
      return info.id;
    case 'experiment_id':
      return info.experimentId;
    case 'client_request_id':
      return info.clientRequestId;
    case 'name':
      return info.name;
    case 'status':
      return info.state;
    case 'run_id':
      return info.metadata[SOURCE_RUN];
    case 'timestamp_ms':
      return info.requestTime;
    case 'execution_time_ms':
      return info.durationMs;
    default:
      return info.requestTime + (info.durationMs ?? 0);
  }
}

/** The text that `span.content` and `text` look into. */
const spanContent = (span: Span): string => JSON.stringify(span);

function spanHolds(comparison: TraceComparison, span: Span): boolean {
  if (comparison.of === 'spanAttribute') {
    const value = span.attributes[comparison.key];
    return holds(comparison, value === undefined || value === null ? undefined : jsonText(value));
  }
  switch (comparison.key) {
    case 'name':
      return holds(comparison, span.name);
    case 'type':
      return holds(comparison, spanType(span));
    case 'status':
      return holds(comparison, span.status);
    default:
      return holds(comparison, spanContent(span));
  }
}

/** The number of an assessment, by which it can be compared with < and >; undefined when it is none. */
export const assessedNumber = (one: Pick<Assessment, 'value'>): number | undefined =>
  typeof one.value === 'number' && Number.isFinite(one.value) ? one.value : undefined;

function assessmentHolds(comparison: TraceComparison, assessments: readonly Assessment[]): boolean {
  const { of, key, op } = comparison;
  const mine = assessments.filter((one) => one.valid && one.kind === of && one.name === key);
  if (op === 'IS NULL') return mine.length === 0;
  if (op === 'IS NOT NULL') return mine.length > 0;
  return mine.some((one) =>
    holds(comparison, typeof comparison.value === 'number' ? assessedNumber(one) : jsonText(one.value)),
  );
}

export interface SearchedTrace {
  readonly info: TraceInfo;
  readonly spans: readonly Span[];
  /** Runs and prompts (`name/version`) it was linked to. */
  readonly runs: ReadonlySet<string>;
  readonly prompts: ReadonlySet<string>;
}

/** Evaluates a filter in memory; the rule for the SQL of every engine. */
export function matchesTrace(filter: TraceFilter, { info, spans, runs, prompts }: SearchedTrace): boolean {
  const ofSpan = filter.filter((one) => one.of === 'span' || one.of === 'spanAttribute');
  if (ofSpan.length > 0 && !spans.some((span) => ofSpan.every((one) => spanHolds(one, span)))) return false;
  return filter.every((one) => {
    switch (one.of) {
      case 'attribute':
        return holds(one, traceAttribute(info, one.key));
      case 'tag':
        return holds(one, info.tags[one.key]);
      case 'metadata':
        return holds(one, info.metadata[one.key]);
      case 'run':
        return (
          holds(one, info.metadata[SOURCE_RUN]) ||
          (one.op === '=' && typeof one.value === 'string' && runs.has(one.value))
        );
      case 'prompt':
        return typeof one.value === 'string' && prompts.has(one.value);
      case 'issue':
        return info.assessments.some((each) => each.kind === 'issue' && each.name === one.value);
      case 'feedback':
      case 'expectation':
        return assessmentHolds(one, info.assessments);
      default:
        return true;
    }
  });
}
