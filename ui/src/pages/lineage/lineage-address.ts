/** The address of the lineage page is its view; what is usual is left out. */
import { addresses } from '../../api/addresses.ts';

export interface LineageSearchState {
  /** Empty: the page chooses where to begin. */
  readonly node: string;
  readonly dir: 'both' | 'up' | 'down';
  readonly depth: number;
  /** Empty: a graph where it fits, else a list. */
  readonly view: 'graph' | 'list' | '';
}

const DEPTH = 6;

export function readLineageSearch(search: Record<string, unknown>): LineageSearchState {
  const { node, dir, view } = search;
  const depth = Number(search['depth']);
  return {
    node: typeof node === 'string' ? node : '',
    dir: dir === 'up' || dir === 'down' ? dir : 'both',
    depth: Number.isInteger(depth) && depth >= 1 && depth <= 20 ? depth : DEPTH,
    view: view === 'graph' || view === 'list' ? view : '',
  };
}

export function addressOf({ node, dir, depth, view }: LineageSearchState): string {
  const more = [
    ...(dir === 'both' ? [] : [`dir=${dir}`]),
    ...(depth === DEPTH ? [] : [`depth=${depth}`]),
    ...(view === '' ? [] : [`view=${view}`]),
  ];
  return [addresses.lineage(node), ...more].join('&');
}
