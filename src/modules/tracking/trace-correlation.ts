/** How often two conditions meet on the same traces: normalized pointwise mutual information, as MLflow computes it. */

interface Counts {
  readonly total: number;
  readonly one: number;
  readonly two: number;
  readonly joint: number;
}

export interface TraceCorrelation extends Counts {
  /** -1 never together, 0 independent, 1 always together; NaN when one of them never holds. */
  readonly npmi: number;
  /** With half a trace added to each cell (Jeffreys' prior). */
  readonly npmiSmoothed: number;
}

/** Church and Hanks 1990, normalized by -log p(x, y) (Bouma 2009). */
function npmi({ total, one, two, joint }: Counts, added: number): number {
  const both = joint + added;
  const onlyOne = one - joint + added;
  const onlyTwo = two - joint + added;
  const all = total + 4 * added;
  const x = both + onlyOne;
  const y = both + onlyTwo;
  if (x <= 0 || y <= 0 || both <= 0) return Number.NaN;
  if (one === joint && two === joint && total === joint) return 1;
  const value = (Math.log(both) + Math.log(all) - Math.log(x) - Math.log(y)) / (Math.log(all) - Math.log(both));
  return Math.max(-1, Math.min(1, value));
}

export function correlationOf(counts: Counts): TraceCorrelation {
  const { total, one, two, joint } = counts;
  if (total <= 0 || one === 0 || two === 0 || total - one - two + joint < 0) {
    return { ...counts, npmi: Number.NaN, npmiSmoothed: Number.NaN };
  }
  return { ...counts, npmi: joint === 0 ? -1 : npmi(counts, 0), npmiSmoothed: npmi(counts, 0.5) };
}
