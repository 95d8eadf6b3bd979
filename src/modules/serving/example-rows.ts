/** A few real rows of a release, for its documentation and its playground: of its golden rows, else of the first small call that was logged. */
import { rowsOf } from '../../domain/tensor-data.ts';
import type { Tensor } from '../../domain/tensors.ts';

export const EXAMPLE_ROWS = 16;

/** A copy: the tensors may be views of a request's body, which would stay in memory with them. Undefined when there is no whole row. */
export function exampleRows(tensors: readonly Tensor[]): readonly Tensor[] | undefined {
  const rows = rowsOf(tensors);
  const taken = Math.min(rows, EXAMPLE_ROWS);
  if (taken < 1 || tensors.some((tensor) => tensor.shape[0] !== rows || tensor.data.length === 0)) return undefined;
  return tensors.map((tensor) => ({
    ...tensor,
    shape: [taken, ...tensor.shape.slice(1)],
    data: tensor.data.slice(0, (tensor.data.length / rows) * taken),
  }));
}

/** What of a route is looked at: the route table itself imports what loads releases, and those this file. */
interface SharedOut {
  readonly weights: readonly {
    readonly slot: { readonly example: readonly Tensor[] | undefined };
    readonly percent: number;
  }[];
  readonly document: { readonly log?: { readonly redact: readonly string[] } };
}

/** Of the release with the largest share, without the columns that the route redacts; empty when none is known. */
export function exampleOf(route: SharedOut): readonly Tensor[] {
  const [slot] = [...route.weights].sort((a, b) => b.percent - a.percent);
  const redact = route.document.log?.redact ?? [];
  return (slot?.slot.example ?? []).filter((tensor) => !redact.includes(tensor.name));
}
