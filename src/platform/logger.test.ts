import { describe, expect, it } from 'vitest';
import { createLogger } from './logger.ts';
import type { LogLevel } from './logger.ts';

function capture(level: LogLevel = 'debug') {
  const lines: string[] = [];
  const log = createLogger({ level, destination: { write: (line) => void lines.push(line) } });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? 'null') as Record<string, unknown> };
}

describe('log lines', () => {
  it('never hold a secret, at any depth, by key or as a bearer', () => {
    const { log, lines, last } = capture();
    log.info(
      {
        headers: { Authorization: 'Bearer s3cret', 'x-api-key': 's3cret', accept: 'json' },
        list: [{ password: 's3cret', deep: { session_token: 's3cret' } }],
        note: 'sent Bearer s3cret.x-y to it',
        error: Object.assign(new Error('no: Bearer s3cret'), { token: 's3cret', cause: { cookie: 's3cret' } }),
      },
      'with Basic s3cret=',
    );
    expect(lines.join('')).not.toContain('s3cret');
    expect(last()).toMatchObject({ level: 'info', headers: { Authorization: '[redacted]', accept: 'json' } });
  });

  it('hold no character that steers a terminal or breaks a line', () => {
    const { log, lines } = capture();
    const nasty = 'a\u001b[2Jb\r\nc\u0000\u007f\u009b31m\u2028\u202e\u0085';
    log.warn({ nasty, [nasty]: 1 }, nasty);
    expect(lines).toHaveLength(1);
    // oxlint-disable-next-line no-control-regex
    expect(lines[0]?.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202e]/);
    expect((JSON.parse(lines[0] ?? '') as { msg: string }).msg).toBe(nasty);
  });

  it('survive what JSON does not: circles, bigints, errors, bytes', () => {
    const { log, last } = capture();
    const circle: Record<string, unknown> = { n: 10n, bytes: new Uint8Array(3) };
    circle['self'] = circle;
    log.error({ circle, error: new TypeError('bad') }, 'm');
    expect(last()).toMatchObject({
      circle: { n: '10', bytes: '[3 bytes]' },
      error: { type: 'TypeError', message: 'bad' },
    });
  });

  it('are cut by level, carry bound fields, and are none when silent', () => {
    const { log, lines, last } = capture('warn');
    log.info({}, 'no');
    expect(lines).toHaveLength(0);
    log.child({ part: 'gateway' }).warn({ a: 1 }, 'yes');
    expect(last()).toMatchObject({ part: 'gateway', a: 1, msg: 'yes' });
    const silent = capture('silent');
    silent.log.error({}, 'no');
    expect(silent.lines).toHaveLength(0);
  });

  it('are cut to a bearable length', () => {
    const { log, lines } = capture();
    log.info({ text: 'x'.repeat(1_000_000) }, 'm');
    expect(lines[0]?.length).toBeLessThan(20_000);
  });
});
