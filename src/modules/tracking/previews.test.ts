import { parquetWriteBuffer } from 'hyparquet-writer';
import { beforeAll, expect, test } from 'vitest';
import { createMemoryArtifacts, createMemoryMetadata } from '../../adapters/memory/index.ts';
import { systemClock } from '../../platform/clock.ts';
import { createIds } from '../../platform/ids.ts';
import { createTracking, type Tracking } from './index.ts';

let tracking: Tracking;
let run: string;
beforeAll(async () => {
  const ids = createIds(systemClock);
  tracking = createTracking({
    store: createMemoryMetadata(),
    artifacts: createMemoryArtifacts(),
    clock: systemClock,
    ids,
  });
  run = (await tracking.createRun({ experimentId: '0' })).id;
});

async function preview(path: string, content: string | Uint8Array) {
  await tracking.writeArtifact(run, path, typeof content === 'string' ? Buffer.from(content) : content);
  return (await tracking.previewArtifact(run, path)).preview;
}

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

test('the kind comes from the bytes: a picture under any name, a text that claims to be one', async () => {
  expect(await preview('plots/roc.txt', PNG)).toEqual({
    kind: 'image',
    dataUrl: `data:image/png;base64,${PNG.toString('base64')}`,
  });
  expect(await preview('fake.png', '<script>alert(1)</script>')).toMatchObject({ kind: 'text', language: 'text' });
  expect(await preview('model.pkl', Buffer.from([0x80, 4, 0x95, 0, 0, 0, 0]))).toMatchObject({ kind: 'none' });
});

test('SVG and HTML are text, never drawn', async () => {
  expect(await preview('plot.svg', '<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>')).toMatchObject({
    kind: 'text',
    language: 'xml',
  });
  expect(await preview('report.html', '<h1>x</h1>')).toMatchObject({ kind: 'text', language: 'html' });
});

test('text is cut at 256 KiB, never inside a character', async () => {
  const shown = await preview('log.txt', 'é'.repeat(200_000));
  expect(shown).toMatchObject({ kind: 'text', truncated: true, text: 'é'.repeat(131_072) });
  expect(await preview('odd.txt', `a${'é'.repeat(200_000)}`)).toMatchObject({ text: `a${'é'.repeat(131_071)}` });
});

test('CSV and TSV: quotes, line ends, numbers, and no more than 500 rows of 100 columns', async () => {
  expect(await preview('a.csv', 'name,n\r\n"a ""b"", c",1.5\r\nx,\r\n')).toEqual({
    kind: 'table',
    columns: ['name', 'n'],
    rows: [
      ['a "b", c', 1.5],
      ['x', null],
    ],
    total: 2,
    truncated: false,
  });
  expect(await preview('b.tsv', 'a\tb\n1\t2\n')).toMatchObject({ columns: ['a', 'b'], rows: [[1, 2]] });
  const wide = Array.from({ length: 150 }, (_, i) => `c${i}`).join(',');
  const many = await preview('c.csv', `${wide}\n${`${wide}\n`.repeat(700)}`);
  if (many.kind !== 'table') throw new Error(many.kind);
  expect([many.columns.length, many.rows.length, many.rows[0]?.length, many.truncated]).toEqual([100, 500, 100, true]);
});

test("MLflow's log_table and lists of records are tables; other JSON is text", async () => {
  const table = {
    columns: ['q', 'a'],
    data: [
      ['1+1', { kind: 'x' }],
      ['2+2', 4],
    ],
  };
  expect(await preview('t.json', JSON.stringify(table))).toMatchObject({
    kind: 'table',
    columns: ['q', 'a'],
    rows: [
      ['1+1', '{"kind":"x"}'],
      ['2+2', 4],
    ],
    total: 2,
  });
  expect(await preview('r.json', '[{"a":1},{"a":2,"b":"x"}]')).toMatchObject({
    columns: ['a', 'b'],
    rows: [
      [1, null],
      [2, 'x'],
    ],
  });
  expect(await preview('m.json', '{"a":1}')).toMatchObject({ kind: 'text', language: 'json' });
  expect(await preview('deep.json', '['.repeat(100_000))).toMatchObject({ kind: 'text' });
});

test('Parquet shows its first rows; a broken one says so', async () => {
  const file = parquetWriteBuffer({
    columnData: [
      { name: 'id', data: Int32Array.from({ length: 800 }, (_, i) => i), type: 'INT32' },
      { name: 'who', data: Array.from({ length: 800 }, (_, i) => `p${i}`), type: 'STRING' },
    ],
  });
  const shown = await preview('x.parquet', new Uint8Array(file));
  if (shown.kind !== 'table') throw new Error(JSON.stringify(shown));
  expect([shown.columns, shown.rows.length, shown.rows[7], shown.total]).toEqual([['id', 'who'], 500, [7, 'p7'], 800]);
  const broken = new Uint8Array(file);
  broken.fill(0xff, 4, 60);
  expect(await preview('y.parquet', broken)).toMatchObject({ kind: 'none' });
  expect(await preview('z.parquet', 'PAR1PAR1')).toMatchObject({ kind: 'none' });
});

test('a notebook becomes cells with text and pictures; its HTML and scripts stay out', async () => {
  const notebook = {
    nbformat: 4,
    cells: [
      { cell_type: 'markdown', source: ['# Title\n', 'text'] },
      {
        cell_type: 'code',
        source: 'plot()',
        outputs: [
          { output_type: 'stream', text: ['\u001b[31mred\u001b[0m\n'] },
          { output_type: 'display_data', data: { 'image/png': PNG.toString('base64'), 'text/html': '<script>' } },
          { output_type: 'display_data', data: { 'image/png': Buffer.from('<svg/>').toString('base64') } },
          { output_type: 'display_data', data: { 'image/svg+xml': '<svg/>', 'text/html': '<b>x</b>' } },
        ],
      },
    ],
  };
  const shown = await preview('n.ipynb', JSON.stringify(notebook));
  expect(shown).toEqual({
    kind: 'notebook',
    truncated: false,
    cells: [
      { kind: 'markdown', source: '# Title\ntext', outputs: [] },
      {
        kind: 'code',
        source: 'plot()',
        outputs: [{ text: 'red\n' }, { image: `data:image/png;base64,${PNG.toString('base64')}` }],
      },
    ],
  });
});

test('what is not there and what is no path are refused', async () => {
  await expect(tracking.previewArtifact(run, 'nothing.txt')).rejects.toMatchObject({ code: 'MW-NOT-FOUND' });
  await expect(tracking.previewArtifact(run, '../../etc/passwd')).rejects.toMatchObject({ code: 'MW-PATH' });
});
