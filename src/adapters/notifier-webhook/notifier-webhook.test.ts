import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Notice } from '../../ports/notifier.ts';
import { createWebhookNotifier, webhookSignature } from './index.ts';

interface Seen {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

describe('webhook notifier', () => {
  let server: Server;
  let seen: Seen[];
  /** Status of each call in turn, the last one repeated; `hang` never answers. */
  let answers: (number | 'hang')[];
  let base: string;

  beforeEach(async () => {
    seen = [];
    answers = [200];
    server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8');
      request.on('data', (chunk: string) => {
        body += chunk;
      });
      request.on('end', () => {
        seen.push({ url: request.url ?? '', headers: request.headers, body });
        const answer = answers.length > 1 ? answers.shift() : answers[0];
        if (answer === 'hang') return;
        response.writeHead(answer ?? 200, { location: '/elsewhere' });
        response.end();
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });

  const notice: Notice = {
    key: 'evt_1',
    type: 'alert.fired',
    at: Date.UTC(2026, 0, 2),
    project: 'flights',
    text: 'Observed/expected 1.31 „über"',
    url: 'http://127.0.0.1:5000/alerts/flights-a1',
    data: { alertId: 'flights-a1' },
  };
  const clock = { now: () => 1_700_000_000_999 };
  const make = (more: object = {}) =>
    createWebhookNotifier({
      url: `${base}/hook/token`,
      secret: 'secret',
      allowPrivate: true,
      firstDelayMs: 1,
      clock,
      ...more,
    });

  it('posts JSON once, signed over id, time and body', async () => {
    await make().notify(notice);
    expect(seen).toHaveLength(1);
    const [call] = seen;
    expect(call?.headers['content-type']).toBe('application/json');
    expect(call?.headers['idempotency-key']).toBe('evt_1');
    expect(call?.headers['webhook-id']).toBe('evt_1');
    expect(call?.headers['webhook-timestamp']).toBe('1700000000');
    expect(call?.headers['webhook-signature']).toBe(
      webhookSignature('secret', 'evt_1', 1_700_000_000, call?.body ?? ''),
    );
    expect(JSON.parse(call?.body ?? '')).toEqual({
      type: 'alert.fired',
      timestamp: '2026-01-02T00:00:00.000Z',
      project: 'flights',
      text: notice.text,
      url: notice.url,
      data: notice.data,
    });
  });

  it("signs as the specification's own example", () => {
    const body = '{"test": 2432232314}';
    const signature = webhookSignature(
      'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      'msg_p5jXN8AQM9LWM0D4loKWxJek',
      1614265330,
      body,
    );
    expect(signature).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
    expect(webhookSignature('other', 'msg', 1, body)).not.toBe(webhookSignature('secret', 'msg', 1, body));
  });

  it('tries again with the same key and body after 5xx and 429, and sends no signature without a secret', async () => {
    answers = [503, 429, 204];
    await createWebhookNotifier({ url: base, allowPrivate: true, firstDelayMs: 1 }).notify(notice);
    expect(seen).toHaveLength(3);
    expect(new Set(seen.map((call) => `${call.headers['idempotency-key']} ${call.body}`)).size).toBe(1);
    expect(seen[0]?.headers['webhook-signature']).toBeUndefined();
  });

  it('ends after its tries with the host and not the path, which is often the password', async () => {
    answers = [500];
    const failure = await make({ tries: 3 })
      .notify(notice)
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'MW-UNAVAILABLE' });
    expect(String(failure)).toContain('answered 500');
    expect(JSON.stringify([String(failure), (failure as { where: string }).where])).not.toContain('token');
    expect(seen).toHaveLength(3);
  });

  it('takes a 4xx as a no and follows no redirect', async () => {
    answers = [400];
    await expect(make().notify(notice)).rejects.toMatchObject({ code: 'MW-UNAVAILABLE' });
    answers = [302];
    await expect(make().notify(notice)).rejects.toThrow(/redirects are not followed/);
    expect(seen.map((call) => call.url)).toEqual(['/hook/token', '/hook/token']);
  });

  it('does not wait for a receiver that hangs', async () => {
    answers = ['hang'];
    const start = performance.now();
    await expect(make({ timeoutMs: 100, tries: 2 }).notify(notice)).rejects.toThrow(/no answer in 100 ms/);
    expect(performance.now() - start).toBeLessThan(3000);
    expect(seen).toHaveLength(2);
  });

  it('says when nobody listens, and refuses private addresses unless the operator allows them', async () => {
    await expect(make({ url: 'http://127.0.0.1:1/', tries: 1 }).notify(notice)).rejects.toMatchObject({
      code: 'MW-UNAVAILABLE',
    });
    await expect(make({ allowPrivate: false }).notify(notice)).rejects.toThrow(/private address/);
    expect(seen).toEqual([]);
  });
});
