/** Walks the graph breadth first, a layer at a time: each layer asks one step per kind, whatever its size. */
import { CAUSES, type Edge, type Step } from './causes.ts';
import { EFFECTS } from './effects.ts';
import { type Kind, type NodeId, splitNode } from './node-id.ts';
import type { Reader } from './reader.ts';

export type Direction = 'up' | 'down' | 'both';

export interface Graph {
  readonly nodes: readonly NodeId[];
  readonly edges: readonly Edge[];
  /** More was reached than may be answered, or lies deeper than was asked. */
  readonly truncated: boolean;
}

/** An endpoint outlives its releases: passing through it would lead from a release to what another one caused. */
const LEAVES: ReadonlySet<Kind> = new Set(['endpoint']);

function byKind(nodes: readonly NodeId[]): ReadonlyMap<Kind, readonly string[]> {
  const found = new Map<Kind, string[]>();
  for (const node of nodes) {
    const named = splitNode(node);
    if (named === undefined) continue;
    const ids = found.get(named.kind) ?? [];
    ids.push(named.id);
    found.set(named.kind, ids);
  }
  return found;
}

async function steps(
  reader: Reader,
  table: Readonly<Record<Kind, Step>>,
  nodes: readonly NodeId[],
): Promise<readonly Edge[]> {
  const found = await Promise.all([...byKind(nodes)].map(([kind, ids]) => table[kind](reader, ids)));
  return found.flat();
}

async function oneWay(
  reader: Reader,
  focus: NodeId,
  way: 'up' | 'down',
  { depth, most }: { readonly depth: number; readonly most: number },
): Promise<Graph> {
  const table = way === 'up' ? CAUSES : EFFECTS;
  const seen = new Set<NodeId>([focus]);
  const edges = new Map<string, Edge>();
  let layer: readonly NodeId[] = [focus];
  let truncated = false;
  for (let level = 0; layer.length > 0; level += 1) {
    const open = layer.filter((node) => node === focus || !LEAVES.has(splitNode(node)?.kind ?? 'run'));
    const found = await steps(reader, table, open);
    const next: NodeId[] = [];
    for (const edge of found) {
      const other = way === 'up' ? edge.from : edge.to;
      const known = seen.has(other);
      if (!known && (level >= depth || seen.size >= most)) {
        truncated = true;
        continue;
      }
      edges.set(`${edge.from}\n${edge.to}\n${edge.kind}`, edge);
      // Seen before: the edge is kept, and nothing is walked twice, so a circle ends here.
      if (known) continue;
      seen.add(other);
      next.push(other);
    }
    layer = next;
  }
  return { nodes: [...seen], edges: [...edges.values()], truncated };
}

export async function walk(
  reader: Reader,
  focus: NodeId,
  direction: Direction,
  bounds: { readonly depth: number; readonly most: number },
): Promise<Graph> {
  const ways = direction === 'both' ? (['up', 'down'] as const) : [direction];
  const graphs = await Promise.all(ways.map((way) => oneWay(reader, focus, way, bounds)));
  const edges = new Map(
    graphs.flatMap((graph) => graph.edges).map((edge) => [`${edge.from}\n${edge.to}\n${edge.kind}`, edge]),
  );
  return {
    nodes: [...new Set(graphs.flatMap((graph) => graph.nodes))],
    edges: [...edges.values()],
    truncated: graphs.some((graph) => graph.truncated),
  };
}
