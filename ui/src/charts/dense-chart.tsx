import { useEffect, useRef, useSyncExternalStore } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { decimalsOf, spread } from './scale.ts';
import type { LineChartProps } from './line-chart.tsx';

/** A token's value, for canvas, which knows no variables. */
function resolved(color: string): string {
  const name = /var\((--[\w-]+)\)/.exec(color)?.[1];
  return name === undefined ? color : getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Values of all series on the union of their x; undefined = no point here, so that lines are joined over it. */
function aligned(props: LineChartProps): uPlot.AlignedData {
  const xs = [...new Set(props.series.flatMap((one) => one.points.map((p) => p.x)))].toSorted((a, b) => a - b);
  const columns = props.series.map((one) => {
    const at = new Map(one.points.map((p) => [p.x, p.y]));
    return xs.map((v) => at.get(v));
  });
  return [xs, ...columns];
}

/** Names at the ends of the lines, pushed apart, as in the SVG form. */
function endLabels(plot: uPlot, props: LineChartProps): void {
  const ratio = devicePixelRatio;
  const known = props.series.map((one) => one.points.findLast((p) => p.y !== null));
  const wanted = known.map((p) => plot.valToPos(p?.y ?? 0, 'y', true));
  const { top, height, left, width } = plot.bbox;
  const places = spread(wanted, 13 * ratio, top, top + height);
  plot.ctx.save();
  plot.ctx.font = `550 ${11 * ratio}px "Inter Variable", sans-serif`;
  plot.ctx.textBaseline = 'middle';
  plot.ctx.textAlign = 'left';
  props.series.forEach((one, i) => {
    plot.ctx.fillStyle = resolved(one.color);
    plot.ctx.fillText(one.name, left + width + 7 * ratio, places[i] ?? top);
  });
  plot.ctx.restore();
}

function onTheme(change: () => void): () => void {
  const observer = new MutationObserver(change);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  return () => observer.disconnect();
}

export function DenseChart(props: LineChartProps) {
  // A canvas keeps the colours it was drawn with: another theme draws it again.
  const theme = useSyncExternalStore(onTheme, () => document.documentElement.dataset['theme']);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const axis = {
      stroke: resolved('var(--ink-3)'),
      font: '10.5px "Inter Variable", sans-serif',
      ticks: { stroke: resolved('var(--line-2)'), size: 4 },
    };
    const plot = new uPlot(
      {
        width: props.width,
        height: props.height ?? 208,
        legend: { show: false },
        padding: [8, 66, 0, 0],
        hooks: { draw: [(plotted) => endLabels(plotted, props)] },
        scales: { x: { time: props.xKind === 'time' } },
        ms: 1,
        cursor: { drag: { x: false, y: false } },
        axes: [
          { ...axis, grid: { show: false } },
          {
            ...axis,
            size: 56,
            grid: { stroke: resolved('var(--line)'), width: 1 },
            values: (_, values) => values.map((v) => props.format(v, decimalsOf(values))),
          },
        ],
        series: [
          {},
          ...props.series.map((one) => ({
            label: one.name,
            stroke: resolved(one.color),
            width: one.thin ? 1.3 : 1.6,
            ...(one.dash === undefined ? {} : { dash: one.dash.split(' ').map(Number) }),
            points: { show: false },
            spanGaps: true,
          })),
        ],
      },
      aligned(props),
      element,
    );
    return () => plot.destroy();
  }, [props, theme]);
  return <div ref={box} role="img" aria-label={props.label} style={{ height: props.height ?? 208 }} />;
}
