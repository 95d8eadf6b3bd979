/** What of a lineage is drawn: distances from the focus, folded far parts, edges without cycles for the layout. */
import type { LineageGraph, LineageNode } from '../api/types.ts';

export interface Fold {
  readonly id: string;
  readonly kind: LineageNode['kind'];
  readonly count: number;
  readonly distance: number;
}

export interface LineageEdge {
  readonly from: string;
  readonly to: string;
  readonly kinds: readonly string[];
}

export interface LineageView {
  readonly nodes: readonly LineageNode[];
  readonly folds: readonly Fold[];
  readonly edges: readonly LineageEdge[];
  /** Edges that would close a circle: drawn, but they do not say who stands left of whom. */
  readonly back: ReadonlySet<string>;
}

export const edgeKey = (edge: { readonly from: string; readonly to: string }): string => `${edge.from} ${edge.to}`;

/** Steps from the focus: below zero led to it, above zero came of it. What is reached only in a zigzag counts by its nearest way. */
export function distances(graph: LineageGraph): ReadonlyMap<string, number> {
  const found = new Map([[graph.focus, 0]]);
  const walk = (way: 1 | -1): void => {
    const next = new Map<string, string[]>();
    for (const edge of graph.edges) {
      const [a, b] = way === 1 ? [edge.from, edge.to] : [edge.to, edge.from];
      next.set(a, [...(next.get(a) ?? []), b]);
    }
    let front = [graph.focus];
    for (let step = 1; front.length > 0; step += 1) {
      front = front.flatMap((id) => next.get(id) ?? []).filter((id) => !found.has(id));
      front = [...new Set(front)];
      for (const id of front) found.set(id, way * step);
    }
  };
  walk(-1);
  walk(1);
  // The rest hangs on what is known: a sibling, for example.
  for (let again = true; again; ) {
    again = false;
    for (const { from, to } of graph.edges) {
      const [a, b] = [found.get(from), found.get(to)];
      if (a !== undefined && b === undefined) found.set(to, a + 1);
      else if (b !== undefined && a === undefined) found.set(from, b - 1);
      else continue;
      again = true;
    }
  }
  return found;
}

/** How many led to the focus, and how many came of it; what hangs on those by another way is not counted. */
export function reached(graph: LineageGraph): { readonly up: number; readonly down: number } {
  const count = (way: 'up' | 'down'): number => {
    const next = new Map<string, string[]>();
    for (const edge of graph.edges) {
      const [a, b] = way === 'down' ? [edge.from, edge.to] : [edge.to, edge.from];
      next.set(a, [...(next.get(a) ?? []), b]);
    }
    const seen = new Set([graph.focus]);
    const front = [graph.focus];
    for (let id = front.pop(); id !== undefined; id = front.pop())
      for (const one of next.get(id) ?? [])
        if (!seen.has(one)) {
          seen.add(one);
          front.push(one);
        }
    return seen.size - 1;
  };
  return { up: count('up'), down: count('down') };
}

/** How many of a kind at a distance are shown before the older ones are folded into one. */
function room(distance: number, small: boolean): number {
  const far = Math.abs(distance);
  return small ? (far <= 1 ? 4 : 2) : far <= 1 ? 8 : far === 2 ? 5 : far === 3 ? 4 : 2;
}

export function viewOf(graph: LineageGraph, open: ReadonlySet<string> | 'all', small = false): LineageView {
  const steps = distances(graph);
  const groups = new Map<string, LineageNode[]>();
  for (const node of graph.nodes) {
    const key = `fold:${node.kind}:${steps.get(node.id) ?? 0}`;
    groups.set(key, [...(groups.get(key) ?? []), node]);
  }
  const nodes: LineageNode[] = [];
  const folds: Fold[] = [];
  const standsFor = new Map<string, string>();
  for (const [key, members] of groups) {
    const distance = steps.get(members[0]?.id ?? '') ?? 0;
    const most = room(distance, small);
    if (open === 'all' || open.has(key) || members.length <= most + 1) nodes.push(...members);
    else {
      const newest = members.toSorted((a, b) => (b.at ?? 0) - (a.at ?? 0));
      // The focus itself is never folded.
      newest.sort((a, b) => Number(b.id === graph.focus) - Number(a.id === graph.focus));
      nodes.push(...newest.slice(0, most));
      for (const one of newest.slice(most)) standsFor.set(one.id, key);
      folds.push({ id: key, kind: newest[0]?.kind ?? 'run', count: newest.length - most, distance });
    }
  }
  const edges = new Map<string, { from: string; to: string; kinds: string[] }>();
  for (const edge of graph.edges) {
    const [from, to] = [standsFor.get(edge.from) ?? edge.from, standsFor.get(edge.to) ?? edge.to];
    if (from === to) continue;
    const known = edges.get(edgeKey({ from, to }));
    if (known === undefined) edges.set(edgeKey({ from, to }), { from, to, kinds: [edge.kind] });
    else if (!known.kinds.includes(edge.kind)) known.kinds.push(edge.kind);
  }
  const all = [...edges.values()];
  return { nodes, folds, edges: all, back: circles(all) };
}

/** Edges that lead back to where one came from, in the order that they are met. */
function circles(edges: readonly LineageEdge[]): ReadonlySet<string> {
  const out = new Map<string, LineageEdge[]>();
  const entered = new Set<string>();
  for (const edge of edges) {
    out.set(edge.from, [...(out.get(edge.from) ?? []), edge]);
    entered.add(edge.to);
  }
  const back = new Set<string>();
  const state = new Map<string, 'open' | 'done'>();
  // Sources first, so that a circle is cut where it comes back, not where it begins.
  const starts = [...out.keys()].toSorted((a, b) => Number(entered.has(a)) - Number(entered.has(b)));
  for (const start of starts) {
    const stack: { id: string; next: number }[] = state.has(start) ? [] : [{ id: start, next: 0 }];
    state.set(start, state.get(start) ?? 'open');
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const edge = out.get(top.id)?.[top.next];
      top.next += 1;
      if (edge === undefined) {
        state.set(top.id, 'done');
        stack.pop();
      } else if (state.get(edge.to) === 'open') back.add(edgeKey(edge));
      else if (!state.has(edge.to)) {
        state.set(edge.to, 'open');
        stack.push({ id: edge.to, next: 0 });
      }
    }
  }
  return back;
}
