/** The address of the runs page is its view: filter, order, columns, selection. */
export interface RunsSearch {
  readonly q: string;
  readonly order: string;
  /** `m.log_loss,p.depth`; empty = the first few of each. */
  readonly cols: string;
  readonly sel: string;
  /** Experiment; empty = the project's, `*` = all. */
  readonly exp: string;
}

const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';

export function readRunsSearch(search: Record<string, unknown>): RunsSearch {
  return {
    q: textOf(search['q']),
    order: textOf(search['order']),
    cols: textOf(search['cols']),
    sel: textOf(search['sel']),
    exp: textOf(search['exp']),
  };
}

export function runsQueryString(search: RunsSearch): string {
  const parts = Object.entries(search).filter(([, value]) => value !== '');
  const text = new URLSearchParams(parts.map(([name, value]) => [name, String(value)])).toString();
  return text === '' ? '' : `?${text}`;
}

export interface RunColumn {
  readonly kind: 'metric' | 'param';
  readonly name: string;
}

const DEFAULT_METRICS = 5;
const DEFAULT_PARAMS = 3;

export function columnsOf(
  cols: string,
  known: { readonly metrics: readonly string[]; readonly params: readonly string[] },
): readonly RunColumn[] {
  if (cols !== '') {
    return cols.split(',').map((one) => ({ kind: one.startsWith('p.') ? 'param' : 'metric', name: one.slice(2) }));
  }
  return [
    ...known.metrics.slice(0, DEFAULT_METRICS).map((name): RunColumn => ({ kind: 'metric', name })),
    ...known.params.slice(0, DEFAULT_PARAMS).map((name): RunColumn => ({ kind: 'param', name })),
  ];
}

/** A name in the filter grammar; quoted where it is not a plain word. */
export function fieldOf(column: RunColumn): string {
  const name = /^\w+$/.test(column.name) ? column.name : `\`${column.name}\``;
  return `${column.kind === 'metric' ? 'metrics' : 'params'}.${name}`;
}

/** The conditions of a filter; each can be dropped. `and` inside quotes does not part them. */
export function conditionsOf(filter: string): readonly string[] {
  return filter
    .split(/\s+and\s+(?=(?:[^'"]|'[^']*'|"[^"]*")*$)/i)
    .map((one) => one.trim())
    .filter(Boolean);
}
