/** Layered layout of a small DAG, left to right, at most a few rows a column. */
export interface GraphNode {
  readonly id: string;
  readonly needs: readonly string[];
}

export interface Placed {
  readonly id: string;
  readonly column: number;
  readonly row: number;
}

/** An edge as the nodes and bends that it passes, in order. */
export interface Route {
  readonly from: string;
  readonly to: string;
  readonly via: readonly string[];
}

export interface GraphLayout {
  /** Nodes and the bends of long edges; a bend has a row of its own, so that no edge runs through a node. */
  readonly places: ReadonlyMap<string, Placed>;
  readonly routes: readonly Route[];
  readonly columns: number;
  /** Rows of each column. */
  readonly rows: readonly number[];
}

/** Longest way from a source, then moved as near to the first user as it goes. */
function columnsOf(nodes: readonly GraphNode[]): ReadonlyMap<string, number> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const depths = new Map<string, number>();
  const depth = (id: string, seen: ReadonlySet<string>): number => {
    const known = depths.get(id);
    if (known !== undefined) return known;
    const needs = byId.get(id)?.needs.filter((one) => byId.has(one) && !seen.has(one)) ?? [];
    const value = needs.length === 0 ? 0 : 1 + Math.max(...needs.map((one) => depth(one, new Set([...seen, id]))));
    depths.set(id, value);
    return value;
  };
  for (const node of nodes) depth(node.id, new Set());
  for (const node of nodes.toSorted((a, b) => (depths.get(b.id) ?? 0) - (depths.get(a.id) ?? 0))) {
    const users = nodes.filter((one) => one.needs.includes(node.id)).map((one) => depths.get(one.id) ?? 0);
    if (users.length > 0) depths.set(node.id, Math.max(depths.get(node.id) ?? 0, Math.min(...users) - 1));
  }
  return depths;
}

export function layout(nodes: readonly GraphNode[]): GraphLayout {
  const column = columnsOf(nodes);
  const at = (id: string): number => column.get(id) ?? 0;
  const columns = Math.max(0, ...nodes.map((node) => at(node.id))) + 1;
  const parents = new Map<string, string[]>();
  const members: string[][] = Array.from({ length: columns }, () => []);
  for (const node of nodes) members[at(node.id)]?.push(node.id);
  const routes: Route[] = [];
  for (const node of nodes) {
    for (const need of node.needs.filter((one) => column.has(one))) {
      const via: string[] = [];
      let last = need;
      for (let c = at(need) + 1; c < at(node.id); c += 1) {
        // Long edges of one node share their bends until they part.
        const bend = `${need}»${c}`;
        if (!parents.has(bend)) {
          members[c]?.push(bend);
          parents.set(bend, [last]);
        }
        via.push(bend);
        last = bend;
      }
      parents.set(node.id, [...(parents.get(node.id) ?? []), last]);
      routes.push({ from: need, to: node.id, via });
    }
  }
  const places = new Map<string, Placed>();
  members.forEach((ids, c) => {
    // Ordered by the middle of what they come from, measured from the middle of that column, so that edges cross little.
    const wish = (id: string): number => {
      const known = (parents.get(id) ?? []).map((one) => places.get(one)).filter((one) => one !== undefined);
      return known.length === 0
        ? 0
        : known.reduce((sum, one) => sum + one.row - ((members[one.column]?.length ?? 1) - 1) / 2, 0) / known.length;
    };
    ids.toSorted((a, b) => wish(a) - wish(b)).forEach((id, row) => places.set(id, { id, column: c, row }));
  });
  return { places, routes, columns, rows: members.map((ids) => ids.length) };
}
