/** What led to a thing and what it led to. */
import type { Handlers } from '../bind.ts';
import type { ApiDeps } from '../deps.ts';

type Mine = Pick<Handlers, 'lineage'>;

export function lineageHandlers({ lineage }: ApiDeps): Mine {
  return {
    lineage: async (_ctx, { query: { node, direction, depth } }) => {
      const found = await lineage.trace(node, {
        ...(direction === undefined ? {} : { direction }),
        ...(depth === undefined ? {} : { depth }),
      });
      return {
        focus: found.focus,
        nodes: found.nodes.map((one) => ({ ...one, facts: { ...one.facts } })),
        edges: found.edges.map((edge) => ({ ...edge })),
        truncated: found.truncated,
      };
    },
  };
}
