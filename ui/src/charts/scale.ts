/** Scales and ticks. Pure numbers: a value in, a pixel out. */
export type Scale = (value: number) => number;

export function linear(from: readonly [number, number], to: readonly [number, number]): Scale {
  const span = from[1] - from[0] || 1;
  return (value) => to[0] + ((value - from[0]) / span) * (to[1] - to[0]);
}

/** Round ticks, about `count` of them, that cover [low, high]. */
export function ticks(low: number, high: number, count = 4): readonly number[] {
  const span = high - low || Math.abs(high) || 1;
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5, 10].find((one) => one * power >= rough) ?? 10);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** Decimals that tell the ticks apart, and no more. */
export function decimalsOf(marks: readonly number[]): number {
  const step = Math.abs((marks[1] ?? 1) - (marks[0] ?? 0)) || 1;
  const places = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
  return Math.abs(step * 10 ** places - Math.round(step * 10 ** places)) > 1e-6 ? places + 1 : places;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  1000,
  5000,
  10_000,
  30_000,
  MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
  2 * DAY,
  7 * DAY,
  14 * DAY,
  28 * DAY,
  56 * DAY,
  91 * DAY,
  182 * DAY,
  364 * DAY,
];

/** Ticks at round times of the reader's zone. */
export function timeTicks(
  from: number,
  to: number,
  count: number,
): readonly { readonly at: number; readonly step: number }[] {
  const step = STEPS.find((one) => (to - from) / one <= count) ?? STEPS.at(-1) ?? DAY;
  // Days start at the reader's midnight; shorter steps are multiples of themselves after it.
  const midnight = new Date(from).setHours(0, 0, 0, 0);
  const first = Math.ceil((from - midnight) / step);
  const all: { at: number; step: number }[] = [];
  for (let i = first; midnight + i * step <= to; i += 1) all.push({ at: midnight + i * step, step });
  return all;
}

/** The text of a time tick; the day stands where it changes. */
export function timeLabel(at: number, step: number, language: string, before: number | undefined): string {
  const locale = language === 'ko' ? 'ko-KR' : 'en-GB';
  const day = new Date(at).toLocaleDateString(locale, { day: 'numeric', month: 'short' });
  if (step >= DAY) return day;
  const clock = new Date(at).toLocaleTimeString(locale, {
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    ...(step < MINUTE ? { second: '2-digit' } : {}),
  });
  const changed = before !== undefined && new Date(before).toDateString() !== new Date(at).toDateString();
  return changed ? `${day} ${clock}` : clock;
}

/** Moves labels apart so that none is nearer than `gap` to the next; keeps their order and the range. */
export function spread(wanted: readonly number[], gap: number, low: number, high: number): readonly number[] {
  const order = wanted.map((_, i) => i).toSorted((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0));
  const placed = [...wanted];
  let floor = low;
  for (const i of order) {
    placed[i] = Math.max(placed[i] ?? 0, floor);
    floor = (placed[i] ?? 0) + gap;
  }
  let ceiling = high;
  for (const i of order.toReversed()) {
    placed[i] = Math.min(placed[i] ?? 0, ceiling);
    ceiling = (placed[i] ?? 0) - gap;
  }
  return placed;
}

/** One decimal place of a pixel is enough, and keeps the document small. */
export const px = (value: number): number => Math.round(value * 10) / 10;
