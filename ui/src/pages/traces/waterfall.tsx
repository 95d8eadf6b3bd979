import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useEffect, useId, useMemo, useRef } from 'react';
import { useText } from '../../i18n/use-text.tsx';
import { StatusMark } from '../../parts/status-mark.tsx';
import { timeMarks, took } from './durations.ts';
import type { SpanNode, SpanTree } from './span-tree.ts';

const INDENT = 14;
const MOST_INDENT = 18;
/** The axis above the rows, which scrolls with nothing. */
const HEAD = 28;
/** Part of the whole below which a stretch is narrower than a pixel. */
const SEEN = 1 / 400;

interface RowProps {
  readonly id: string;
  readonly node: SpanNode;
  readonly total: number;
  readonly start: number;
  readonly height: number;
  readonly selected: boolean;
  readonly folded: boolean;
  readonly place: number;
  readonly among: number;
  readonly onSelect: (id: string) => void;
  readonly onFold: (id: string) => void;
}

const share = (part: number, total: number): string => `${Math.max(0, Math.min(100, (part / total) * 100))}%`;

/** Memoized: while the tree scrolls, only rows that come into view are made. */
const Row = memo(function Row(props: RowProps) {
  const { id, node, total, start, height, selected, folded, place, among, onSelect, onFold } = props;
  const { t, f } = useText();
  const { span } = node;
  const running = span.durationUs === undefined;
  const failed = span.status === 'ERROR';
  const width = Math.max(node.endUs - span.startUs, 0);
  return (
    <div
      id={id}
      role="treeitem"
      aria-level={node.depth + 1}
      aria-setsize={among}
      aria-posinset={place}
      aria-selected={selected}
      aria-expanded={node.children.length === 0 ? undefined : !folded}
      className={`wr${selected ? ' sel' : ''}`}
      style={{ transform: `translateY(${start}px)`, height }}
      onClick={(event) => {
        const arrow = event.target instanceof Element && event.target.closest('.fold.open,.fold.shut') !== null;
        if (arrow) onFold(span.id);
        else onSelect(span.id);
      }}
      onDoubleClick={() => onFold(span.id)}
    >
      <span className="wn" style={{ paddingLeft: Math.min(node.depth, MOST_INDENT) * INDENT }}>
        {node.children.length === 0 ? <i className="fold" /> : <i className={folded ? 'fold shut' : 'fold open'} />}
        {failed ? (
          <>
            <StatusMark kind="failed" size={12} />
            <span className="sr">{t('mark.failed')}</span>
          </>
        ) : folded && node.failed ? (
          <StatusMark kind="warning" size={12} />
        ) : null}
        <span className="t" title={span.name}>
          {span.name}
        </span>
        {span.type === 'UNKNOWN' ? null : <span className="ty">{span.type}</span>}
        {folded ? <span className="ty">+{f.int(below(node))}</span> : null}
      </span>
      <span className="wb" aria-hidden="true">
        <i
          className={`bar1${failed ? ' e' : ''}${running ? ' run' : ''}`}
          style={{ left: share(span.startUs, total), width: share(width, total) }}
        />
        {node.waits
          .filter(([from, to]) => to - from > total * SEEN)
          .map(([from, to]) => (
            <i
              key={from}
              className={`wait1${failed ? ' e' : ''}`}
              style={{ left: share(from, total), width: share(to - from, total) }}
            />
          ))}
      </span>
      <span className="num">{span.durationUs === undefined ? t('span.running') : took(span.durationUs, f)}</span>
    </div>
  );
});

function below(node: SpanNode): number {
  let count = 0;
  const stack = [...node.children];
  for (;;) {
    const next = stack.pop();
    if (next === undefined) return count;
    count += 1;
    stack.push(...next.children);
  }
}

export interface WaterfallProps {
  readonly tree: SpanTree;
  readonly rows: readonly SpanNode[];
  readonly selected: string | undefined;
  readonly folded: ReadonlySet<string>;
  readonly narrow: boolean;
  readonly onSelect: (id: string) => void;
  readonly onFold: (id: string) => void;
}

/** The tree of spans on one time axis; 5,000 of them cost what is seen. */
export function Waterfall({ tree, rows, selected, folded, narrow, onSelect, onFold }: WaterfallProps) {
  const { t, f } = useText();
  const prefix = useId();
  const box = useRef<HTMLDivElement>(null);
  const height = narrow ? 46 : 26;
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => height,
    overscan: 12,
    scrollMargin: HEAD,
    scrollPaddingStart: HEAD,
  });
  useEffect(() => virtual.measure(), [virtual, height]);
  const places = useMemo(() => new Map(rows.map((node, i) => [node.span.id, i])), [rows]);
  const index = places.get(selected ?? '') ?? -1;
  useEffect(() => {
    if (index >= 0) virtual.scrollToIndex(index, { align: 'auto' });
  }, [index, virtual]);
  const marks = useMemo(() => timeMarks(tree.total, narrow ? 3 : 5), [tree.total, narrow]);
  return (
    <div
      className="wf"
      ref={box}
      style={{
        height: `min(${rows.length * height + 32}px, ${narrow ? '56vh' : 'calc(100vh - 300px)'})`,
        minHeight: Math.min(rows.length * height + 32, 240),
      }}
    >
      <div className="wh" aria-hidden="true">
        <span className="wn">{t('trace.span')}</span>
        <span className="wb">
          {marks.map((at) => (
            <i key={at} className={at > tree.total * 0.92 ? 'tick r' : 'tick'} style={{ left: share(at, tree.total) }}>
              {at === 0 ? '0' : took(at, f)}
            </i>
          ))}
        </span>
        <span className="num">{t('span.took')}</span>
      </div>
      <div
        role="tree"
        aria-label={t('trace.spans')}
        tabIndex={0}
        aria-activedescendant={index < 0 ? undefined : `${prefix}-${index}`}
        className="wt"
        style={{ height: virtual.getTotalSize() }}
      >
        {virtual.getVirtualItems().map((item) => {
          const node = rows[item.index];
          if (node === undefined) return null;
          const among = node.parent?.children ?? tree.roots;
          return (
            <Row
              key={node.span.id}
              id={`${prefix}-${item.index}`}
              node={node}
              total={tree.total}
              start={item.start - HEAD}
              height={height}
              selected={item.index === index}
              folded={folded.has(node.span.id)}
              place={node.place}
              among={among.length}
              onSelect={onSelect}
              onFold={onFold}
            />
          );
        })}
      </div>
    </div>
  );
}
