import { useQuery } from '@tanstack/react-query';
import { runQueries, type WireCurve } from '../../api/run-queries.ts';
import type { Run } from '../../api/types.ts';
import { banded, smoothed, type Line } from '../../charts/curve-lines.ts';
import { category } from '../../charts/series-mark.tsx';
import { useText } from '../../i18n/use-text.tsx';
import { Waiting } from '../../parts/states.tsx';
import { CurveFigure } from './curve-figure.tsx';
import { lineOf, rangeAsked, type CurveView } from './curve-view.ts';
import { lookOf, nameOf, valueOf } from './compare-data.ts';

export interface CompareCurvesProps {
  readonly runs: readonly Run[];
  readonly metrics: readonly string[];
  readonly view: CurveView;
  readonly onView: (view: CurveView) => void;
  /** Runs with the same value of this field become one band. */
  readonly band: string;
  readonly spread: 'sd' | 'range';
  readonly focus: string | undefined;
  readonly onFocus: (id: string | undefined) => void;
  readonly height?: number;
}

const MOST_BANDS = 6;

/** One line for the runs of each value, with the spread around it. */
function bandsOf(
  runs: readonly Run[],
  curves: ReadonlyMap<string, WireCurve>,
  props: CompareCurvesProps,
  others: string,
): readonly Line[] {
  const groups = new Map<string, Run[]>();
  for (const run of runs) {
    const value = String(valueOf(run, props.band) ?? '—');
    const there = groups.get(value);
    if (there === undefined) groups.set(value, [run]);
    else there.push(run);
  }
  const sorted = [...groups].toSorted(([, a], [, b]) => b.length - a.length);
  const kept = sorted.slice(0, MOST_BANDS);
  const rest = sorted.slice(MOST_BANDS).flatMap(([, members]) => members);
  const all = rest.length === 0 ? kept : [...kept, [others, rest] as const];
  return all.flatMap(([value, members], i) => {
    const lines = members.flatMap((run) => {
      const curve = curves.get(run.id);
      return curve === undefined
        ? []
        : [lineOf(curve, { ...props.view, smooth: 0 }, { id: run.id, name: run.name, color: '' })];
    });
    if (lines.length === 0) return [];
    const { xs, ys, low, high } = banded(lines, props.spread);
    const { color, dash, shape } = category(i);
    return [
      {
        id: value,
        name: `${value} n ${lines.length}`,
        color,
        dash,
        shape,
        xs,
        ys: smoothed(ys, props.view.smooth),
        low: smoothed(low, props.view.smooth),
        high: smoothed(high, props.view.smooth),
      },
    ];
  });
}

/** The curves of all runs over each other, one figure a metric. */
export function CompareCurves(props: CompareCurvesProps) {
  const { runs, metrics, view, onView, band, focus, onFocus, height } = props;
  const { t } = useText();
  const answer = useQuery(
    runQueries.curves(
      runs.map((run) => run.id),
      metrics,
      {
        maxPoints: runs.length > 20 ? 400 : 1000,
        range: rangeAsked(view),
        live: runs.some((run) => run.status === 'RUNNING'),
      },
    ),
  );
  if (metrics.length === 0) return <p className="mut">{t('compare.curve.none')}</p>;
  if (answer.data === undefined) return <Waiting rows={4} what={t('run.curves')} />;
  const drawn = metrics.flatMap((metric) => {
    const own = new Map(answer.data.curves.filter((one) => one.key === metric).map((one) => [one.run, one]));
    if (![...own.values()].some((one) => one.points.length > 1)) return [];
    const points = [...own.values()].reduce((sum, one) => sum + one.points.length, 0);
    const total = [...own.values()].reduce((sum, one) => sum + one.total, 0);
    const lines =
      band === ''
        ? runs.flatMap((run, i) => {
            const curve = own.get(run.id);
            return curve === undefined
              ? []
              : [lineOf(curve, view, { id: run.id, name: run.name, ...lookOf(i, runs.length) })];
          })
        : bandsOf(runs, own, props, t('compare.others'));
    return [{ metric, lines, points, total }];
  });
  if (drawn.length === 0) return <p className="mut">{t('compare.curve.none')}</p>;
  return (
    <div className="curves">
      {drawn.map(({ metric, lines, points, total }) => (
        <CurveFigure
          key={metric}
          title={
            <>
              <b>{metric}</b>{' '}
              <span className="dim">
                {total > points ? t('run.sampled', { shown: points, total }) : ''}
                {band === '' ? '' : ` ${nameOf(band)}`}
              </span>
            </>
          }
          metric={metric}
          lines={lines}
          view={view}
          onView={onView}
          sync="compare"
          focus={focus}
          onFocus={onFocus}
          {...(height === undefined ? {} : { height })}
        />
      ))}
    </div>
  );
}
