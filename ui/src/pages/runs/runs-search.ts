/** The address of the runs page is its view: filter, order, columns, group, selection, trash. */
export interface RunsSearch {
  readonly q: string;
  readonly order: string;
  /** `m.log_loss~120,p.depth,t.team`: kind, key, width in pixels where it was changed; empty = the first few of each. */
  readonly cols: string;
  readonly sel: string;
  /** Experiment; empty = the project's, `*` = all. */
  readonly exp: string;
  /** `seed` (every param but the seed), or `params.lr,tags.data`; empty = no groups. */
  readonly group: string;
  /** The metric that groups are ordered by. */
  readonly by: string;
  /** `deleted` = the trash. */
  readonly view: string;
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
    group: textOf(search['group']),
    by: textOf(search['by']),
    view: search['view'] === 'deleted' ? 'deleted' : '',
  };
}

export function runsQueryString(search: RunsSearch): string {
  const parts = Object.entries(search).filter(([, value]) => value !== '');
  const text = new URLSearchParams(parts.map(([name, value]) => [name, String(value)])).toString();
  return text === '' ? '' : `?${text}`;
}

/** What a saved view keeps: everything but the selection. */
export const viewState = (search: RunsSearch): string => runsQueryString({ ...search, sel: '' }).slice(1);

export interface RunColumn {
  readonly kind: 'metric' | 'param' | 'tag';
  readonly name: string;
  readonly width?: number;
}

const DEFAULT_METRICS = 5;
const DEFAULT_PARAMS = 3;
const KINDS = { m: 'metric', p: 'param', t: 'tag' } as const;

export const columnId = (column: RunColumn): string => `${column.kind.charAt(0)}.${column.name}`;

export const columnsText = (columns: readonly RunColumn[]): string =>
  columns.map((one) => `${columnId(one)}${one.width === undefined ? '' : `~${Math.round(one.width)}`}`).join(',');

interface Known {
  readonly metrics: readonly { readonly key: string }[];
  readonly params: readonly { readonly key: string }[];
}

export function columnsOf(cols: string, known: Known): readonly RunColumn[] {
  if (cols !== '') {
    return cols
      .split(',')
      .map((one): RunColumn | undefined => {
        const [, letter = '', name = '', width] = /^([mpt])\.(.+?)(?:~(\d{2,3}))?$/.exec(one) ?? [];
        const kind = letter === 'm' || letter === 'p' || letter === 't' ? KINDS[letter] : undefined;
        return kind === undefined
          ? undefined
          : { kind, name, ...(width === undefined ? {} : { width: Number(width) }) };
      })
      .filter((one) => one !== undefined);
  }
  const own = known.metrics.filter(({ key }) => !key.startsWith('system/'));
  return [
    ...own.slice(0, DEFAULT_METRICS).map(({ key }): RunColumn => ({ kind: 'metric', name: key })),
    ...known.params.slice(0, DEFAULT_PARAMS).map(({ key }): RunColumn => ({ kind: 'param', name: key })),
  ];
}

/** What the server reads for these columns. */
export const askedColumns = (columns: readonly RunColumn[]): string =>
  columns.map((one) => `${one.kind}s.${one.name}`).join(',');

/** A name in the filter grammar; quoted where it is not a plain word. */
export function fieldOf(column: RunColumn): string {
  const name = /^\w+$/.test(column.name) ? column.name : `\`${column.name}\``;
  return `${column.kind}s.${name}`;
}

/** The conditions of a filter; each can be dropped. `and` inside quotes does not part them. */
export function conditionsOf(filter: string): readonly string[] {
  return filter
    .split(/\s+and\s+(?=(?:[^'"]|'[^']*'|"[^"]*")*$)/i)
    .map((one) => one.trim())
    .filter(Boolean);
}
