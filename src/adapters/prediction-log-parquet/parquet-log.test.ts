import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { LogCell, LogColumn } from '../../ports/prediction-log.ts';
import { parquetFile } from './parquet-file.ts';
import { createParquetLog } from './parquet-log.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mw-parquet-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const cells = (name: string, type: LogColumn['type'], values: readonly LogCell[]): LogColumn => ({
  name,
  type,
  values: { kind: 'cells', cells: values },
});

const exact = (buffers: readonly Buffer[]): ArrayBuffer => Uint8Array.from(Buffer.concat(buffers)).buffer;

test('another reader gets back every cell, whatever the types, nulls and texts', async () => {
  const nullable = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(one, { nil: null, freq: 3 });
  const row = fc.record({
    i32: nullable(fc.integer()),
    i64: nullable(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
    num: nullable(fc.double({ noNaN: true })),
    text: nullable(fc.string({ unit: 'grapheme' })),
    few: nullable(fc.constantFrom('a', 'b', 'žluť', '')),
    yes: nullable(fc.boolean()),
  });
  const TYPES = { i32: 'INT32', i64: 'INT64', num: 'DOUBLE', text: 'STRING', few: 'STRING', yes: 'BOOLEAN' } as const;
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 700 }), async (rows) => {
      const names = ['i32', 'i64', 'num', 'text', 'few', 'yes'] as const;
      const columns = names.map((name) =>
        cells(
          name,
          TYPES[name],
          rows.map((one) => one[name]),
        ),
      );
      const read = await parquetReadObjects({ file: exact(parquetFile({ rows: rows.length, columns })) });
      expect(read).toEqual(rows.map((one) => ({ ...one })));
    }),
    { numRuns: 60 },
  );
});

test('the footer holds bounds and counts of nulls, so that readers can leave files closed', () => {
  const file = exact(
    parquetFile({
      rows: 3,
      columns: [
        cells('time', 'INT64', [30n, -10n, 20n]),
        cells('id', 'STRING', ['b', 'a', 'c']),
        cells('none', 'DOUBLE', [null, null, null]),
        cells('odd', 'STRING', ['😀', '\uffee', 'a']),
      ],
    }),
  );
  const statistics = parquetMetadata(file).row_groups[0]?.columns.map((column) => column.meta_data?.statistics);
  expect(statistics?.[0]).toMatchObject({ min_value: -10n, max_value: 30n, null_count: 0n });
  expect(statistics?.[1]).toMatchObject({ min_value: 'a', max_value: 'c' });
  expect(statistics?.[2]).toMatchObject({ null_count: 3n });
  expect(statistics?.[2]?.min_value).toBeUndefined();
  // UTF-16 would call the wrong one the largest.
  expect(statistics?.[3]?.max_value).toBeUndefined();
});

test('a thread that cannot write the block says so, goes on, and starts again after it was killed', async () => {
  const log = createParquetLog(folder);
  const good = { rows: 1, columns: [cells('x', 'INT32', [1])] };
  await expect(
    log.write('e', 'part-0', { rows: 1, columns: [cells('x', 'INT64', ['no number'])] }),
  ).rejects.toMatchObject({ code: 'MW-UNAVAILABLE' });
  await log.write('e', 'part-1', good);
  // What cannot be cloned never reaches the thread: the call is refused, nothing hangs.
  await expect(
    log.write('e', 'part-2', { rows: 1, columns: [{ ...cells('x', 'INT32', [1]), odd: () => 1 } as LogColumn] }),
  ).rejects.toThrow(/could not be cloned/);
  await log.write('e', 'part-3', good);
  expect(readdirSync(join(folder, 'e')).sort()).toEqual(['part-1.parquet', 'part-3.parquet']);
  await log.close();
});
