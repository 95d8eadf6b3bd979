import type { Formats } from '../../i18n/formats.ts';

/** Four decimals for what is near one, so that a column of scores can be compared; the rest as everywhere. */
export function figure(f: Formats, value: number): string {
  const size = Math.abs(value);
  return f.num(value, size < 10 && size >= 0.0005 && !Number.isInteger(value) ? 4 : undefined);
}
