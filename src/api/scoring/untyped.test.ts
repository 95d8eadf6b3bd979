import { expect, test } from 'vitest';
import { tableOfCsv } from './csv.ts';
import { enforce } from './enforce.ts';
import { tableOf } from './table.ts';

const NONE = { inputs: [], outputs: [] };
const kinds = (tensors: ReturnType<typeof enforce>) =>
  tensors.map(({ name, datatype, shape }) => [name, datatype, shape]);

test('a model without a signature gets a tensor a column, typed by what stands in it', () => {
  const table = tableOf({
    dataframe_records: [
      { whole: 1, gap: 1, float: 0.5, mixed: 1, flag: true, text: 'a' },
      { whole: 2, gap: null, float: 2, mixed: 0.5, flag: false, text: null },
    ],
  });
  const tensors = enforce(table, NONE);
  expect(kinds(tensors)).toEqual([
    ['whole', 'INT64', [2, 1]],
    ['gap', 'FP64', [2, 1]],
    ['float', 'FP64', [2, 1]],
    ['mixed', 'FP64', [2, 1]],
    ['flag', 'BOOL', [2, 1]],
    ['text', 'BYTES', [2, 1]],
  ]);
  expect(tensors[1]?.data).toEqual(Float64Array.of(1, Number.NaN));
});

test('rows without names are one tensor; cells of a CSV are numbers where all read as such', () => {
  expect(
    kinds(
      enforce(
        tableOf({
          instances: [
            [1, 2.5],
            [3, 4],
          ],
        }),
        NONE,
      ),
    ),
  ).toEqual([['input-0', 'FP64', [2, 2]]]);
  const csv = tableOfCsv('id,size,name\n1,0.5,x\n2,,7\n');
  expect(kinds(enforce(csv, NONE))).toEqual([
    ['id', 'INT64', [2, 1]],
    ['size', 'FP64', [2, 1]],
    ['name', 'BYTES', [2, 1]],
  ]);
});

test('a column of texts and numbers, or lists of different lengths, are refused by name', () => {
  expect(() => enforce(tableOf({ dataframe_records: [{ a: 1 }, { a: 'x' }] }), NONE)).toThrow(/"a"/);
  expect(() => enforce(tableOf({ inputs: [[1, 2], [3]] }), NONE)).toThrow(/same length/);
});
