import { describe, expect, it } from 'vitest';
import type { SpanOutline } from '../../ui/src/api/trace-queries.ts';
import { spanTree, visibleRows } from '../../ui/src/pages/traces/span-tree.ts';

const span = (id: string, parentId: string | undefined, startUs: number, durationUs?: number, status = 'OK') =>
  ({
    id,
    ...(parentId === undefined ? {} : { parentId }),
    name: id,
    type: 'UNKNOWN',
    status: status as SpanOutline['status'],
    startUs,
    ...(durationUs === undefined ? {} : { durationUs }),
    events: 0,
  }) satisfies SpanOutline;

const waits = (spans: readonly SpanOutline[]) => {
  const tree = spanTree(spans);
  return Object.fromEntries([...tree.byId].map(([id, node]) => [id, node.waits.toSorted((a, b) => a[0] - b[0])]));
};

describe('what a trace waited for', () => {
  it('is each moment exactly once: the deepest that the rest waited for', () => {
    expect(
      waits([
        span('root', undefined, 0, 100),
        span('a', 'root', 10, 30),
        span('b', 'root', 50, 40),
        span('b1', 'b', 60, 10),
      ]),
    ).toEqual({
      root: [
        [0, 10],
        [40, 50],
        [90, 100],
      ],
      a: [[10, 40]],
      b: [
        [50, 60],
        [70, 90],
      ],
      b1: [[60, 70]],
    });
  });

  it('passes over what ran beside something longer', () => {
    const found = waits([span('root', undefined, 0, 100), span('long', 'root', 0, 100), span('short', 'root', 10, 20)]);
    expect(found).toEqual({ root: [], long: [[0, 100]], short: [] });
  });

  it('ends with the parent where a child outlives it, and goes on to the end of the trace', () => {
    const found = waits([span('root', undefined, 0, 50), span('late', 'root', 40, 100)]);
    const total = Object.values(found)
      .flat()
      .reduce((sum, [from, to]) => sum + (to ?? 0) - (from ?? 0), 0);
    expect(total).toBe(50);
  });
});

describe('the tree', () => {
  it('shows a span whose parent never came, one that is its own parent, and a circle', () => {
    const tree = spanTree([
      span('orphan', 'nobody', 0, 10),
      span('self', 'self', 1, 10),
      span('x', 'y', 2, 10),
      span('y', 'x', 3, 10),
    ]);
    expect(visibleRows(tree, new Set()).map((node) => [node.span.id, node.depth])).toEqual([
      ['orphan', 0],
      ['self', 0],
      ['x', 0],
      ['y', 1],
    ]);
  });

  it('finds the cause, and says above it that something below failed', () => {
    const tree = spanTree([
      span('root', undefined, 0, 100, 'ERROR'),
      span('mid', 'root', 0, 90),
      span('leaf', 'mid', 0, 80, 'ERROR'),
    ]);
    expect(tree.cause?.span.id).toBe('leaf');
    expect(tree.byId.get('mid')?.failed).toBe(true);
    expect(visibleRows(tree, new Set(['root']))).toHaveLength(1);
  });

  it('takes 50,000 spans, one below the other', () => {
    const spans = Array.from({ length: 50_000 }, (_, i) =>
      span(`s${i}`, i === 0 ? undefined : `s${i - 1}`, i, 200_000 - 2 * i),
    );
    const tree = spanTree(spans);
    expect(visibleRows(tree, new Set())).toHaveLength(50_000);
    expect(tree.longest?.span.id).toBe('s49999');
  });
});
