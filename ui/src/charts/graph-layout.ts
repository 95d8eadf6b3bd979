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

/** `sweeps`: how often the rows are ordered again by what comes after and before them; a wide graph wants a few. */
export function layout(nodes: readonly GraphNode[], sweeps = 0): GraphLayout {
  const column = columnsOf(nodes);
  const at = (id: string): number => column.get(id) ?? 0;
  const columns = Math.max(0, ...nodes.map((node) => at(node.id))) + 1;
  const parents = new Map<string, string[]>();
  const children = new Map<string, string[]>();
  const join = (from: string, to: string): void => {
    parents.set(to, [...(parents.get(to) ?? []), from]);
    children.set(from, [...(children.get(from) ?? []), to]);
  };
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
          join(last, bend);
        }
        via.push(bend);
        last = bend;
      }
      join(last, node.id);
      routes.push({ from: need, to: node.id, via });
    }
  }
  const places = new Map<string, Placed>();
  const arrange = (c: number, beside: ReadonlyMap<string, readonly string[]>): void => {
    // Ordered by the middle of what they are joined to, measured from the middle of that column, so that edges cross little.
    const wish = (id: string): number => {
      const known = (beside.get(id) ?? []).map((one) => places.get(one)).filter((one) => one !== undefined);
      return known.length === 0
        ? 0
        : known.reduce((sum, one) => sum + one.row - ((members[one.column]?.length ?? 1) - 1) / 2, 0) / known.length;
    };
    const ids = members[c] ?? [];
    const wishes = new Map(ids.map((id) => [id, wish(id)]));
    members[c] = ids.toSorted((a, b) => (wishes.get(a) ?? 0) - (wishes.get(b) ?? 0));
    members[c].forEach((id, row) => places.set(id, { id, column: c, row }));
  };
  for (let c = 0; c < columns; c += 1) arrange(c, parents);
  for (let sweep = 0; sweep < sweeps; sweep += 1) {
    for (let c = columns - 2; c >= 0; c -= 1) arrange(c, children);
    for (let c = 1; c < columns; c += 1) arrange(c, parents);
  }
  return { places, routes, columns, rows: members.map((ids) => ids.length) };
}
