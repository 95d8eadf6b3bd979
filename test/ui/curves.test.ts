/** The numbers behind the curves and the addresses that hold a view. */
import { expect, test } from 'vitest';
import { banded, nearest, rangeOf, smoothed, type Line } from '../../ui/src/charts/curve-lines.ts';
import { readBrushes, readCompareSearch, viewOf, writeBrushes } from '../../ui/src/pages/runs/compare-search.ts';
import { readCurveView, writeCurveView } from '../../ui/src/pages/runs/curve-view.ts';
import { columnsOf, columnsText, conditionsOf, fieldOf } from '../../ui/src/pages/runs/runs-search.ts';

const line = (xs: readonly number[], ys: readonly (number | null)[]): Line => ({
  id: 'a',
  name: 'a',
  color: '',
  xs,
  ys,
});

test('smoothing starts at the first value, not at zero, and leaves gaps as gaps', () => {
  expect(smoothed([5, 5, 5], 0.9).map((y) => Number(y?.toFixed(9)))).toEqual([5, 5, 5]);
  expect(smoothed([1, null, 3], 0)).toEqual([1, null, 3]);
  const [first, gap, last] = smoothed([1, null, 3], 0.5);
  expect(first).toBe(1);
  expect(gap).toBeNull();
  // (0.5 · 0.5 · 1 + 0.5 · 3) / (1 − 0.25)
  expect(last).toBeCloseTo(7 / 3, 12);
});

test('the range is of what is drawn: inside the zoom, above zero on a log scale, with its band', () => {
  const one = line([0, 1, 2, 3], [100, 1, 2, -50]);
  expect(rangeOf([one], 1, 2, false)).toEqual([1, 2]);
  expect(rangeOf([one], 0, 3, true)).toEqual([1, 100]);
  expect(rangeOf([{ ...one, low: [0, 0, 0, 0], high: [0, 9, 0, 0] }], 1, 2, false)).toEqual([0, 9]);
  expect(rangeOf([one], 7, 9, false)).toBeUndefined();
});

test('the value under the hairline is the nearest point, and none beyond the line', () => {
  const one = line([0, 10, 20], [1, 2, null]);
  expect(nearest(one, 6, 5)).toEqual({ x: 10, y: 2 });
  expect(nearest(one, 4, 5)).toEqual({ x: 0, y: 1 });
  expect(nearest(one, 40, 5)).toBeUndefined();
  expect(nearest(one, 20, 5)).toBeUndefined();
});

test('a band is mean and spread where at least half of the runs have a point', () => {
  const runs = [line([0, 1], [1, 2]), line([0, 1], [3, 4]), line([0, 2], [5, 9])];
  expect(banded(runs, 'range')).toEqual({ xs: [0, 1], ys: [3, 3], low: [1, 2], high: [5, 4] });
  expect(banded(runs, 'sd').low[0]).toBeCloseTo(1, 12);
});

test('a view survives its address', () => {
  const view = { x: 'relative', log: true, smooth: 0.6, zoom: [1.5, 20] } as const;
  expect(readCurveView(writeCurveView(view))).toEqual(view);
  expect(readCurveView({ zoom: '9..3', smooth: '7', x: 'no' })).toEqual({
    x: 'step',
    log: false,
    smooth: 0,
    zoom: undefined,
  });
  const brushes = [
    { field: 'params.a:b', from: -0.5, to: 1e-7 },
    { field: 'metrics.val/loss', from: 3, to: 4.25 },
  ];
  expect(readBrushes(writeBrushes(brushes))).toEqual(brushes);
  expect(readBrushes('params.x:1;nonsense;params.y:a:b')).toEqual([]);
  expect(viewOf(readCompareSearch({ runs: 'a,b', y: 'log', x: 'time' }))).toMatchObject({ log: true, x: 'time' });
});

test('columns survive their address; the first ones leave the system out', () => {
  const text = 'm.val/loss~120,p.lr,t.mlflow.user';
  const keys = { metrics: [{ key: 'system/cpu' }, { key: 'auc' }], params: [{ key: 'lr' }] };
  expect(columnsText(columnsOf(text, keys))).toBe(text);
  expect(columnsOf('', keys).map((one) => one.name)).toEqual(['auc', 'lr']);
  expect(columnsOf('x.1,m.,m.ok', keys)).toEqual([{ kind: 'metric', name: 'ok' }]);
  expect(fieldOf({ kind: 'metric', name: 'val/loss' })).toBe('metrics.`val/loss`');
  expect(conditionsOf("params.a = 'x and y' and metrics.b < 1")).toEqual(["params.a = 'x and y'", 'metrics.b < 1']);
});
