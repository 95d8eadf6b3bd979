/** What led to a thing and what it led to: data, environment → run → model → version → release → alert → the run it caused. */
import type { Stores } from '../../ports/metadata-store.ts';
import type { Edge } from './causes.ts';
import { describeNode, type LineageNode } from './describe.ts';
import type { NodeId } from './node-id.ts';
import { createReader } from './reader.ts';
import { resolveNode } from './resolve.ts';
import type { Served } from './served.ts';
import { type Direction, walk } from './walk.ts';

export type { LineageNode } from './describe.ts';

/** Nodes of one answer, in each direction. */
const MOST_NODES = 300;
const DEPTH = 12;

export interface LineageAnswer {
  readonly focus: NodeId;
  /** By time, then name; a thing that is gone is there with the fact `state: gone`. */
  readonly nodes: readonly LineageNode[];
  /** From cause to effect. */
  readonly edges: readonly Edge[];
  readonly truncated: boolean;
}

export interface Lineage {
  /** Which release of an endpoint served when. */
  served(endpoint: string): Promise<readonly Served[]>;
  /** `what`: any id a person would type, or `kind:id`. Throws MW-NOT-FOUND, MW-CONFLICT (ambiguous) with the candidates. */
  trace(what: string, asked?: { readonly direction?: Direction; readonly depth?: number }): Promise<LineageAnswer>;
}

export function createLineage({ store }: { readonly store: Stores }): Lineage {
  return {
    served: (endpoint) => createReader(store).served(endpoint),
    async trace(what, { direction = 'both', depth = DEPTH } = {}) {
      const reader = createReader(store);
      const focus = await resolveNode(reader, what);
      const graph = await walk(reader, focus, direction, { depth, most: MOST_NODES });
      const said = await Promise.all(graph.nodes.map((node) => describeNode(reader, node)));
      const nodes = said.flatMap((node) => (node === undefined ? [] : [node]));
      return {
        focus,
        nodes: nodes.toSorted((a, b) => (a.at ?? 0) - (b.at ?? 0) || (a.id < b.id ? -1 : 1)),
        edges: graph.edges,
        truncated: graph.truncated,
      };
    },
  };
}
