/** Spans as a tree, and which of them the trace waited for. Clients send what they like, so parents may be missing or go in circles. */
import type { SpanOutline } from '../../api/trace-queries.ts';

export interface SpanNode {
  readonly span: SpanOutline;
  readonly parent: SpanNode | undefined;
  readonly depth: number;
  readonly children: SpanNode[];
  /** Among its siblings, 1 first. */
  readonly place: number;
  readonly endUs: number;
  /** Stretches in which nothing below it ran and everything above waited for it. */
  readonly waits: (readonly [from: number, to: number])[];
  /** How long together. */
  waited: number;
  /** It or one below it failed. */
  failed: boolean;
}

export interface SpanTree {
  readonly roots: readonly SpanNode[];
  readonly byId: ReadonlyMap<string, SpanNode>;
  /** µs from the first start to the last end, at least 1. */
  readonly total: number;
  /** What the trace waited for longest. */
  readonly longest: SpanNode | undefined;
  /** The deepest failure, which those above it come from; of several the first. */
  readonly cause: SpanNode | undefined;
}

const byStart = (a: SpanOutline, b: SpanOutline): number => a.startUs - b.startUs || (a.id < b.id ? -1 : 1);

/** `now`: where spans that still run end on the axis, µs after the first start. */
export function spanTree(spans: readonly SpanOutline[], now = 0): SpanTree {
  const ids = new Set(spans.map((span) => span.id));
  const childrenOf = new Map<string, SpanOutline[]>();
  for (const span of spans) {
    const { parentId } = span;
    const key = parentId !== undefined && parentId !== span.id && ids.has(parentId) ? parentId : '';
    const children = childrenOf.get(key);
    if (children === undefined) childrenOf.set(key, [span]);
    else children.push(span);
  }
  const byId = new Map<string, SpanNode>();
  const roots: SpanNode[] = [];
  const last = Math.max(1, now, lastEnd(spans));
  const add = (span: SpanOutline): void => {
    const stack: { span: SpanOutline; parent: SpanNode | undefined }[] = [{ span, parent: undefined }];
    for (;;) {
      const item = stack.pop();
      if (item === undefined) return;
      if (byId.has(item.span.id)) continue;
      const node: SpanNode = {
        span: item.span,
        parent: item.parent,
        depth: item.parent === undefined ? 0 : item.parent.depth + 1,
        children: [],
        place: (item.parent?.children ?? roots).length + 1,
        endUs: item.span.durationUs === undefined ? last : item.span.startUs + item.span.durationUs,
        waits: [],
        waited: 0,
        failed: false,
      };
      byId.set(item.span.id, node);
      (item.parent?.children ?? roots).push(node);
      const below = childrenOf.get(item.span.id)?.toSorted(byStart) ?? [];
      for (const child of below.toReversed()) stack.push({ span: child, parent: node });
    }
  };
  for (const root of childrenOf.get('')?.toSorted(byStart) ?? []) add(root);
  // What is left goes in circles: each circle hangs from its earliest.
  for (const span of spans.toSorted(byStart)) add(span);
  for (const node of byId.values()) {
    if (node.span.status !== 'ERROR') continue;
    for (let at: SpanNode | undefined = node; at !== undefined && !at.failed; at = at.parent) at.failed = true;
  }
  markWaits(roots, last);
  let longest: SpanNode | undefined;
  let cause: SpanNode | undefined;
  for (const node of byId.values()) {
    if (node.waited > (longest?.waited ?? 0)) longest = node;
    if (node.span.status !== 'ERROR') continue;
    const deeper = cause === undefined || node.depth > cause.depth;
    if (deeper || (node.depth === cause?.depth && node.span.startUs < cause.span.startUs)) cause = node;
  }
  return { roots, byId, total: last, longest, cause };
}

function lastEnd(spans: readonly SpanOutline[]): number {
  let most = 0;
  for (const span of spans) most = Math.max(most, span.startUs + (span.durationUs ?? 0));
  return most;
}

/**
 * The critical path, from its end backwards: of what runs at a moment, the deepest that ended last is what the rest waited for.
 * Without recursion, since a trace may be thousands deep.
 */
function markWaits(roots: readonly SpanNode[], end: number): void {
  const stack: { node: SpanNode | undefined; from: number; until: number }[] = [
    { node: undefined, from: 0, until: end },
  ];
  for (;;) {
    const item = stack.pop();
    if (item === undefined) return;
    const { node, from, until } = item;
    let cursor = until;
    const below = (node?.children ?? roots).toSorted((a, b) => b.endUs - a.endUs);
    for (const child of below) {
      const to = Math.min(child.endUs, cursor);
      const start = Math.max(child.span.startUs, from);
      if (to <= start) continue;
      if (node !== undefined && to < cursor) mark(node, to, cursor);
      stack.push({ node: child, from: start, until: to });
      cursor = start;
      if (cursor <= from) break;
    }
    if (node !== undefined && cursor > from) mark(node, from, cursor);
  }
}

function mark(node: SpanNode, from: number, to: number): void {
  node.waits.push([from, to]);
  node.waited += to - from;
}

/** The rows that are seen, from the top. */
export function visibleRows(tree: SpanTree, folded: ReadonlySet<string>): readonly SpanNode[] {
  const rows: SpanNode[] = [];
  const stack = tree.roots.toReversed();
  for (;;) {
    const node = stack.pop();
    if (node === undefined) return rows;
    rows.push(node);
    if (!folded.has(node.span.id)) for (const child of node.children.toReversed()) stack.push(child);
  }
}
