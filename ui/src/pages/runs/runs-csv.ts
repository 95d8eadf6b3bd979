import { body, client } from '../../api/client.ts';
import type { Run } from '../../api/types.ts';

/** A text cell may not begin like a formula: spreadsheets would run it. */
function cell(value: string | number | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const safe = /^[=+\-@\t]/.test(value) ? `'${value}` : value;
  return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function csvOf(runs: readonly Run[]): string {
  const names = (key: 'metrics' | 'params'): string[] =>
    [...new Set(runs.flatMap((run) => Object.keys(run[key])))].toSorted();
  const [metrics, params] = [names('metrics'), names('params')];
  const head = [
    'id',
    'name',
    'experiment',
    'status',
    'start',
    'end',
    ...metrics.map((one) => `metrics.${one}`),
    ...params.map((one) => `params.${one}`),
  ];
  const time = (at: number | undefined): string => (at === undefined ? '' : new Date(at).toISOString());
  const rows = runs.map((run) => [
    run.id,
    run.name,
    run.experiment,
    run.status,
    time(run.startTime),
    time(run.endTime),
    ...metrics.map((one) => run.metrics[one]),
    ...params.map((one) => run.params[one]),
  ]);
  return [head, ...rows].map((row) => row.map(cell).join(',')).join('\r\n');
}

/** Every run that matches, page by page. */
export async function allRuns(search: {
  readonly experiment?: string;
  readonly filter?: string;
  readonly order?: string;
}): Promise<readonly Run[]> {
  const all: Run[] = [];
  let token: string | undefined;
  do {
    const page = await body(
      client.GET('/api/v1/runs', {
        params: { query: { ...search, limit: 1000, ...(token === undefined ? {} : { pageToken: token }) } },
      }),
    );
    all.push(...page.runs);
    token = page.nextPageToken;
  } while (token !== undefined);
  return all;
}

export function download(text: string, file: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = file;
  link.click();
  URL.revokeObjectURL(url);
}
