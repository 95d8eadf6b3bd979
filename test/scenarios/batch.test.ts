/** Whole files through the code that answers calls: the same answers as online, and whoever is killed goes on. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openRowFiles } from '../../src/adapters/analytics-duckdb/index.ts';
import { downloadObject, uploadObject } from '../../src/adapters/artifacts-s3/index.ts';
import { batchModel, compareOnline } from '../../src/app/batch-model.ts';
import { predictBatch } from '../../src/app/predict-batch.ts';
import type { BatchRequest } from '../../src/app/predict-batch.ts';
import { minioProgram, startMinio } from '../object-stores/real-services.ts';
import type { S3Service } from '../object-stores/real-services.ts';
import { fixtureModel, startPlane } from './plane-harness.ts';

const ROWS = 300_000;
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const MODEL = fileURLToPath(new URL('../../src/testing/fixtures/tabular.onnx', import.meta.url));
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mw-batch-test-'));
  const lines = ['id,carrier,distance,wind'];
  for (let row = 0; row < ROWS; row += 1)
    lines.push(`${row},${['AA', 'UA', 'DL'][row % 3]},${100 + (row % 2900)},${row % 97 === 0 ? '' : (row % 400) / 10}`);
  await writeFile(join(folder, 'rows.csv'), `${lines.join('\n')}\n`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function request(part: Partial<BatchRequest> = {}): Promise<BatchRequest> {
  return {
    model: await fixtureModel('tabular.onnx', 'tab-r1', 3),
    inputs: [join(folder, 'rows.csv')],
    out: join(folder, 'scored.parquet'),
    restart: false,
    samples: 50,
    signal: new AbortController().signal,
    progress: () => undefined,
    ...part,
  };
}

async function columnsOf(path: string, names: readonly string[]): Promise<readonly (readonly unknown[])[]> {
  const files = await openRowFiles({ spillFolder: join(folder, 'spill') });
  try {
    const source = await files.open([path]);
    const wanted = names.map((name) => ({ name, as: 'FP64' as const }));
    const found: unknown[][] = names.map(() => []);
    for await (const chunk of source.chunks(0, wanted, 10_000))
      chunk.forEach((data, index) => {
        for (const value of data) found[index]?.push(value);
      });
    return found;
  } finally {
    files.close();
  }
}

describe('mw predict --batch', () => {
  test('every row keeps its place, and the endpoint says the same', { timeout: 60_000 }, async () => {
    const harness = await startPlane({ workers: 1 });
    try {
      const { model } = await request();
      await harness.plane.apply({
        endpoint: 'tab',
        epoch: 1,
        weights: [{ releaseId: 'tab-r1', percent: 100 }],
        models: [model],
      });
      const found = await batchModel(harness.home, 'tab');
      const report = await predictBatch(await request({ model: found.model }));
      expect(report).toMatchObject({ rows: ROWS, resumed: 0 });
      const proof = await compareOnline(harness.home, found, report.samples, undefined);
      expect(proof).toEqual({ rows: report.samples.length, equal: report.samples.length, different: [] });
      expect(report.samples.length).toBeGreaterThanOrEqual(50);
      // The comparison has teeth: an answer that was changed is found.
      const [first] = report.samples;
      const changed = report.samples.map((sample) =>
        sample === first
          ? { ...sample, outputs: sample.outputs.map((one) => ({ ...one, data: Float32Array.of(0.123, 0.877) })) }
          : sample,
      );
      expect((await compareOnline(harness.home, found, changed, undefined))?.different).toEqual([
        (first?.row ?? 0) + 1,
      ]);
    } finally {
      await harness.end();
    }
    const [ids = []] = await columnsOf(join(folder, 'scored.parquet'), ['id']);
    expect(ids.length).toBe(ROWS);
    expect(ids.every((id, row) => id === row)).toBe(true);
  });

  test('killed at any point it goes on, repeats no part, and ends with the same file', {
    timeout: 120_000,
  }, async () => {
    const out = join(folder, 'killed.parquet');
    const args = [
      MAIN,
      'predict',
      MODEL,
      '--batch',
      join(folder, 'rows.csv'),
      '--out',
      out,
      '--home',
      folder,
      '--json',
    ];
    const parts = (): string[] =>
      existsSync(`${out}.progress`) ? readdirSync(`${out}.progress`).filter((name) => name.endsWith('.parquet')) : [];
    const child = spawn(process.execPath, args, { stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    while (parts().length < 1 && child.exitCode === null) await sleep(5);
    child.kill('SIGKILL');
    await ended;
    expect(existsSync(out)).toBe(false);
    const before = parts().length;
    expect(before).toBeGreaterThanOrEqual(1);
    const second = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    second.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    expect(await new Promise((resolve) => second.once('close', resolve))).toBe(0);
    const report = JSON.parse(said) as { rows: number; resumed: number };
    expect(report.rows).toBe(ROWS);
    expect(report.resumed).toBe(Math.min(ROWS, before * 4096 * 32));
    expect(existsSync(`${out}.progress`)).toBe(false);
    const names = ['id', 'label', 'probabilities_1'];
    expect(await columnsOf(out, names)).toEqual(await columnsOf(join(folder, 'scored.parquet'), names));
  });

  test('other rows under the same name are not taken for the old ones', { timeout: 60_000 }, async () => {
    const path = join(folder, 'changing.csv');
    const out = join(folder, 'changing.jsonl');
    await writeFile(path, 'carrier,distance,wind\nAA,100,1\nUA,200,2\n');
    const stop = new AbortController();
    stop.abort();
    await expect(predictBatch(await request({ inputs: [path], out, signal: stop.signal }))).rejects.toMatchObject({
      code: 'MW-CANCELLED',
    });
    await writeFile(path, 'carrier,distance,wind\nAA,100,1\nUA,200,2\nDL,300,3\n');
    expect(await predictBatch(await request({ inputs: [path], out }))).toMatchObject({ rows: 3, resumed: 0 });
    const lines = (await readFile(out, 'utf8')).trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { carrier: string }).carrier)).toEqual(['AA', 'UA', 'DL']);
  });

  test.each([
    ['a column that is missing', 'carrier,distance\nAA,1\n', 'MW-TENSOR', /"wind"/],
    ['a text where a number belongs', 'carrier,distance,wind\nAA,far,1\n', 'MW-DATA-READ', /far/],
    ['no rows', 'carrier,distance,wind\n', 'MW-DATA-READ', /no rows/],
  ])('%s is named, and no output is left', async (_what, text, code, message) => {
    const path = join(folder, 'wrong.csv');
    const out = join(folder, 'wrong.parquet');
    await writeFile(path, text);
    await expect(predictBatch(await request({ inputs: [path], out }))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    expect(existsSync(out)).toBe(false);
  });

  test('a form that is not known is refused before anything is read', async () => {
    await expect(predictBatch(await request({ out: join(folder, 'scored.xlsx') }))).rejects.toMatchObject({
      code: 'MW-USAGE',
      where: '--out',
    });
  });
});

const minio = minioProgram(process.env['PATH'] ?? '');
if (minio === undefined)
  console.log('NOT RUN: batch over S3 (1 test). Install it: go install github.com/minio/minio@latest');

describe.skipIf(minio === undefined)('over S3', () => {
  let service: S3Service | undefined;
  afterAll(() => service?.stop());

  test('an object in, an object out', { timeout: 60_000 }, async () => {
    service = await startMinio(minio ?? '');
    vi.stubEnv('AWS_ACCESS_KEY_ID', service.user);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', service.password);
    const client = new S3Client({ endpoint: service.endpoint, region: 'us-east-1', forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: 'lake' }));
    const at = (key: string): string => `s3://lake/${key}?endpoint=${service?.endpoint ?? ''}&region=us-east-1`;
    const local = join(folder, 'few.csv');
    await writeFile(local, 'carrier,distance,wind\nAA,100,1\nUA,200,2\n');
    await uploadObject(at('in/few.csv'), local);
    const report = await predictBatch(await request({ inputs: [at('in/few.csv')], out: at('out/few.csv') }));
    expect(report.rows).toBe(2);
    const back = join(folder, 'back.csv');
    await downloadObject(at('out/few.csv'), back);
    expect((await readFile(back, 'utf8')).split('\n')[0]).toBe(
      'carrier,distance,wind,label,probabilities_0,probabilities_1',
    );
    await expect(
      predictBatch(await request({ inputs: [at('in/none.csv')], out: at('out/x.csv') })),
    ).rejects.toMatchObject({ code: 'MW-NOT-FOUND' });
    vi.unstubAllEnvs();
  });
});
