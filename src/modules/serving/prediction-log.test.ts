import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { parquetReadObjects } from 'hyparquet';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createParquetLog } from '../../adapters/prediction-log-parquet/parquet-log.ts';
import { systemClock } from '../../platform/clock.ts';
import { createIds } from '../../platform/ids.ts';
import type { LogBlock } from '../../ports/prediction-log.ts';
import { createPredictionLog } from './prediction-log.ts';
import { mixedColumns } from './prediction-rows.ts';
import type { PredictionRecord } from './prediction-record.ts';

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

  async function readRows(): Promise<Record<string, unknown>[]> {
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
    const seen = await readRows();
    expect(seen.map((row) => `${row['request_id']}/${row['row']}`)).toEqual(['a/0', 'a/1', 'b/0', 'b/1', 'c/0', 'c/1']);
    expect(seen[0]).toEqual({
      request_id: 'a',
      row: 0,
      time: 1_362_096_000_000n,
      received_at: 1_800_000_000_000n,
      version: 3,
      release_id: 'e-r1',
      role: 'live',
      experiment: null,
      latency_ms: 1.25,
      score: 0.75,
      in_carrier: 'AA',
      in_wind: 1.5,
      in_seats: 2n ** 60n,
      in_night: true,
    });
    expect(seen[1]).toMatchObject({ score: null, in_carrier: 'žluť', in_wind: null, in_seats: -1n, in_night: false });
    expect(log.counts).toEqual({ written: 6, dropped: 0, pending: 0, lost: { buffer: 0, disk: 0 } });
    await log.close();
  });

  test('drops before it blocks, and counts what it dropped', async () => {
    const log = createPredictionLog(createParquetLog(folder), ids, { bufferRows: 5, flushRows: 1000, flushMs: 60_000 });
    for (const id of ['a', 'b', 'c', 'd']) log.add(record(id));
    expect(log.counts).toEqual({ written: 0, dropped: 4, pending: 4, lost: { buffer: 4, disk: 0 } });
    await log.close();
    expect(await readRows()).toHaveLength(4);
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
    expect(log.counts).toMatchObject({ written: 0, dropped: 0, pending: 4 });
    await rm(join(folder, 'e'));
    await log.flush();
    expect((await readRows()).map((row) => row['request_id'])).toEqual(['a', 'a', 'b', 'b']);
    expect((await readdir(join(folder, 'e'))).some((name) => name.includes('tmp'))).toBe(false);
    await log.close();
  });

  const wide = (id: string, rows: number): PredictionRecord => {
    const each = <T>(make: (index: number) => T, length = rows): T[] =>
      Array.from({ length }, (_, index) => make(index));
    return record(id, {
      rows,
      inputs: [
        { name: 'temp', datatype: 'FP32', shape: [rows, 1], data: Float32Array.from(each((i) => i / 2)) },
        {
          name: 'pair',
          datatype: 'FP64',
          shape: [rows, 2],
          data: Float64Array.from(each((i) => (i === 1 ? Number.NaN : i), rows * 2)),
        },
        { name: 'half', datatype: 'FP16', shape: [rows], data: Uint16Array.from(each(() => 0x3e_00)) },
        { name: 'brain', datatype: 'BF16', shape: [rows], data: Uint16Array.from(each(() => 0xbf_c0)) },
        { name: 'seats', datatype: 'INT32', shape: [rows], data: Int32Array.from(each((i) => i - 2)) },
        { name: 'small', datatype: 'INT8', shape: [rows], data: Int8Array.from(each((i) => -i)) },
        { name: 'count', datatype: 'UINT32', shape: [rows], data: Uint32Array.from(each((i) => 4_294_967_295 - i)) },
        {
          name: 'big',
          datatype: 'INT64',
          shape: [rows, 2],
          data: BigInt64Array.from(each((i) => -(2n ** 62n) + BigInt(i), rows * 2)),
        },
        { name: 'town', datatype: 'BYTES', shape: [rows, 2], data: each((i) => `t${i}`, rows * 2) },
        { name: 'snow', datatype: 'BOOL', shape: [rows], data: Uint8Array.from(each((i) => i % 2)) },
      ],
      outputs: [
        { name: 'p', datatype: 'FP32', shape: [rows], data: new Float32Array(rows).fill(Number.POSITIVE_INFINITY) },
      ],
    });
  };

  test('the fast way and the cell by cell way write the same file', async () => {
    const records = [wide('a', 3), wide('b', 1), wide('c', 1000), wide('d', 1)];
    const log = createPredictionLog(createParquetLog(folder), ids, {
      bufferRows: 5000,
      flushRows: 9000,
      flushMs: 60_000,
    });
    for (const one of records) log.add(one);
    await log.close();
    const fast = await readRows();
    await rm(join(folder, 'e'), { recursive: true });
    const writer = createParquetLog(folder);
    await writer.write('e', 'part-1', mixedColumns(records));
    await writer.close();
    const slow = await readRows();
    expect(fast).toHaveLength(1005);
    expect(fast).toEqual(slow);
    expect(fast[1]).toMatchObject({
      in_temp: 0.5,
      in_pair_0: 2,
      in_half: 1.5,
      in_brain: -1.5,
      in_seats: -1n,
      in_count: 4_294_967_294n,
      in_big_1: -(2n ** 62n) + 3n,
      in_town_1: 't3',
      in_snow: true,
      score: null,
    });
    expect(fast[0]).toMatchObject({ in_pair_1: null });
  });

  test('role, experiment and redaction: hidden inputs are null in all their parts', async () => {
    const log = createPredictionLog(createParquetLog(folder), ids, {
      bufferRows: 100,
      flushRows: 900,
      flushMs: 60_000,
    });
    log.add({ ...wide('a', 2), redact: ['pair', 'town', 'snow', 'absent'], experiment: 'x-1' });
    log.add({
      ...wide('b', 2),
      redact: ['pair', 'town', 'snow', 'absent'],
      role: 'shadow',
      version: 4,
      releaseId: 'e-r2',
    });
    log.add(wide('c', 1));
    await log.close();
    const seen = await readRows();
    expect(
      seen.map((row) => [row['request_id'], row['version'], row['release_id'], row['role'], row['experiment']]),
    ).toEqual([
      ['a', 3, 'e-r1', 'live', 'x-1'],
      ['a', 3, 'e-r1', 'live', 'x-1'],
      ['b', 4, 'e-r2', 'shadow', null],
      ['b', 4, 'e-r2', 'shadow', null],
      ['c', 3, 'e-r1', 'live', null],
    ]);
    expect(seen[3]).toMatchObject({ in_pair_0: null, in_pair_1: null, in_town_0: null, in_snow: null, in_seats: -1n });
    expect(seen[4]).toMatchObject({ in_pair_0: 0, in_town_1: 't1' });
  });

  test('half floats are logged as the numbers they mean, hidden ones as null, and as a score', async () => {
    // 1.5, -0.25, NaN, the least subnormal; as bfloat16: 1.5, -0.25, NaN, 2^-133.
    const half = Uint16Array.of(0x3e_00, 0xb4_00, 0x7e_00, 0x00_01);
    const brain = Uint16Array.of(0x3f_c0, 0xbe_80, 0x7f_c0, 0x00_01);
    const call = (id: string, datatype: 'FP16' | 'BF16', scores: Uint16Array<ArrayBuffer>): PredictionRecord =>
      record(id, {
        rows: 4,
        redact: ['hidden'],
        inputs: [
          { name: 'half', datatype: 'FP16', shape: [4, 1], data: half },
          { name: 'brain', datatype: 'BF16', shape: [4], data: brain },
          { name: 'hidden', datatype: 'FP16', shape: [4, 1], data: half },
        ],
        outputs: [{ name: 'probability', datatype, shape: [4, 2], data: scores }],
      });
    const pairs = (values: Uint16Array): Uint16Array<ArrayBuffer> =>
      Uint16Array.from([...values].flatMap((value) => [0, value]));
    const records = [call('a', 'FP16', pairs(half)), call('b', 'BF16', pairs(brain))];
    const log = createPredictionLog(createParquetLog(folder), ids, { bufferRows: 99, flushRows: 90, flushMs: 60_000 });
    for (const one of records) log.add(one);
    await log.close();
    const fast = await readRows();
    await rm(join(folder, 'e'), { recursive: true });
    const writer = createParquetLog(folder);
    await writer.write('e', 'part-1', mixedColumns(records));
    await writer.close();
    for (const rows of [fast, await readRows()]) {
      const of = (name: string): unknown[] => rows.map((row) => row[name]);
      expect(of('in_half')).toEqual([1.5, -0.25, null, 2 ** -24, 1.5, -0.25, null, 2 ** -24]);
      expect(of('in_brain')).toEqual([1.5, -0.25, null, 2 ** -133, 1.5, -0.25, null, 2 ** -133]);
      expect(of('in_hidden')).toEqual(Array(8).fill(null));
      expect(of('score')).toEqual([1.5, -0.25, null, 2 ** -24, 1.5, -0.25, null, 2 ** -133]);
    }
  });

  test('calls whose shapes differ each time end in few files', async () => {
    const log = createPredictionLog(createParquetLog(folder), ids, {
      bufferRows: 1000,
      flushRows: 900,
      flushMs: 60_000,
    });
    for (let width = 1; width <= 50; width += 1)
      log.add(
        record(`w${width}`, {
          rows: 1,
          inputs: [{ name: 'x', datatype: 'FP32', shape: [1, width], data: new Float32Array(width).fill(width) }],
        }),
      );
    await log.close();
    expect(await readdir(join(folder, 'e'))).toHaveLength(5);
    const seen = await readRows();
    expect(seen).toHaveLength(50);
    expect(seen.find((row) => row['request_id'] === 'w50')).toMatchObject({ in_x_0: 50, in_x_49: 50 });
  });

  test('a writer that fails keeps what fits; what does not is counted as lost to the disk; then it goes on', async () => {
    const taken: LogBlock[] = [];
    let full = true;
    const log = createPredictionLog(
      {
        write: (_endpoint, _part, block) =>
          full ? Promise.reject(new Error('no space')) : Promise.resolve(void taken.push(block)),
        close: () => Promise.resolve(),
      },
      ids,
      { bufferRows: 5, flushRows: 1000, flushMs: 60_000 },
    );
    log.add(record('a'));
    await expect(log.flush()).rejects.toThrow('no space');
    log.add(record('b'));
    log.add(record('c'));
    expect(log.counts).toEqual({ written: 0, dropped: 2, pending: 4, lost: { buffer: 0, disk: 2 } });
    full = false;
    await log.flush();
    log.add(record('d'));
    await log.close();
    expect(taken.map(({ rows: count }) => count)).toEqual([2, 2, 2]);
    expect(log.counts).toEqual({ written: 6, dropped: 2, pending: 0, lost: { buffer: 0, disk: 2 } });
  });

  test('the writer’s thread is killed in the middle: nothing is lost, the next try writes it', async () => {
    const threads: Worker[] = [];
    const writer = createParquetLog(folder, () => {
      const thread = new Worker(new URL('../../adapters/prediction-log-parquet/worker.ts', import.meta.url));
      threads.push(thread);
      return thread;
    });
    const log = createPredictionLog(writer, ids, { bufferRows: 100, flushRows: 900, flushMs: 60_000 });
    log.add(record('a'));
    const first = log.flush();
    await new Promise((resolve) => setImmediate(resolve));
    await threads[0]?.terminate();
    await expect(first).rejects.toMatchObject({ code: 'MW-UNAVAILABLE' });
    log.add(record('b'));
    expect(log.counts).toMatchObject({ written: 0, dropped: 0, pending: 4 });
    await log.flush();
    expect(threads).toHaveLength(2);
    expect((await readRows()).map((row) => row['request_id'])).toEqual(['a', 'a', 'b', 'b']);
    await log.close();
  });

  test('the memory of what waits is bounded, too', async () => {
    const log = createPredictionLog(createParquetLog(folder), ids, {
      bufferRows: 1e6,
      bufferBytes: 10_000,
      flushRows: 1e6,
      flushMs: 60_000,
    });
    for (let index = 0; index < 200; index += 1) log.add(wide(`r${index}`, 2));
    expect(log.counts.lost.buffer).toBeGreaterThan(100);
    expect(log.counts.pending + log.counts.dropped).toBe(400);
    await log.close();
    expect(await readRows()).toHaveLength(log.counts.written);
  });
});

test('columns of versions whose inputs differ are joined: late ones are null before, types are widened', () => {
  const { columns } = mixedColumns([
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
  const of = (name: string): unknown => {
    const values = columns.find((column) => column.name === name)?.values;
    return values?.kind === 'cells' ? values.cells : undefined;
  };
  expect(of('in_x')).toEqual([5, 0.5, null]);
  expect(of('in_y')).toEqual([null, 't', null]);
  expect([of('in_w_0'), of('in_w_1')]).toEqual([
    [null, null, 1],
    [null, null, 2],
  ]);
  expect(of('score')).toEqual([null, null, 9]);
});
