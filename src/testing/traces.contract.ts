/** The part of the tracking store's contract about traces, their spans and assessments. */
import { beforeEach, describe, expect, it } from 'vitest';
import { parseTraceFilter, parseTraceOrder } from '../domain/trace-filter.ts';
import type { Assessment, Span, SpanBatch, TraceInfo } from '../domain/traces.ts';
import type { TrackingStore } from '../ports/tracking-store.ts';

interface Opened {
  readonly store: TrackingStore;
  readonly experimentId: string;
}

const OTEL = '0123456789abcdef0123456789abcdef';
const SECOND = 1_000_000_000n;

/** `opened` gives the store of the running test. */
export function traceCases(opened: () => Opened): void {
  let store: TrackingStore;
  let experimentId: string;
  beforeEach(() => {
    ({ store, experimentId } = opened());
  });

  const trace = (id: string, requestTime: number, more: Partial<TraceInfo> = {}): TraceInfo => ({
    id,
    experimentId,
    requestTime,
    state: 'OK',
    metadata: {},
    tags: {},
    assessments: [],
    spanCount: 0,
    ...more,
  });
  const span = (id: number, more: Partial<Span> = {}): Span => ({
    traceId: OTEL,
    id: id.toString(16).padStart(16, '0'),
    name: `span ${id}`,
    kind: 1,
    startNs: String(1000n * SECOND + BigInt(id)),
    endNs: String(1002n * SECOND),
    status: 'OK',
    statusMessage: '',
    attributes: {},
    exact: [],
    events: [],
    links: [],
    ...more,
  });
  const batch = (spans: readonly Span[], more: Partial<SpanBatch> = {}): SpanBatch => ({
    traceId: 'tr-1',
    experimentId,
    resource: {},
    spans,
    ...more,
  });
  const judged = (
    id: string,
    name: string,
    value: Assessment['value'],
    more: Partial<Assessment> = {},
  ): Assessment => ({
    id,
    traceId: 'tr-1',
    name,
    kind: 'feedback',
    value,
    source: { type: 'HUMAN', id: 'ada' },
    metadata: {},
    createdAt: 5,
    updatedAt: 5,
    valid: true,
    ...more,
  });
  const find = async (filter: string, order: readonly string[] = [], slice = { limit: 100, offset: 0 }) => {
    const selection = { experimentIds: [experimentId], filter: parseTraceFilter(filter) };
    const found = await store.searchTraces({ ...selection, order: parseTraceOrder(order), ...slice });
    if (slice.limit === 100) expect(await store.countTraces(selection)).toBe(found.length);
    return found.map((one) => one.id);
  };

  describe('traces', () => {
    it('joins what a client says with what it said before', async () => {
      await store.putTrace(trace('tr-1', 5, { state: 'IN_PROGRESS', tags: { a: '1' }, requestPreview: 'in' }));
      const after = await store.putTrace(
        trace('tr-1', 5, { durationMs: 7, tags: { b: '2', 'mlflow.traceName': 'chat' }, metadata: { m: 'x' } }),
      );
      expect(after).toMatchObject({
        state: 'OK',
        durationMs: 7,
        requestPreview: 'in',
        name: 'chat',
        tags: { a: '1', b: '2', 'mlflow.artifactLocation': `mlflow-artifacts:/${experimentId}/traces/tr-1/artifacts` },
        metadata: { m: 'x' },
      });
      expect(await store.getTrace('tr-1')).toEqual(after);
      expect(await store.getTrace('tr-3')).toBeUndefined();
      await store.putTrace(trace('tr-2', 9));
      expect((await store.getTraces(['tr-2', 'tr-9', 'tr-1'])).map((one) => one.id)).toEqual(['tr-2', 'tr-1']);
    });

    it('makes a trace of spans, in any order and again on a retry', async () => {
      const root = span(1, {
        attributes: { 'mlflow.spanInputs': { q: '한글' }, 'mlflow.spanOutputs': 'answer' },
        events: [{ name: 'e', timeNs: '7', attributes: { x: 1 } }],
        links: [{ traceId: OTEL, spanId: '00000000000000ff', attributes: {} }],
        exact: [{ path: ['n'], type: 'double' }],
      });
      const child = span(2, { parentId: root.id, status: 'ERROR', statusMessage: 'boom' });
      await store.logSpans([batch([child], { resource: { 'service.name': 'shop' } })]);
      expect(await store.getTrace('tr-1')).toMatchObject({ state: 'IN_PROGRESS', spanCount: 1 });
      await store.logSpans([batch([root])]);
      await store.logSpans([batch([root, child])]);
      expect(await store.getTrace('tr-1')).toMatchObject({
        state: 'OK',
        requestTime: 1_000_000,
        durationMs: 2000,
        spanCount: 2,
        name: 'span 1',
        requestPreview: '{"q":"한글"}',
        responsePreview: 'answer',
        tags: { 'service.name': 'shop', 'mlflow.trace.spansLocation': 'TRACKING_STORE' },
      });
      expect(await store.traceSpans('tr-1')).toEqual([root, child]);
      expect(await store.traceSpans('tr-2')).toEqual([]);
    });

    it('lets the description and the spans come in either order', async () => {
      const info = trace('tr-1', 999_000, { durationMs: 4000, state: 'ERROR', tags: { 'mlflow.traceName': 'named' } });
      await store.logSpans([batch([span(1)])]);
      await store.putTrace(info);
      const one = await store.getTrace('tr-1');
      await store.deleteTraces({ experimentId, ids: ['tr-1'] });
      await store.putTrace(info);
      await store.logSpans([batch([span(1)])]);
      expect(await store.getTrace('tr-1')).toEqual(one);
      expect(one).toMatchObject({
        requestTime: 999_000,
        durationMs: 4000,
        state: 'ERROR',
        name: 'named',
        spanCount: 1,
      });
    });

    it('adds up tokens over the topmost spans that say them, over several requests', async () => {
      const usage = (input: number) => ({ 'mlflow.chat.tokenUsage': { input_tokens: input, total_tokens: input + 1 } });
      const a = span(1);
      const b = span(2, { parentId: a.id, attributes: usage(10) });
      const c = span(3, { parentId: b.id, attributes: usage(4) });
      const d = span(4, { parentId: a.id, attributes: { 'gen_ai.usage.input_tokens': 5 } });
      await store.logSpans([batch([c])]);
      await store.logSpans([batch([b, d])]);
      await store.logSpans([batch([a])]);
      const metadata = (await store.getTrace('tr-1'))?.metadata ?? {};
      expect(JSON.parse(metadata['mlflow.trace.tokenUsage'] ?? '')).toEqual({
        input_tokens: 15,
        output_tokens: 0,
        total_tokens: 16,
      });
    });

    it('keeps all of several traces in one call, also large ones', async () => {
      const many = Array.from({ length: 700 }, (_, i) => span(i + 1, i === 0 ? {} : { parentId: span(1).id }));
      await store.logSpans([batch(many, { traceId: 'tr-b' }), batch([span(1)], { traceId: 'tr-a' })]);
      expect((await store.getTrace('tr-b'))?.spanCount).toBe(700);
      expect(await store.traceSpans('tr-b')).toHaveLength(700);
      expect(await find('', ['name', 'trace_id DESC'])).toEqual(['tr-b', 'tr-a']);
    });

    it('loses nothing when many write one trace at once', async () => {
      await Promise.all(
        Array.from({ length: 12 }, (_, i) =>
          i === 6
            ? store.putTrace(trace('tr-1', 5, { tags: { given: 'yes' } })).then(() => undefined)
            : store.logSpans([batch([span(i + 1)], { resource: { [`r${i}`]: 'x' } })]),
        ),
      );
      const info = await store.getTrace('tr-1');
      expect(info?.spanCount).toBe(11);
      expect(Object.keys(info?.tags ?? {}).filter((key) => /^r\d/.test(key))).toHaveLength(11);
      expect(info?.tags['given']).toBe('yes');
    });
  });

  describe('search of traces', () => {
    beforeEach(async () => {
      await store.putTrace(
        trace('tr-1', 10, {
          durationMs: 30,
          state: 'ERROR',
          tags: { 'mlflow.traceName': 'Chat', team: 'air' },
          metadata: { 'mlflow.sourceRun': 'run-1', 'mlflow.trace.session': 's1' },
        }),
      );
      await store.putTrace(trace('tr-2', 20, { durationMs: 10, tags: { 'mlflow.traceName': 'embed' } }));
      await store.putTrace(trace('tr-3', 30, { state: 'IN_PROGRESS' }));
    });

    it('is newest first and orders as asked, missing values last', async () => {
      expect(await find('')).toEqual(['tr-3', 'tr-2', 'tr-1']);
      expect(await find('', ['execution_time_ms ASC'])).toEqual(['tr-2', 'tr-1', 'tr-3']);
      expect(await find('', ['execution_time DESC'])).toEqual(['tr-1', 'tr-2', 'tr-3']);
      expect(await find('', ['name DESC'])).toEqual(['tr-2', 'tr-1', 'tr-3']);
      expect(await find('', ['tags.team ASC'])).toEqual(['tr-1', 'tr-3', 'tr-2']);
      expect(await find('', ['timestamp ASC'], { limit: 1, offset: 1 })).toEqual(['tr-2']);
    });

    it.each([
      ["trace.status = 'ERROR'", ['tr-1']],
      ["status != 'ERROR'", ['tr-3', 'tr-2']],
      ["status IN ('OK', 'IN_PROGRESS')", ['tr-3', 'tr-2']],
      ['timestamp_ms >= 20 AND timestamp < 30', ['tr-2']],
      ['execution_time_ms > 10', ['tr-1']],
      ['end_time_ms = 40', ['tr-1']],
      ["name = 'Chat'", ['tr-1']],
      ["attributes.name LIKE 'c%'", []],
      ["name ILIKE 'c%'", ['tr-1']],
      ["tags.`mlflow.traceName` = 'embed'", ['tr-2']],
      ["tags.team = 'air'", ['tr-1']],
      ["tag.team != 'sea'", ['tr-1']],
      ['tags.team IS NULL', ['tr-3', 'tr-2']],
      ['tags.team IS NOT NULL', ['tr-1']],
      ["metadata.`mlflow.trace.session` = 's1'", ['tr-1']],
      ["request_metadata.`mlflow.sourceRun` = 'run-1'", ['tr-1']],
      ["attributes.run_id = 'run-1'", ['tr-1']],
      ["request_id = 'tr-2'", ['tr-2']],
    ])('answers %s', async (filter, ids) => {
      expect(await find(filter)).toEqual(ids);
    });

    it('finds what a run or a prompt was linked to', async () => {
      await store.linkTraces(['tr-2', 'tr-9'], 'run', 'run-1');
      await store.linkTraces(['tr-2'], 'run', 'run-1');
      await store.linkTraces(['tr-3'], 'prompt', 'ask/2');
      expect(await find("run_id = 'run-1'")).toEqual(['tr-2', 'tr-1']);
      expect(await find("prompt = 'ask/2'")).toEqual(['tr-3']);
    });

    it('looks into spans, and all conditions hold for one span', async () => {
      const llm = { 'mlflow.spanType': 'LLM', model: 'gpt-4', temperature: 0.5, 'a b': true, long: { deep: ['x_y%'] } };
      await store.logSpans([
        batch([
          span(1, { attributes: llm }),
          span(2, { name: 'Retrieve', status: 'ERROR', attributes: { model: 'b' } }),
        ]),
        batch([span(1, { attributes: { model: 'gpt-3', q: '부산 50%' } })], { traceId: 'tr-2' }),
      ]);
      expect(await find("span.type = 'LLM'")).toEqual(['tr-1']);
      expect(await find("span.name ILIKE 'retr%'")).toEqual(['tr-1']);
      expect(await find("span.status = 'ERROR'")).toEqual(['tr-1']);
      expect(await find("span.attributes.model LIKE 'gpt-%'")).toEqual(['tr-2', 'tr-1']);
      expect(await find("span.attributes.model = 'gpt-4' AND span.status = 'ERROR'")).toEqual([]);
      expect(await find("span.attributes.model = 'b' AND span.status = 'ERROR'")).toEqual(['tr-1']);
      expect(await find("span.attributes.temperature = '0.5'")).toEqual(['tr-1']);
      expect(await find('span.attributes."a b" = \'true\'')).toEqual(['tr-1']);
      expect(await find("span.attributes.long LIKE '%x_y%'")).toEqual(['tr-1']);
      expect(await find("span.content LIKE '%부산%'")).toEqual(['tr-2']);
      expect(await find("trace.text ILIKE '%RETRIEVE%'")).toEqual(['tr-1']);
    });

    it('compares what was said of a trace', async () => {
      await store.putAssessment(judged('a-1', 'good', 'yes'));
      await store.putAssessment(judged('a-2', 'score', 0.8, { createdAt: 6 }));
      await store.putAssessment(judged('a-3', 'ok', true, { traceId: 'tr-2' }));
      await store.putAssessment(judged('a-4', 'answer', { city: 'Busan' }, { kind: 'expectation', traceId: 'tr-2' }));
      await store.putAssessment(judged('a-5', 'late', 'issue-7', { kind: 'issue', name: 'issue-7' }));
      expect(await find("feedback.good = 'yes'")).toEqual(['tr-1']);
      expect(await find("feedback.good = 'no'")).toEqual([]);
      expect(await find('feedback.score > 0.5')).toEqual(['tr-1']);
      expect(await find('feedback.score = 0.8')).toEqual(['tr-1']);
      expect(await find('feedback.score < 0.5')).toEqual([]);
      expect(await find("feedback.ok = 'true'")).toEqual(['tr-2']);
      expect(await find("expectation.answer LIKE '%Busan%'")).toEqual(['tr-2']);
      expect(await find('feedback.good IS NULL')).toEqual(['tr-3', 'tr-2']);
      expect(await find('feedback.score IS NOT NULL')).toEqual(['tr-1']);
      expect(await find("issue.id = 'issue-7'")).toEqual(['tr-1']);
    });

    it('makes an overridden assessment invalid until what overrode it goes', async () => {
      await store.putAssessment(judged('a-1', 'good', 'no'));
      await store.putAssessment(judged('a-2', 'good', 'yes', { createdAt: 6, overrides: 'a-1' }));
      expect((await store.getTrace('tr-1'))?.assessments.map((one) => [one.id, one.valid])).toEqual([
        ['a-1', false],
        ['a-2', true],
      ]);
      expect(await find("feedback.good = 'no'")).toEqual([]);
      expect(await store.deleteAssessment('tr-1', 'a-2')).toBe(true);
      expect(await store.deleteAssessment('tr-1', 'a-2')).toBe(false);
      expect(await find("feedback.good = 'no'")).toEqual(['tr-1']);
      const wrong = judged('a-3', 'good', 'x', { overrides: 'a-9' });
      await expect(store.putAssessment(wrong)).rejects.toMatchObject({ code: 'MW-NOT-FOUND' });
      await expect(store.putAssessment({ ...wrong, traceId: 'tr-9' })).rejects.toMatchObject({ code: 'MW-NOT-FOUND' });
      expect((await store.getTrace('tr-1'))?.assessments).toHaveLength(1);
    });

    it('sets and deletes tags', async () => {
      await store.setTraceTag('tr-3', 'team', 'sea');
      await store.setTraceTag('tr-3', 'team', 'land');
      expect(await find("tags.team = 'land'")).toEqual(['tr-3']);
      expect(await store.deleteTraceTag('tr-3', 'team')).toBe(true);
      expect(await store.deleteTraceTag('tr-3', 'team')).toBe(false);
      await expect(store.setTraceTag('tr-9', 'a', 'b')).rejects.toMatchObject({ code: 'MW-NOT-FOUND' });
      await store.setTraceTag('tr-3', 'mlflow.traceName', 'renamed');
      expect(await find("name = 'renamed'")).toEqual(['tr-3']);
    });

    it('deletes by id or the oldest up to a time, with everything of them', async () => {
      await store.logSpans([batch([span(1)])]);
      await store.putAssessment(judged('a-1', 'good', 'yes'));
      await store.putArtifact({ kind: 'trace', id: 'tr-1' }, { path: 'traces.json', digest: 'sha256:1', bytes: 1 });
      expect(await store.deleteTraces({ experimentId: '0', ids: ['tr-1'] })).toBe(0);
      expect(await store.deleteTraces({ experimentId, until: 20, most: 1 })).toBe(1);
      expect(await find('')).toEqual(['tr-3', 'tr-2']);
      expect(await store.traceSpans('tr-1')).toEqual([]);
      expect(await store.listArtifacts({ kind: 'trace', id: 'tr-1' }, '')).toEqual([]);
      await store.putTrace(trace('tr-1', 10));
      expect((await store.getTrace('tr-1'))?.assessments).toEqual([]);
      expect(await store.deleteTraces({ experimentId, ids: ['tr-2', 'tr-2', 'tr-9'] })).toBe(1);
      expect(await store.deleteTraces({ experimentId, until: 10 })).toBe(1);
      expect(await find('')).toEqual(['tr-3']);
    });
  });
}
