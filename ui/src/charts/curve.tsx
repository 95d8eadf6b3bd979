import { lazy, Suspense } from 'react';
import { LineChart, type LineChartProps } from './line-chart.tsx';

const Dense = lazy(() => import('./dense-chart.tsx').then((module) => ({ default: module.DenseChart })));

/** Few points are drawn as SVG; more than 2,000 by uPlot, which is loaded only then. The look is the same. */
export function Curve(props: LineChartProps) {
  const points = props.series.reduce((sum, one) => sum + one.points.length, 0);
  if (points <= 2000) return <LineChart {...props} />;
  return (
    <Suspense fallback={<div style={{ height: props.height ?? 208 }} />}>
      <Dense {...props} />
    </Suspense>
  );
}
