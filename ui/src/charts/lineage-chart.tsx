import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import type { LineageGraph } from '../api/types.ts';
import { useText } from '../i18n/use-text.tsx';
import { ScrollX } from '../parts/scroll-x.tsx';
import { geometry } from './graph-geometry.ts';
import { layout } from './graph-layout.ts';
import { KindShape } from './lineage-shapes.tsx';
import { edgeKey, viewOf, type LineageEdge } from './lineage-view.ts';
import { linkWords } from './lineage-words.ts';
import { usePanZoom, type Camera } from './use-pan-zoom.ts';
import { useWidth } from './use-width.ts';

export interface LineageChartProps {
  readonly graph: LineageGraph;
  readonly label: string;
  readonly onFocus: (id: string) => void;
  /** Inside another page: folded earlier, no panning. */
  readonly small?: boolean;
  /** The keys were on a box before this graph came: they stay with the new focus. */
  readonly takeFocus?: boolean;
}

const NODE = 156;
const HIGH = 40;
const BACK_LANES = 5;
const cut = (text: string, length: number): string => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

interface Box {
  readonly id: string;
  readonly kind: LineageGraph['nodes'][number]['kind'];
  readonly name: string;
  readonly note: string;
  readonly folded: boolean;
}

function useBoxes(graph: LineageGraph, open: ReadonlySet<string> | 'all', small: boolean) {
  const { t, f } = useText();
  const view = useMemo(() => viewOf(graph, open, small), [graph, open, small]);
  const plan = useMemo(() => {
    const ids = [...view.nodes.map((one) => one.id), ...view.folds.map((one) => one.id)];
    const needs = new Map<string, string[]>();
    for (const edge of view.edges)
      if (!view.back.has(edgeKey(edge))) needs.set(edge.to, [...(needs.get(edge.to) ?? []), edge.from]);
    return layout(
      ids.map((id) => ({ id, needs: needs.get(id) ?? [] })),
      4,
    );
  }, [view]);
  const boxes: readonly Box[] = [
    ...view.nodes.map((one) => ({
      id: one.id,
      kind: one.kind,
      name: one.label,
      note: `${t(`lineage.kind.${one.kind}`)}${one.at === undefined ? '' : ` · ${f.when(one.at)}`}`,
      folded: false,
    })),
    ...view.folds.map((one) => ({
      id: one.id,
      kind: one.kind,
      name: t('lineage.fold', { n: one.count }),
      note: t(`lineage.kind.${one.kind}`),
      folded: true,
    })),
  ];
  return { view, plan, boxes };
}

/** An edge that closes a circle runs below everything, so that it crosses no box. */
function around(shape: ReturnType<typeof geometry>, edge: LineageEdge, index: number): string {
  const [a, b] = [shape.at.get(edge.from), shape.at.get(edge.to)];
  if (a === undefined || b === undefined) return '';
  const bottom = shape.height + 6 + (index % BACK_LANES) * 5;
  const [x1, y1, x2, y2] = [a.x + NODE, a.y + HIGH / 2, b.x, b.y + HIGH / 2];
  return `M${x1} ${y1}q12 0 12 12V${bottom - 8}q0 8 ${x2 < x1 ? -8 : 8} 8H${x2 - 12 + (x2 < x1 ? 8 : -8)}q${x2 < x1 ? -8 : 8} 0 ${x2 < x1 ? -8 : 8} -8V${y2 + 12}q0 -12 12 -12`;
}

interface DrawingProps {
  readonly graph: LineageGraph;
  readonly boxes: readonly Box[];
  readonly edges: readonly LineageEdge[];
  readonly back: ReadonlySet<string>;
  readonly routes: ReadonlyMap<string, readonly string[]>;
  readonly shape: ReturnType<typeof geometry>;
  readonly active: string;
  readonly onActive: (id: string) => void;
  readonly onPick: (box: Box) => void;
}

function Drawing({ graph, boxes, edges, back, routes, shape, active, onActive, onPick }: DrawingProps) {
  const { t } = useText();
  const [hot, setHot] = useState<string>();
  const lit = (edge: LineageEdge): boolean => hot === edgeKey(edge) || hot === edge.from || hot === edge.to;
  const drawn = edges.toSorted((a, b) => Number(lit(a)) - Number(lit(b)));
  return (
    <>
      {drawn.map((edge) => {
        const d = back.has(edgeKey(edge))
          ? around(shape, edge, [...back].indexOf(edgeKey(edge)))
          : shape.path(routes.get(edgeKey(edge)) ?? [edge.from, edge.to]);
        const on = lit(edge);
        return (
          <g key={edgeKey(edge)} onMouseEnter={() => setHot(edgeKey(edge))} onMouseLeave={() => setHot(undefined)}>
            <path
              d={d}
              fill="none"
              stroke={on ? 'var(--ink)' : 'var(--line-2)'}
              strokeWidth={on ? 1.8 : 1.3}
              strokeDasharray={back.has(edgeKey(edge)) ? '4 3' : undefined}
            />
            <path d={d} fill="none" stroke="transparent" strokeWidth="12" />
          </g>
        );
      })}
      {boxes.map((box) => {
        const place = shape.at.get(box.id);
        if (place === undefined) return null;
        const focus = box.id === graph.focus;
        const room = box.kind === 'dataset' || box.kind === 'environment' || box.kind === 'pipeline' ? 17 : 18;
        const inset = box.kind === 'run' || box.kind === 'release' || box.kind === 'endpoint' ? 12 : 16;
        return (
          <g
            key={box.id}
            transform={`translate(${place.x} ${place.y})`}
            className="node"
            role="button"
            tabIndex={box.id === active ? 0 : -1}
            data-node={box.id}
            aria-current={focus ? 'true' : undefined}
            onClick={() => onPick(box)}
            onFocus={() => {
              onActive(box.id);
              setHot(box.id);
            }}
            onBlur={() => setHot(undefined)}
            onMouseEnter={() => setHot(box.id)}
            onMouseLeave={() => setHot(undefined)}
          >
            <KindShape kind={box.kind} width={NODE} height={HIGH} focus={focus} folded={box.folded} />
            <text x={inset} y="17" fontSize="12.5" fontWeight={focus ? 640 : 560} fill="var(--ink)">
              {cut(box.name, room)}
              {box.name.length > room ? <title>{box.name}</title> : null}
            </text>
            <text x={inset} y="31" fontSize="10.5" fill="var(--ink-3)">
              {cut(box.note, 24)}
            </text>
          </g>
        );
      })}
      {drawn.filter(lit).map((edge) => {
        const [a, b] = [shape.at.get(edge.from), shape.at.get(edge.to)];
        if (a === undefined || b === undefined) return null;
        // At the far end from what is pointed at, so that the labels of many edges do not lie on each other.
        const alone =
          drawn.filter((one) => lit(one) && (hot === edge.from ? one.from === hot : one.to === hot)).length < 2;
        const share = alone ? 0.5 : hot === edge.from ? 0.74 : hot === edge.to ? 0.26 : 0.5;
        const x = a.x + NODE + (b.x - a.x - NODE) * share;
        const y = (share === 0.5 ? (a.y + b.y) / 2 : share > 0.5 ? b.y : a.y) + HIGH / 2 - 5;
        return (
          <text key={edgeKey(edge)} x={x} y={y} className="edgelabel" textAnchor="middle">
            {linkWords(edge.kinds, t)}
          </text>
        );
      })}
    </>
  );
}

const elementOf = (holder: SVGGElement | null, id: string): SVGGElement | undefined =>
  [...(holder?.querySelectorAll<SVGGElement>('[data-node]') ?? [])].find((one) => one.dataset['node'] === id);

/** Cause to effect, left to right; the focus is marked; older far parts are folded and open with a click. */
export function LineageChart({ graph, label, onFocus, small = false, takeFocus = false }: LineageChartProps) {
  const { t } = useText();
  const [open, setOpen] = useState<ReadonlySet<string> | 'all'>(new Set());
  const [active, setActive] = useState(graph.focus);
  const [ref, width] = useWidth<HTMLDivElement>(900);
  const { view, plan, boxes } = useBoxes(graph, open, small);
  const gap =
    plan.columns < 2
      ? 0
      : Math.max(small ? 44 : 64, Math.min(104, (width - 4 - plan.columns * NODE) / (plan.columns - 1)));
  const shape = useMemo(() => geometry(plan, { width: NODE, height: HIGH, pitch: 52, gap }), [plan, gap]);
  const routes = useMemo(
    () => new Map(plan.routes.map((one) => [edgeKey(one), [one.from, ...one.via, one.to]])),
    [plan],
  );
  const k = Math.min(1, Math.max(0.72, (width - 8) / shape.width));
  const below = view.back.size === 0 ? 0 : 12 + BACK_LANES * 5;
  const height = small ? shape.height + below : Math.max(200, Math.min((shape.height + below) * k + 24, 520));
  const fitted = useMemo((): Camera => {
    const focus = shape.at.get(graph.focus) ?? { x: 0, y: 0 };
    const place = (all: number, seen: number, at: number): number =>
      all * k <= seen ? (seen - all * k) / 2 : Math.min(4, Math.max(seen - all * k - 4, seen / 2 - at * k));
    return {
      k,
      x: place(shape.width, width, focus.x + NODE / 2),
      y: place(shape.height, height, focus.y + HIGH / 2),
    };
  }, [shape, k, width, height, graph.focus]);
  const { camera, setCamera, zoom, pan, drag, ref: svgRef } = usePanZoom(width, height, fitted);
  useEffect(() => setCamera(fitted), [fitted, setCamera]);
  const holder = useRef<SVGGElement>(null);
  const wanted = useRef(takeFocus ? graph.focus : undefined);
  useEffect(() => {
    if (wanted.current !== undefined) elementOf(holder.current, wanted.current)?.focus({ preventScroll: true });
    wanted.current = undefined;
  }, []);
  const unfold = (id: string): void => setOpen((was) => (was === 'all' ? was : new Set([...was, id])));
  const pick = (box: Box): void => (box.folded ? unfold(box.id) : onFocus(box.id));

  /** The nearest box in a direction: along an edge sideways, within the column up and down. */
  const beside = (key: string): string | undefined => {
    const here = shape.at.get(active);
    if (here === undefined) return boxes[0]?.id;
    const [sideways, way] = [
      key === 'ArrowLeft' || key === 'ArrowRight',
      key === 'ArrowRight' || key === 'ArrowDown' ? 1 : -1,
    ];
    const linked = new Set(
      view.edges.flatMap((edge) => (edge.from === active ? [edge.to] : edge.to === active ? [edge.from] : [])),
    );
    const found = boxes.flatMap((box) => {
      const at = shape.at.get(box.id);
      if (at === undefined || box.id === active) return [];
      const [dx, dy] = [at.x - here.x, at.y - here.y];
      if (sideways ? dx * way <= 0 : dy * way <= 0 || Math.abs(dx) > 4) return [];
      return [{ id: box.id, far: Math.abs(dx) + Math.abs(dy) + (sideways && !linked.has(box.id) ? 10_000 : 0) }];
    });
    return found.toSorted((a, b) => a.far - b.far)[0]?.id;
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { key } = event;
    if (key.startsWith('Arrow')) {
      event.preventDefault();
      if (event.shiftKey && !small) {
        pan(
          key === 'ArrowLeft' ? 60 : key === 'ArrowRight' ? -60 : 0,
          key === 'ArrowUp' ? 60 : key === 'ArrowDown' ? -60 : 0,
        );
        return;
      }
      const next = beside(key);
      if (next === undefined) return;
      elementOf(holder.current, next)?.focus({ preventScroll: !small });
      const at = shape.at.get(next);
      if (at === undefined || small) return;
      const [x, y] = [camera.x + at.x * camera.k, camera.y + at.y * camera.k];
      const dx = x < 8 ? 8 - x : Math.min(0, width - 8 - NODE * camera.k - x);
      const dy = y < 8 ? 8 - y : Math.min(0, height - 8 - HIGH * camera.k - y);
      if (dx !== 0 || dy !== 0) pan(dx, dy);
    } else if (key === 'Enter' || key === ' ') {
      event.preventDefault();
      const box = boxes.find((one) => one.id === active);
      if (box !== undefined) pick(box);
    } else if (!small && (key === '+' || key === '=')) {
      event.preventDefault();
      zoom(1.25);
    } else if (!small && key === '-') {
      event.preventDefault();
      zoom(0.8);
    } else if (!small && key === '0') {
      event.preventDefault();
      setCamera(fitted);
    }
  };
  const drawing = (
    <Drawing
      graph={graph}
      boxes={boxes}
      edges={view.edges}
      back={view.back}
      routes={routes}
      shape={shape}
      active={boxes.some((one) => one.id === active) ? active : graph.focus}
      onActive={setActive}
      onPick={pick}
    />
  );
  if (small)
    return (
      <div ref={ref}>
        <ScrollX>
          <svg
            width={Math.max(width, shape.width)}
            height={height}
            viewBox={`0 0 ${Math.max(width, shape.width)} ${height}`}
            role="group"
            aria-label={label}
            onKeyDown={onKey}
          >
            <g ref={holder}>{drawing}</g>
          </svg>
        </ScrollX>
      </div>
    );
  return (
    <div ref={ref} className="lingraph">
      <svg
        ref={svgRef}
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        role="group"
        aria-label={label}
        onKeyDown={onKey}
        {...drag}
      >
        <g ref={holder} transform={`translate(${camera.x} ${camera.y}) scale(${camera.k})`}>
          {drawing}
        </g>
      </svg>
      <div className="linbar">
        {view.folds.length === 0 && open !== 'all' ? null : (
          <button
            type="button"
            className="btn sm quiet"
            aria-pressed={open === 'all'}
            onClick={() => setOpen(open === 'all' ? new Set() : 'all')}
          >
            {open === 'all' ? t('lineage.folded') : t('lineage.unfold')}
          </button>
        )}
        <button type="button" className="btn sm quiet" aria-label={t('lineage.smaller')} onClick={() => zoom(0.8)}>
          −
        </button>
        <button type="button" className="btn sm quiet" onClick={() => setCamera(fitted)}>
          {Math.round(camera.k * 100)}%
        </button>
        <button type="button" className="btn sm quiet" aria-label={t('lineage.larger')} onClick={() => zoom(1.25)}>
          +
        </button>
      </div>
    </div>
  );
}
