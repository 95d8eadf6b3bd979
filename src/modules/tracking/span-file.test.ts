import { describe, expect, it } from 'vitest';
import { parseSpanFile } from './span-file.ts';

const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');

describe('the spans that older clients keep as an artifact', () => {
  it('are read in the form of today', () => {
    const [root, child] = parseSpanFile(
      JSON.stringify({
        spans: [
          {
            trace_id: base64('a'.repeat(32)),
            span_id: base64('1'.repeat(16)),
            parent_span_id: '',
            name: 'answer',
            start_time_unix_nano: '1795000000000000001',
            end_time_unix_nano: 1795000001000000000,
            status: { code: 'STATUS_CODE_OK', message: '' },
            attributes: { 'mlflow.spanType': '"CHAIN"', 'mlflow.spanInputs': '{"q": [1, 2]}', plain: 'not json' },
            events: [{ name: 'e', time_unix_nano: 5, attributes: { rank: 1 } }],
          },
          {
            trace_id: base64('a'.repeat(32)),
            span_id: base64('2'.repeat(16)),
            parent_span_id: base64('1'.repeat(16)),
            name: 'inner',
            start_time_unix_nano: '1795000000000000002',
            status: { code: 'STATUS_CODE_ERROR', message: 'boom' },
            attributes: {},
          },
        ],
      }),
    );
    expect(root).toMatchObject({
      traceId: 'a'.repeat(32),
      id: '1'.repeat(16),
      startNs: '1795000000000000001',
      status: 'OK',
      attributes: { 'mlflow.spanType': 'CHAIN', 'mlflow.spanInputs': { q: [1, 2] }, plain: 'not json' },
      events: [{ name: 'e', timeNs: '5', attributes: { rank: 1 } }],
    });
    expect(root).not.toHaveProperty('parentId');
    expect(child).toMatchObject({ parentId: '1'.repeat(16), status: 'ERROR', statusMessage: 'boom' });
    expect(child).not.toHaveProperty('endNs');
  });

  it('are read in the form of version 2 clients', () => {
    const spans = parseSpanFile(
      JSON.stringify({
        spans: [
          {
            name: 'predict',
            context: { trace_id: '0xabc', span_id: '0x1' },
            parent_id: null,
            start_time: 1795000000000000000,
            end_time: 1795000001000000000,
            status_code: 'OK',
            status_message: '',
            attributes: { 'mlflow.spanOutputs': '"done"' },
            events: [],
          },
        ],
      }),
    );
    expect(spans).toMatchObject([
      { traceId: 'abc'.padStart(32, '0'), id: '1'.padStart(16, '0'), attributes: { 'mlflow.spanOutputs': 'done' } },
    ]);
  });

  it.each(['', 'not json', '[]', '{"spans": 3}', '{"spans": [{}]}', 'null'])('are none in %j', (text) => {
    expect(parseSpanFile(text)).toEqual([]);
  });
});
