import { fetchRuns, type RunsAsked } from '../../api/run-queries.ts';
import type { Run } from '../../api/types.ts';
import { askedColumns, type RunColumn } from './runs-search.ts';

/** A text cell may not begin like a formula: spreadsheets would run it. */
function cell(value: string | number | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const time = (at: number | undefined): string => (at === undefined ? '' : new Date(at).toISOString());
const line = (cells: readonly (string | number | undefined)[]): string => `${cells.map(cell).join(',')}\r\n`;

const csvHead = (columns: readonly RunColumn[]): string =>
  line([
    'id',
    'name',
    'experiment',
    'status',
    'user',
    'start',
    'end',
    ...columns.map((one) => `${one.kind}s.${one.name}`),
  ]);

const csvRows = (runs: readonly Run[], columns: readonly RunColumn[]): string =>
  runs
    .map((run) =>
      line([
        run.id,
        run.name,
        run.experiment,
        run.status,
        run.user,
        time(run.startTime),
        time(run.endTime),
        ...columns.map((one) => run[`${one.kind}s`][one.name]),
      ]),
    )
    .join('');

const PAGE = 1000;

/** Every run that matches with the columns shown, page by page; what is written is handed to the browser, not kept as objects. */
export async function csvOf(
  asked: RunsAsked,
  columns: readonly RunColumn[],
  onProgress: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<{ readonly file: Blob; readonly rows: number }> {
  const parts: Blob[] = [new Blob([csvHead(columns)])];
  let rows = 0;
  for (;;) {
    const page = await fetchRuns(asked, { columns: askedColumns(columns), limit: PAGE, offset: rows }, signal);
    parts.push(new Blob([csvRows(page.runs, columns)]));
    rows += page.runs.length;
    onProgress(rows, page.total);
    if (page.runs.length < PAGE) return { file: new Blob(parts, { type: 'text/csv' }), rows };
  }
}

export function download(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // Firefox reads the address after the click.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
