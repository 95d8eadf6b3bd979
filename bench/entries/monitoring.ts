/** One evaluation over a log of 290,000 predictions in 300 files: a year of the flights demo. */
import {
  DAY,
  calibration,
  driftMonitor,
  projectOf,
  startWorld,
  towns,
  normal,
} from '../../test/fixtures/monitoring-world.ts';
import { createRandom } from '../../src/domain/statistics/random.ts';
import type { ColumnProfile } from '../../src/domain/datasets.ts';
import { type Entry, figure, median, timed } from '../figures.ts';

const START = Date.UTC(2013, 1, 26);
const DAYS = 300;

export const monitoring: Entry = async ({ quick }) => {
  const world = await startWorld();
  const rows = quick ? 97 : 967;
  for (let day = 0; day < DAYS; day += 1) await world.day(day, { rows });
  const random = createRandom(5);
  const files = { what: 'the rows of the log', value: DAYS * rows };
  const sample = Array.from({ length: 5000 }, () => ({ temp: normal(random), town: towns(random) }));
  world.use(profileOf(sample));
  const first = await timed(() => world.analytics.span('flights'));
  const spans: number[] = [];
  for (let i = 0; i < 20; i += 1) spans.push(await timed(() => world.analytics.span('flights')));
  const window = { from: START + 280 * DAY, to: START + 294 * DAY };
  const labelled: number[] = [];
  const columns: number[] = [];
  for (let i = 0; i < (quick ? 3 : 7); i += 1) {
    labelled.push(
      await timed(() =>
        world.analytics.labelled({ endpoint: 'flights', outcome: 'late', ...window, knownBy: window.to }),
      ),
    );
    columns.push(await timed(() => world.analytics.columns('flights', window.to - 7 * DAY, window.to, 20_000)));
  }
  const one = projectOf({ calibration });
  const all = await timed(() => world.monitoring.tick(one));
  const evaluated = (await world.monitoring.evaluations('flights/calibration', 1000)).length;
  const drift = await timed(() => world.monitoring.tick(projectOf({ drift: driftMonitor })));
  const drifts = (await world.monitoring.evaluations('flights/drift', 1000)).length;
  const idle: number[] = [];
  for (let i = 0; i < 20; i += 1) idle.push(await timed(() => world.monitoring.tick(one)));
  await world.end();
  return [
    figure('rows of the log', files.value, 'rows'),
    figure('first look at 300 files', first, 'ms'),
    figure('span of 300 known files', median(spans), 'ms'),
    figure('a tick with nothing due', median(idle), 'ms'),
    figure('reading 14 days with outcomes', median(labelled), 'ms'),
    figure('reading 7 days of columns', median(columns), 'ms'),
    figure('performance evaluation (14 days)', all / evaluated, 'ms', {
      what: 'reading alone',
      value: median(labelled),
    }),
    figure('drift evaluation (7 days)', drift / drifts, 'ms', { what: 'reading alone', value: median(columns) }),
  ];
};

function profileOf(sample: readonly { readonly temp: number; readonly town: string }[]): readonly ColumnProfile[] {
  const temps = sample.map((row) => row.temp).sort((a, b) => a - b);
  const edges = Array.from(
    { length: 11 },
    (_, i) => temps[Math.min(temps.length - 1, Math.floor((i / 10) * temps.length))] ?? 0,
  );
  const counts = edges
    .slice(1)
    .map((edge, i) => temps.filter((t) => t >= (edges[i] ?? 0) && (i === 9 ? t <= edge : t < edge)).length);
  const names = [...new Set(sample.map((row) => row.town))];
  const top = names.map((value) => ({ value, rows: sample.filter((row) => row.town === value).length }));
  const rows = sample.length;
  return [
    { name: 'temp', type: 'number', rows, missing: 0, distinct: rows, edges, counts, sample: temps },
    { name: 'town', type: 'string', rows, missing: 0, distinct: names.length, top, otherRows: 0 },
  ];
}
