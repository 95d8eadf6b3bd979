/** Story 10: the live stream. Whoever comes back with Last-Event-ID gets every event exactly once, in order. */
import { get, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, createScenario, kill9, type Scenario, type ServerProcess, until } from './scenario.ts';

let scenario: Scenario;
let server: ServerProcess;

beforeAll(async () => {
  scenario = await createScenario('stream');
  scenario.write('millwright.yaml', 'project: tiny\npipeline:\n  a: { run: python a.py, in: [], out: [a.txt] }\n');
  scenario.write('a.py', 'open("a.txt", "w").write("1")\n');
  server = await scenario.start();
}, 60_000);
afterAll(() => scenario.end());

interface Reader {
  readonly ids: number[];
  close(): void;
}

function listen(last: number | undefined): Promise<Reader> {
  return new Promise((resolve, reject) => {
    const ids: number[] = [];
    const headers = last === undefined ? {} : { 'last-event-id': String(last) };
    const call = get(`${server.url}/api/v1/stream`, { headers, agent: false }, (response: IncomingMessage) => {
      expect(response.headers['content-type']).toBe('text/event-stream');
      let rest = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        const blocks = (rest + text).split('\n\n');
        rest = blocks.pop() ?? '';
        for (const block of blocks) {
          const id = /^id: (\d+)$/m.exec(block)?.[1];
          if (id === undefined) continue;
          const data: unknown = JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? '');
          expect(data).toMatchObject({ seq: Number(id) });
          ids.push(Number(id));
        }
      });
      response.on('error', () => undefined);
      resolve({ ids, close: () => call.destroy() });
    });
    call.on('error', reject);
  });
}

let made = 0;

/** Alias moves, one event each, made as fast as the server takes them. */
async function makeEvents(count: number): Promise<void> {
  for (let left = count; left > 0; left -= 20) {
    const answers = await Promise.all(
      Array.from({ length: Math.min(20, left) }, () => {
        const alias = `a${made % 40}`;
        const version = String((Math.floor(made / 40) % 2) + 1);
        made += 1;
        return ask(server.url, '/api/2.0/mlflow/registered-models/alias', {
          body: { name: 'streamed', alias, version },
        });
      }),
    );
    for (const { status } of answers) expect(status).toBe(200);
  }
}

const newest = async (): Promise<number> => (await ask(server.url, '/api/v1/events?limit=1')).json.events[0]?.seq ?? 0;

async function allSeqs(): Promise<number[]> {
  const found: number[] = [];
  let before: number | undefined;
  for (;;) {
    const { json } = await ask(
      server.url,
      `/api/v1/events?limit=1000${before === undefined ? '' : `&before=${before}`}`,
    );
    const seqs = json.events.map((event: { seq: number }) => event.seq) as number[];
    if (seqs.length === 0) return found.toReversed();
    found.push(...seqs);
    before = seqs.at(-1);
  }
}

test('a client that is cut again and again misses nothing and sees nothing twice, over a kill -9 too', {
  timeout: 120_000,
}, async () => {
  await ask(server.url, '/api/2.0/mlflow/registered-models/create', { body: { name: 'streamed' } });
  for (const _ of [1, 2])
    expect(
      (
        await ask(server.url, '/api/2.0/mlflow/model-versions/create', {
          body: { name: 'streamed', source: 's3://bucket/model' },
        })
      ).status,
    ).toBe(200);
  const [first] = await allSeqs();
  expect(first).toBeDefined();
  const seen: number[] = [first ?? 0];
  const over = new AbortController();
  const making = makeEvents(600).then(() => over.abort());
  let cuts = 0;
  while (!over.signal.aborted) {
    const reader = await listen(seen.at(-1));
    await new Promise((resolve) => setTimeout(resolve, 60));
    reader.close();
    seen.push(...reader.ids);
    cuts += 1;
  }
  await making;
  await kill9(server.child);
  server = await scenario.start();
  const run = await scenario.mw(['run', '--json']);
  expect(run.code).toBe(0);
  const last = await newest();
  const reader = await listen(seen.at(-1));
  await until('the rest', () => (reader.ids.at(-1) ?? seen.at(-1) ?? 0) >= last);
  reader.close();
  seen.push(...reader.ids);
  const all = await allSeqs();
  expect(cuts).toBeGreaterThan(3);
  expect(all.length).toBeGreaterThan(500);
  expect(seen).toEqual(all.filter((seq) => seq <= (seen.at(-1) ?? 0)));
});

test('a client that was away for more than a thousand events gets them all', { timeout: 120_000 }, async () => {
  const from = (await allSeqs())[0] ?? 0;
  await makeEvents(800);
  const last = await newest();
  const expected = (await allSeqs()).filter((seq) => seq > from && seq <= last);
  expect(expected.length).toBeGreaterThan(1200);
  const reader = await listen(from);
  await until('all of them', () => (reader.ids.at(-1) ?? 0) >= last);
  reader.close();
  expect(reader.ids.filter((seq) => seq <= last)).toEqual(expected);
});

test('a Last-Event-ID of nonsense starts from now; a client that only connects gets what comes', {
  timeout: 40_000,
}, async () => {
  const odd = await fetch(`${server.url}/api/v1/stream`, { headers: { 'last-event-id': 'x; DROP' } });
  expect(odd.status).toBe(200);
  await odd.body?.cancel();
  const reader = await listen(undefined);
  const before = await newest();
  await makeEvents(3);
  await until('new events', () => reader.ids.length >= 3);
  reader.close();
  expect(Math.min(...reader.ids)).toBeGreaterThan(before - 1);
});
