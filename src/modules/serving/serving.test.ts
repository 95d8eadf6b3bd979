import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { parquetReadObjects } from 'hyparquet';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createParquetLog } from '../../adapters/prediction-log-parquet/parquet-log.ts';
import type { ModelSignature } from '../../domain/registry.ts';
import type { Tensor } from '../../domain/tensors.ts';
import { createIds } from '../../platform/ids.ts';
import { systemClock } from '../../platform/clock.ts';
import type { LoadedModel, ModelRuntime } from '../../ports/model-runtime.ts';
import { createPredictionLog, createServing } from './index.ts';
import { createLatencyHistogram, LATENCY_BOUNDS } from './latency.ts';
import { toColumns } from './prediction-rows.ts';
import type { PredictionRecord } from './prediction-rows.ts';
import { choose, placeOf } from './split.ts';

const ids = createIds(systemClock);
const record = (id: string, more: Partial<PredictionRecord> = {}): PredictionRecord => ({
  endpoint: 'e',
  id,
  time: 1_362_096_000_000,
  receivedAt: 1_800_000_000_000,
  version: 3,
  releaseId: 'e-r1',
  latencyMs: 1.25,
  rows: 2,
  inputs: [
    { name: 'carrier', datatype: 'BYTES', shape: [2, 1], data: ['AA', 'žluť'] },
    { name: 'wind', datatype: 'FP32', shape: [2, 1], data: Float32Array.of(1.5, Number.NaN) },
    { name: 'seats', datatype: 'INT64', shape: [2], data: BigInt64Array.of(2n ** 60n, -1n) },
    { name: 'night', datatype: 'BOOL', shape: [2, 1], data: Uint8Array.of(1, 0) },
  ],
  outputs: [
    { name: 'label', datatype: 'INT64', shape: [2], data: BigInt64Array.of(1n, 0n) },
    {
      name: 'probabilities',
      datatype: 'FP32',
      shape: [2, 2],
      data: Float32Array.of(0.25, 0.75, Number.NaN, Number.NaN),
    },
  ],
  ...more,
});

describe('prediction log', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mw-log-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function rows(): Promise<Record<string, unknown>[]> {
    const names = (await readdir(join(folder, 'e'))).filter((name) => name.endsWith('.parquet')).sort();
    const parts = await Promise.all(
      names.map(async (name) => {
        const bytes = await readFile(join(folder, 'e', name));
        return parquetReadObjects({
          file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength),
        });
      }),
    );
    return parts.flat();
  }

  test('one Parquet row a batch row, typed, with nulls for what is missing, in the order of arrival', async () => {
    const log = createPredictionLog(createParquetLog(folder), ids, {
      bufferRows: 100,
      flushRows: 1000,
      flushMs: 60_000,
    });
    log.add(record('a'));
    log.add(record('b', { version: 4 }));
    await log.flush();
    log.add(record('c'));
    await log.flush();
    const seen = await rows();
    expect(seen.map((row) => `${row['request_id']}/${row['row']}`)).toEqual(['a/0', 'a/1', 'b/0', 'b/1', 'c/0', 'c/1']);
    expect(seen[0]).toEqual({
      request_id: 'a',
      row: 0,
      time: 1_362_096_000_000n,
      received_at: 1_800_000_000_000n,
      version: 3,
      release_id: 'e-r1',
      latency_ms: 1.25,
      score: 0.75,
      in_carrier: 'AA',
      in_wind: 1.5,
      in_seats: 2n ** 60n,
      in_night: true,
    });
    expect(seen[1]).toMatchObject({ score: null, in_carrier: 'žluť', in_wind: null, in_seats: -1n, in_night: false });
    expect(log.counts).toEqual({ written: 6, dropped: 0, pending: 0 });
    await log.close();
  });

  test('drops before it blocks, and counts what it dropped', async () => {
    const log = createPredictionLog(createParquetLog(folder), ids, { bufferRows: 5, flushRows: 1000, flushMs: 60_000 });
    for (const id of ['a', 'b', 'c', 'd']) log.add(record(id));
    expect(log.counts).toEqual({ written: 0, dropped: 4, pending: 4 });
    await log.close();
    expect(await rows()).toHaveLength(4);
  });

  test('what cannot be written stays, and is written in order when it can be', async () => {
    await writeFile(join(folder, 'e'), 'a file where the folder should be');
    const log = createPredictionLog(createParquetLog(folder), ids, {
      bufferRows: 100,
      flushRows: 1000,
      flushMs: 60_000,
    });
    log.add(record('a'));
    await expect(log.flush()).rejects.toMatchObject({ code: 'MW-UNAVAILABLE' });
    log.add(record('b'));
    expect(log.counts).toEqual({ written: 0, dropped: 0, pending: 4 });
    await rm(join(folder, 'e'));
    await log.flush();
    expect((await rows()).map((row) => row['request_id'])).toEqual(['a', 'a', 'b', 'b']);
    expect((await readdir(join(folder, 'e'))).some((name) => name.includes('tmp'))).toBe(false);
    await log.close();
  });
});

test('columns of versions whose inputs differ are joined: late ones are null before, types are widened', () => {
  const columns = toColumns([
    record('a', {
      rows: 1,
      inputs: [{ name: 'x', datatype: 'INT64', shape: [1, 1], data: BigInt64Array.of(5n) }],
      outputs: [],
    }),
    record('b', {
      rows: 1,
      inputs: [
        { name: 'x', datatype: 'FP64', shape: [1, 1], data: Float64Array.of(0.5) },
        { name: 'y', datatype: 'BYTES', shape: [1, 1], data: ['t'] },
      ],
      outputs: [],
    }),
    record('c', {
      rows: 1,
      inputs: [{ name: 'w', datatype: 'FP32', shape: [1, 2], data: Float32Array.of(1, 2) }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: [1, 1], data: Float32Array.of(9) }],
    }),
  ]);
  const of = (name: string): unknown => columns.find((column) => column.name === name)?.values;
  expect(of('in_x')).toEqual([5, 0.5, null]);
  expect(of('in_y')).toEqual([null, 't', null]);
  expect([of('in_w_0'), of('in_w_1')]).toEqual([
    [null, null, 1],
    [null, null, 2],
  ]);
  expect(of('score')).toEqual([null, null, 9]);
});

test('equal inputs are laid out as memory: the cells are those that records of differing inputs get', () => {
  const of = (id: string, rows: number): PredictionRecord =>
    record(id, {
      rows,
      inputs: [
        {
          name: 'temp',
          datatype: 'FP32',
          shape: [rows, 1],
          data: Float32Array.from({ length: rows }, (_, i) => i / 2),
        },
        { name: 'pair', datatype: 'FP64', shape: [rows, 2], data: new Float64Array(rows * 2).fill(Number.NaN) },
        { name: 'seats', datatype: 'INT32', shape: [rows], data: Int32Array.from({ length: rows }, (_, i) => i) },
        { name: 'town', datatype: 'BYTES', shape: [rows], data: Array.from({ length: rows }, (_, i) => `t${i}`) },
        { name: 'snow', datatype: 'BOOL', shape: [rows], data: Uint8Array.from({ length: rows }, (_, i) => i % 2) },
      ],
      outputs: [
        { name: 'p', datatype: 'FP32', shape: [rows], data: new Float32Array(rows).fill(Number.POSITIVE_INFINITY) },
      ],
    });
  const records = [of('a', 3), of('b', 1)];
  const fast = toColumns(records);
  expect(fast.find((column) => column.name === 'in_temp')?.values).toBeInstanceOf(Float64Array);
  // One more record without inputs makes every cell be looked at.
  const slow = toColumns([...records, record('c', { rows: 1, inputs: [], outputs: [] })]);
  const cells = (columns: typeof fast): unknown =>
    columns.map(({ name, type, values }) => [
      name,
      type,
      Array.from<unknown>(values)
        .slice(0, 4)
        .map((v) => (Number.isNaN(v) ? null : v)),
    ]);
  expect(cells(fast)).toEqual(cells(slow));
});

test('the split is stable, fair, and raising a share only adds keys to it', () => {
  const at = (percent: number, key: string): string | undefined =>
    choose(
      [
        { name: 'new', percent },
        { name: 'old', percent: 100 - percent },
      ],
      key,
    )?.name;
  fc.assert(
    fc.property(
      fc.string(),
      fc.integer({ min: 1, max: 98 }),
      (key, percent) => at(percent, key) !== 'new' || at(percent + 1, key) === 'new',
    ),
  );
  const keys = Array.from({ length: 20_000 }, (_, index) => `request-${index}`);
  for (const percent of [10, 50]) {
    const share = keys.filter((key) => at(percent, key) === 'new').length / keys.length;
    expect(Math.abs(share - percent / 100)).toBeLessThan(0.01);
  }
  expect(keys.every((key) => placeOf(key) >= 0 && placeOf(key) < 100)).toBe(true);
});

test('every latency falls into the bucket whose bounds hold it', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 90_000, noNaN: true }), (ms) => {
      const histogram = createLatencyHistogram();
      histogram.add(ms);
      const index = histogram.counts.indexOf(1);
      const high = LATENCY_BOUNDS[index] ?? Number.POSITIVE_INFINITY;
      const low = index === 0 ? 0 : (LATENCY_BOUNDS[index - 1] ?? 0);
      return ms <= high * 1.0001 && ms >= low * 0.9999;
    }),
  );
});

describe('routes', () => {
  const signature: ModelSignature = {
    inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 1] }],
    outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 1] }],
  };
  const x: Tensor = { name: 'x', datatype: 'FP32', shape: [1, 1], data: Float32Array.of(1) };

  /** A runtime whose first model can be told to hold its answers back, to see what happens to a call while the route changes under it. */
  function heldRuntime() {
    const unloaded: string[] = [];
    const waiting: (() => void)[] = [];
    let hold = false;
    const runtime: ModelRuntime = {
      caps: { formats: [], batching: false },
      load: (path) => {
        const model: LoadedModel = {
          signature,
          infer: async () => {
            if (hold && path === '1') await new Promise<void>((resolve) => waiting.push(resolve));
            return [{ ...x, name: 'y', data: Float32Array.of(Number(path)) }];
          },
          unload: () => {
            unloaded.push(path);
            return Promise.resolve();
          },
        };
        return Promise.resolve(model);
      },
      close: () => Promise.resolve(),
    };
    const serving = createServing({
      runtime,
      clock: systemClock,
      ids,
      log: { add() {} },
      persist: () => Promise.resolve(),
      verify: () => Promise.resolve(),
      onError: () => undefined,
    });
    const route = (epoch: number, versions: readonly number[], main = versions[0]) => ({
      endpoint: 'e',
      epoch,
      weights: [{ releaseId: `r${main}`, percent: 100 }],
      models: versions.map((version) => ({
        releaseId: `r${version}`,
        model: 'm',
        version,
        modelDigest: `sha256:${version}`,
        path: String(version),
      })),
    });
    const setHold = (value: boolean): void => {
      hold = value;
      if (!value) for (const go of waiting.splice(0)) go();
    };
    return { serving, route, unloaded, setHold };
  }

  test('a call keeps the release it was admitted to; the old one is unloaded only after its last answer', async () => {
    const { serving, route, unloaded, setHold } = heldRuntime();
    await serving.apply(route(1, [1]));
    setHold(true);
    const early = serving.infer({ endpoint: 'e', inputs: [x] });
    await serving.apply(route(2, [2]));
    expect((await serving.infer({ endpoint: 'e', inputs: [x] })).version).toBe(2);
    expect(unloaded).toEqual([]);
    setHold(false);
    expect((await early).version).toBe(1);
    expect(unloaded).toEqual(['1']);
  });

  test('a release kept for a rollback stays loaded and can be asked for by its version', async () => {
    const { serving, route, unloaded } = heldRuntime();
    await serving.apply(route(1, [1]));
    await serving.apply(route(2, [2, 1]));
    expect(unloaded).toEqual([]);
    expect((await serving.infer({ endpoint: 'e', inputs: [x] })).version).toBe(2);
    expect((await serving.infer({ endpoint: 'e', version: 1, inputs: [x] })).version).toBe(1);
    await expect(serving.infer({ endpoint: 'e', version: 9, inputs: [x] })).rejects.toMatchObject({
      code: 'MW-NOT-FOUND',
    });
    await serving.apply(route(3, [2]));
    expect(unloaded).toEqual(['1']);
  });

  test('a document that could not route every call is refused and the old route stays', async () => {
    const { serving, route } = heldRuntime();
    await serving.apply(route(1, [1]));
    const base = route(2, [1]);
    for (const bad of [
      { ...base, weights: [{ releaseId: 'r1', percent: 99 }] },
      { ...base, weights: [] },
      { ...base, weights: [{ releaseId: 'r7', percent: 100 }] },
      { ...base, endpoint: '../e' },
    ]) {
      await expect(serving.apply(bad)).rejects.toMatchObject({ code: 'MW-INVALID' });
    }
    await expect(serving.apply(route(1, [2]))).rejects.toMatchObject({ code: 'MW-CONFLICT' });
    expect((await serving.infer({ endpoint: 'e', inputs: [x] })).version).toBe(1);
  });
});
