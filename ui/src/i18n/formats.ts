import type { Language } from './language.ts';

export interface Formats {
  /** 5,819,079 */
  int(value: number): string;
  /** Significant digits that suit the size: 0.4371, 11.4, 3 × 10⁻⁷; a true minus. */
  num(value: number, decimals?: number): string;
  /** With its sign, for differences. */
  signed(value: number, decimals?: number): string;
  /** 0.25 → 25%; small shares keep two decimals. */
  pct(share: number): string;
  /** [0.41, 0.52] */
  interval(low: number, high: number, decimals?: number): string;
  /** 1 h 33 min, 41 s, 340 ms */
  duration(ms: number): string;
  bytes(bytes: number): string;
  /** Short time, with the day where it is not today and the year where it is not this one. */
  when(at: number, now?: number): string;
  clock(at: number): string;
  /** Day only, with the year where it is not this one. */
  day(at: number): string;
  full(at: number): string;
}

const minus = (text: string): string => text.replace('-', '−');
const SUPER = '⁰¹²³⁴⁵⁶⁷⁸⁹';

function power(value: number): string {
  const exponent = Math.floor(Math.log10(Math.abs(value)));
  const digits = String(Math.abs(exponent)).replace(/\d/g, (digit) => SUPER[Number(digit)] ?? '');
  return minus(`${Number((value / 10 ** exponent).toPrecision(2))} × 10${exponent < 0 ? '⁻' : ''}${digits}`);
}

/** Making a format costs a hundred times what using it does, and a table has hundreds of cells. */
const FIXED = new Map<number, Intl.NumberFormat>();

function fixed(places: number): Intl.NumberFormat {
  const known = FIXED.get(places);
  if (known !== undefined) return known;
  const made = new Intl.NumberFormat('en-US', { minimumFractionDigits: places, maximumFractionDigits: places });
  FIXED.set(places, made);
  return made;
}

function plain(value: number, decimals?: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (decimals === undefined && size !== 0 && (size < 0.0005 || size >= 1e9)) return power(value);
  const small = size >= 1 ? 2 : size >= 0.1 ? 3 : 4;
  const places = decimals ?? (Number.isInteger(value) || size >= 100 ? 0 : size >= 10 ? 1 : small);
  return minus(fixed(places).format(value));
}

const UNITS = {
  en: { d: ' d', h: ' h', min: ' min', s: ' s', ms: ' ms' },
  ko: { d: '일', h: '시간', min: '분', s: '초', ms: ' ms' },
} as const;

function duration(ms: number, language: Language): string {
  const unit = UNITS[language];
  if (ms < 1000) return `${ms < 10 ? Number(ms.toFixed(1)) : Math.round(ms)}${unit.ms}`;
  if (ms < 10_000) return `${Number((ms / 1000).toFixed(1))}${unit.s}`;
  const seconds = Math.round(ms / 1000);
  const [d, h, m, s] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
    seconds % 60,
  ];
  const parts: [number, string][] = [
    [d, unit.d],
    [h, unit.h],
    [m, unit.min],
    [s, unit.s],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  return parts
    .slice(first, first + 2)
    .filter(([value]) => value > 0)
    .map(([value, name]) => `${value}${name}`)
    .join(' ');
}

function bytes(size: number): string {
  const names = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = size;
  let index = 0;
  while (value >= 1000 && index < names.length - 1) {
    value /= 1000;
    index += 1;
  }
  return `${index === 0 || value >= 100 ? Math.round(value) : Number(value.toFixed(1))} ${names[index]}`;
}

export function formats(language: Language): Formats {
  const locale = language === 'ko' ? 'ko-KR' : 'en-GB';
  const clock = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const weekday = new Intl.DateTimeFormat(locale, { weekday: 'short' });
  const day = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' });
  const dayYear = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', year: 'numeric' });
  const full = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' });
  const dayOf = (at: number): string =>
    (new Date(at).getFullYear() === new Date().getFullYear() ? day : dayYear).format(at);
  return {
    int: (value) => minus(Math.round(value).toLocaleString('en-US')),
    num: plain,
    signed: (value, decimals) => (value > 0 ? `+${plain(value, decimals)}` : plain(value, decimals)),
    pct: (share) =>
      `${minus(String(Number((share * 100).toFixed(Math.abs(share) < 0.01 ? 2 : Math.abs(share) < 0.1 ? 1 : 0))))}%`,
    interval: (low, high, decimals) => `[${plain(low, decimals)}, ${plain(high, decimals)}]`,
    duration: (ms) => duration(Math.max(0, ms), language),
    bytes,
    when: (at, now = Date.now()) => {
      if (new Date(at).toDateString() === new Date(now).toDateString()) return clock.format(at);
      if (now - at < 6 * 86_400_000 && at <= now) return `${weekday.format(at)} ${clock.format(at)}`;
      return dayOf(at);
    },
    clock: (at) => clock.format(at),
    day: dayOf,
    full: (at) => full.format(at),
  };
}
