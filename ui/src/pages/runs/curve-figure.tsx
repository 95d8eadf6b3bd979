import { useState, type ReactNode } from 'react';
import { lastKnown, nearest, type Line } from '../../charts/curve-lines.ts';
import { Curves } from '../../charts/curves.tsx';
import { Figure } from '../../charts/figure.tsx';
import { useText } from '../../i18n/use-text.tsx';
import type { CurveView } from './curve-view.ts';

export interface CurveFigureProps {
  readonly title: ReactNode;
  readonly metric: string;
  readonly lines: readonly Line[];
  readonly view: CurveView;
  readonly onView: (view: CurveView) => void;
  readonly height?: number;
  readonly sync: string;
  readonly focus?: string | undefined;
  readonly onFocus?: ((id: string | undefined) => void) | undefined;
}

const TABLE_ROWS = 200;

/** Curves of one metric with their numbers as a table. */
export function CurveFigure(props: CurveFigureProps) {
  const { title, metric, lines, view, onView, height = 168, sync } = props;
  const { t, f } = useText();
  const [own, setOwn] = useState<string>();
  const focus = props.focus ?? own;
  const formatX = (value: number): string =>
    view.x === 'step' ? f.int(value) : view.x === 'relative' ? f.duration(value * 1000) : f.clock(value * 1000);
  const xs = [...new Set(lines.flatMap((line) => line.xs))].toSorted((a, b) => a - b);
  const every = Math.max(1, Math.ceil(xs.length / TABLE_ROWS));
  const said = lines
    .slice(0, 5)
    .map((line) => {
      const last = lastKnown(line);
      return `${line.name} ${last === undefined ? t('unknown') : f.num(last)}`;
    })
    .join(', ');
  return (
    <Figure
      caption={title}
      table={{
        head: [
          view.x === 'step' ? t('run.step') : t(view.x === 'time' ? 'curves.time' : 'curves.relative'),
          ...lines.map((line) => line.name),
        ],
        rows: xs
          .filter((_, i) => i % every === 0 || i === xs.length - 1)
          .map((x) => [formatX(x), ...lines.map((line) => nearest(line, x, 0)?.y ?? '')]),
      }}
      firstWidth={400}
    >
      {(width) => (
        <Curves
          width={width}
          height={height}
          label={`${metric}: ${said}`}
          lines={lines}
          xKind={view.x}
          log={view.log}
          zoom={view.zoom}
          onZoom={(zoom) => onView({ ...view, zoom })}
          format={(value, decimals) => f.num(value, decimals)}
          formatX={formatX}
          sync={sync}
          focus={focus}
          onFocus={props.onFocus ?? setOwn}
        />
      )}
    </Figure>
  );
}
