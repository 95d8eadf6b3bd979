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

export interface GraphLayout {
  readonly nodes: readonly Placed[];
  readonly columns: number;
  readonly rows: number;
}

/** Column = longest way from a source; rows ordered by the mean row of what a node needs, so that edges cross little. */
export function layout(nodes: readonly GraphNode[]): GraphLayout {
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
  // A source stands just before its first user: a data set of the last step does not sit at the far left.
  for (const node of nodes) {
    if (node.needs.some((one) => byId.has(one))) continue;
    const users = nodes.filter((one) => one.needs.includes(node.id));
    if (users.length > 0)
      depths.set(node.id, Math.max(0, Math.min(...users.map((one) => depths.get(one.id) ?? 0)) - 1));
  }
  const columns = Math.max(0, ...depths.values()) + 1;
  const rowOf = new Map<string, number>();
  const placed: Placed[] = [];
  let rows = 1;
  for (let column = 0; column < columns; column += 1) {
    const here = nodes.filter((node) => depths.get(node.id) === column);
    const wish = (node: GraphNode): number => {
      const known = node.needs.map((one) => rowOf.get(one)).filter((v) => v !== undefined);
      return known.length === 0 ? 0 : known.reduce((a, b) => a + b, 0) / known.length;
    };
    here
      .toSorted((a, b) => wish(a) - wish(b))
      .forEach((node, row) => {
        rowOf.set(node.id, row);
        placed.push({ id: node.id, column, row });
      });
    rows = Math.max(rows, here.length);
  }
  return { nodes: placed, columns, rows };
}
