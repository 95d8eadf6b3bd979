import type { Formats } from '../../i18n/formats.ts';

/** A span may take microseconds: 340 µs, then as everywhere. */
export function took(us: number, f: Formats): string {
  if (us === 0) return '0';
  if (us < 1) return `${Math.round(us * 1000)} ns`;
  return us < 1000 ? `${Math.round(us)} µs` : f.duration(us / 1000);
}

/** Marks of an axis that begins at 0: about `count`, at 1, 2 or 5 times a power of ten. */
export function timeMarks(most: number, count: number): readonly number[] {
  if (most <= 0) return [0];
  const rough = most / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * (rough / power > 5 ? 10 : rough / power > 2 ? 5 : rough / power > 1 ? 2 : 1);
  const marks: number[] = [];
  for (let at = 0; at <= most * 1.0001; at += step) marks.push(at);
  return marks;
}
