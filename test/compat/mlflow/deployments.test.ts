/**
 * MLflow's own scoring server and ours get the same requests and must agree: the same class of status, the same predictions. And MLflow's
 * own clients, unmodified, against ours.
 */
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LINEAR, openDoors, PEOPLE } from '../../fixtures/doors.ts';
import type { Doors } from '../../fixtures/doors.ts';
import { freePort } from '../../free-port.ts';
import { pythonWithMlflow } from './python-client.ts';

const run = promisify(execFile);
const SCRIPT = fileURLToPath(new URL('deployments.py', import.meta.url));
const found = await pythonWithMlflow();
const python = 'python' in found ? found.python : '';
if ('missing' in found)
  console.log(`NOT RUN: MLflow's scoring server beside ours; ${found.missing}; install it: pip install mlflow`);

const ROW = { name: 'ada', age: 36, rooms: 3, height: 1.5, weight: 60.5, smoker: false };
const SEVERAL = [ROW, { ...ROW, name: 'grace', age: 20, height: 2 }];
const columns = (rows: readonly Record<string, unknown>[]): Record<string, unknown[]> =>
  Object.fromEntries(Object.keys(rows[0] ?? {}).map((name) => [name, rows.map((row) => row[name])]));
const split = (rows: readonly Record<string, unknown>[]) => ({
  columns: Object.keys(rows[0] ?? {}),
  data: rows.map((row) => Object.values(row)),
});
const { weight: _weight, ...LIGHT } = ROW;
const JSON_TYPE = 'application/json';

type Case = readonly [name: string, body: unknown, type?: string];

/** Both must give the same class of answer, and the same predictions. */
const PEOPLE_CASES: readonly Case[] = [
  ['split', { dataframe_split: split(SEVERAL) }],
  ['split with an index', { dataframe_split: { ...split(SEVERAL), index: [7, 8] } }],
  [
    'split in another order, more columns',
    {
      dataframe_split: split(SEVERAL.map((row) => Object.fromEntries([['x', 1], ...Object.entries(row).toReversed()]))),
    },
  ],
  ['records', { dataframe_records: SEVERAL }],
  ['instances', { instances: SEVERAL }],
  ['inputs by column', { inputs: columns(SEVERAL) }],
  ['a missing float', { dataframe_records: [{ ...ROW, height: null }, ROW] }],
  ['a key missing in one record', { dataframe_records: [LIGHT, ROW] }],
  ['whole numbers for floats', { dataframe_records: [{ ...ROW, height: 2, weight: 60 }] }],
  ['optional columns', { dataframe_records: [{ ...ROW, seen: '2026-01-31T08:00:00', photo: 'aGk=' }] }],
  ['params', { dataframe_records: SEVERAL, params: { threshold: 10.0 } }],
  ['unknown params', { dataframe_records: SEVERAL, params: { temperature: 1 } }],
  ['csv', `name,age,rooms,height,weight,smoker\n"a, b",36,3,1.5,60.5,True\nb,20,1,,1,False\n`, 'text/csv'],
  ['csv with charset', 'name,age,rooms,height,weight,smoker\na,36,3,1.5,60.5,true\n', 'text/csv; charset=utf-8'],
  // refused
  ['a missing column', { dataframe_records: [LIGHT] }],
  ['a text for a number', { dataframe_records: [{ ...ROW, age: 'x' }] }],
  ['a missing whole number', { dataframe_records: [{ ...ROW, age: null }, ROW] }],
  ['a broken time', { dataframe_records: [{ ...ROW, seen: 'no time at all' }] }],
  ['a text for a float in instances', { instances: [{ ...ROW, height: 'tall' }] }],
  ['columns of different lengths', { inputs: { ...columns(SEVERAL), age: [1] } }],
  ['a wrong parameter', { dataframe_records: SEVERAL, params: { threshold: 'high' } }],
  ['two forms', { dataframe_records: SEVERAL, inputs: columns(SEVERAL) }],
  ['no form', { rows: SEVERAL }],
  ['a list', [ROW]],
  ['no JSON', '{'],
  ['records that are none', { dataframe_records: ROW }],
  ['split with another key', { dataframe_split: { ...split(SEVERAL), rows: 2 } }],
  ['ragged rows', { dataframe_split: { columns: ['name', 'age'], data: [['a', 1, 2]] } }],
  ['csv with text for a number', 'name,age,rooms,height,weight,smoker\na,x,3,1.5,60.5,true\n', 'text/csv'],
  // content types
  ['text/plain', 'a', 'text/plain'],
  ['another charset', { dataframe_records: [ROW] }, 'application/json; charset=latin1'],
  ['a parameter', { dataframe_records: [ROW] }, 'application/json; version=1'],
];

/** MLflow lets pandas guess or cut; we refuse, because the answer would be about other data than were sent. */
const STRICTER: readonly Case[] = [
  ['a fraction for a whole number is cut', { dataframe_records: [{ ...ROW, age: 36.9 }] }],
  ['digits in quotes become a number', { dataframe_records: [{ ...ROW, age: '36' }] }],
  ['a number stands where a text belongs', { dataframe_records: [{ ...ROW, name: 5 }] }],
  ['any text is true', { dataframe_records: [{ ...ROW, smoker: 'no' }] }],
];

const LINEAR_CASES: readonly Case[] = [
  [
    'inputs',
    {
      inputs: [
        [1, 2],
        [3, 4],
      ],
    },
  ],
  ['instances', { instances: [[1, 2]] }],
  [
    'split',
    {
      dataframe_split: {
        columns: ['a', 'b'],
        data: [
          [1, 2],
          [3, 4],
        ],
      },
    },
  ],
  ['another width', { inputs: [[1, 2, 3]] }],
  ['ragged', { inputs: [[1, 2], [3]] }],
  ['one dimension', { inputs: [1, 2] }],
  ['text', { inputs: [['a', 'b']] }],
];

describe.skipIf(python === '')("MLflow's scoring server beside ours", () => {
  let doors: Doors;
  const real: Record<string, string> = {};
  const started: ChildProcess[] = [];

  async function up(url: string): Promise<void> {
    const end = Date.now() + 90_000;
    while (Date.now() < end) {
      if (
        await fetch(`${url}/ping`).then(
          (answer) => answer.ok,
          () => false,
        )
      )
        return;
      await new Promise((resolve) => {
        setTimeout(resolve, 200);
      });
    }
    throw new Error(`${url} did not start`);
  }

  beforeAll(async () => {
    doors = await openDoors({ people: PEOPLE, linear: LINEAR });
    for (const name of ['people', 'linear']) {
      const port = await freePort();
      started.push(spawn(python, [SCRIPT, 'serve', name, String(port)], { stdio: 'ignore' }));
      real[name] = `http://127.0.0.1:${port}`;
    }
    await Promise.all(Object.values(real).map(up));
  }, 120_000);
  afterAll(async () => {
    for (const child of started) child.kill('SIGKILL');
    await doors.end();
  });

  async function ask(
    url: string,
    [, body, type = JSON_TYPE]: Case,
  ): Promise<{ readonly group: number; readonly status: number; readonly predictions: unknown }> {
    const answer = await fetch(url, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { 'content-type': type },
    });
    const text = (await answer.text()).replaceAll('NaN', 'null');
    const parsed: unknown = answer.ok ? JSON.parse(text) : undefined;
    return { group: Math.floor(answer.status / 100), status: answer.status, predictions: parsed };
  }

  for (const [endpoint, cases] of [
    ['people', PEOPLE_CASES],
    ['linear', LINEAR_CASES],
  ] as const) {
    for (const one of cases) {
      test(`${endpoint}: ${one[0]}`, async () => {
        const theirs = await ask(`${real[endpoint]}/invocations`, one);
        const ours = await ask(`${doors.url}/endpoints/${endpoint}/invocations`, one);
        expect([ours.status === 415, ours.group, ours.predictions]).toEqual([
          theirs.status === 415,
          theirs.group,
          theirs.predictions,
        ]);
      });
    }
  }

  for (const one of STRICTER) {
    test(`stricter on purpose: ${one[0]}`, async () => {
      expect((await ask(`${real['people']}/invocations`, one)).status).toBe(200);
      expect((await ask(`${doors.url}/endpoints/people/invocations`, one)).status).toBe(400);
    });
  }

  test('ping, health and version are word for word the same', async () => {
    for (const path of ['/ping', '/health', '/version']) {
      const [theirs, ours] = await Promise.all([fetch(`${real['people']}${path}`), fetch(`${doors.url}${path}`)]);
      expect([path, ours.status, ours.headers.get('content-type'), await ours.text()]).toEqual([
        path,
        theirs.status,
        theirs.headers.get('content-type'),
        await theirs.text(),
      ]);
    }
  });

  test('mlflow.deployments and the scoring client work unmodified', async () => {
    const people = await openDoors({ people: PEOPLE });
    const { stdout } = await run(python, [SCRIPT, 'clients', people.url], { timeout: 60_000 });
    const seen = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
    const endpoint = {
      name: 'people',
      endpoint_type: 'mlflow/v1/invocations',
      model: { name: 'people', provider: 'millwright' },
      endpoint_url: `${people.url}/endpoints/people/invocations`,
      limit: null,
    };
    expect(seen).toEqual({
      listed: [endpoint],
      got: endpoint,
      predicted: {
        predictions: [
          { score: 37.5, label: 'young' },
          { score: 21.5, label: 'young' },
        ],
      },
      refused: expect.stringContaining('takes INT64, but row 0 has a text'),
      version: expect.stringMatching(/^3\./),
      scored: [
        { score: 37.5, label: 'old' },
        { score: 21.5, label: 'young' },
      ],
    });
    await people.end();
  }, 90_000);
});
