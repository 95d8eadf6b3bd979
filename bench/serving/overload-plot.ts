/**
 * The overload curve as a picture: `node bench/serving/overload-plot.ts bench/results/<date>.json docs/images/overload.svg`. Two
 * panels over the load that was asked, in percent of the peak: answers a second, and the time the accepted ones took.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Figure } from '../figures.ts';

interface Results {
  readonly date: string;
  readonly machine: { readonly cores: number; readonly cpu: string; readonly load: number };
  readonly outcomes: readonly { readonly entry: string; readonly figures: readonly Figure[] }[];
}

const [from = '', to = ''] = process.argv.slice(2);
const results = JSON.parse(readFileSync(from, 'utf8')) as Results;
const figures = results.outcomes.find((one) => one.entry === 'serving-load')?.figures ?? [];
const valueOf = (name: string): number => figures.find((one) => one.name === name)?.value ?? Number.NaN;
const shares = figures.flatMap(({ name }) => /^goodput at (\d+) %/.exec(name)?.[1] ?? []).map(Number);
if (shares.length === 0) throw new Error(`${from} has no serving-load figures`);
const peak = figures.find((one) => one.name.startsWith('peak of'))?.value ?? 1;

const WIDTH = 720;
const PANEL = { left: 64, right: 24, height: 170 };
const xOf = (share: number): number => PANEL.left + (share / 200) * (WIDTH - PANEL.left - PANEL.right);

function panel(
  top: number,
  title: string,
  unit: string,
  lines: readonly (readonly [string, (share: number) => number])[],
): string {
  const most = Math.max(...lines.flatMap(([, value]) => shares.map(value))) * 1.15;
  const step = 10 ** Math.floor(Math.log10(most));
  const ticks = Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step);
  const yOf = (value: number): number => top + PANEL.height - (value / most) * (PANEL.height - 24);
  const grid = ticks.map(
    (tick) =>
      `<line x1="${PANEL.left}" x2="${WIDTH - PANEL.right}" y1="${yOf(tick)}" y2="${yOf(tick)}" class="grid"/><text x="${PANEL.left - 8}" y="${yOf(tick) + 4}" text-anchor="end">${tick.toLocaleString('en')}</text>`,
  );
  const marks = shares.map(
    (share) => `<text x="${xOf(share)}" y="${top + PANEL.height + 18}" text-anchor="middle">${share} %</text>`,
  );
  const paths = lines.map(([label, value], index) => {
    const points = shares.map((share) => `${xOf(share).toFixed(1)},${yOf(value(share)).toFixed(1)}`);
    const last = shares.at(-1) ?? 200;
    return `<polyline points="${points.join(' ')}" class="line${index}"/><text x="${xOf(last) - 4}" y="${yOf(value(last)) - 8}" text-anchor="end" class="label${index}">${label}</text>`;
  });
  return `<text x="${PANEL.left}" y="${top + 6}" class="title">${title} <tspan class="unit">${unit}</tspan></text>${grid.join('')}${marks.join('')}${paths.join('')}`;
}

const asked = (share: number): number => (peak * share) / 100;
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} 470" font-family="system-ui, sans-serif" font-size="12">
<style>
  svg { background: #fff } text { fill: #5f6b6b } .title { fill: #1b2021; font-size: 14px; font-weight: 600 } .unit { fill: #5f6b6b; font-weight: 400 }
  .grid { stroke: #e3e7e7 } polyline { fill: none; stroke-width: 2 } .line0 { stroke: #2d6a8f } .line1 { stroke: #b9c2c2; stroke-dasharray: 4 4 } .label0 { fill: #2d6a8f }
  @media (prefers-color-scheme: dark) { svg { background: #16191a } text { fill: #9aa5a5 } .title { fill: #eef1f1 } .grid { stroke: #2b3031 } .line0 { stroke: #7fb6d6 } .label0 { fill: #7fb6d6 } }
</style>
<title>Answers a second and latency of the accepted, from half of the peak to twice the peak</title>
${panel(24, 'Answers', 'a second, by the load that was asked', [
  ['answered', (share) => valueOf(`goodput at ${share} % of the peak`)],
  ['asked', asked],
])}
${panel(250, 'p99 of the accepted', 'ms', [['p99', (share) => valueOf(`p99 of the accepted at ${share} %`)]])}
<text x="${PANEL.left}" y="460">${results.machine.cores} × ${results.machine.cpu}, load ${results.machine.load}, ${results.date.slice(0, 10)}; heavy model, 16 rows a call</text>
</svg>
`;
writeFileSync(to, svg);
