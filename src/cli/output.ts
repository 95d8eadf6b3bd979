/** How commands speak: results on stdout, progress and notes on stderr, JSON when asked, colour only on a terminal without NO_COLOR. */
import pc from 'picocolors';

export type Cell = string | number | undefined;

export interface Output {
  readonly json: boolean;
  readonly quiet: boolean;
  /** stderr is a terminal: bars may redraw. */
  readonly live: boolean;
  /** The result: `value` with --json, else the lines. */
  result(value: unknown, lines: () => readonly string[]): void;
  /** A line for the person, on stderr; nothing with --quiet. */
  note(line: string): void;
  /** A table for the person: columns are as wide as their widest cell; numbers stand right. */
  table(head: readonly string[], rows: readonly (readonly Cell[])[]): readonly string[];
  readonly paint: ReturnType<typeof pc.createColors>;
}

const ANSI = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

/** Cells that East Asian terminals draw two columns wide. */
function width(text: string): number {
  let sum = 0;
  for (const character of text.replaceAll(ANSI, '')) {
    const code = character.codePointAt(0) ?? 0;
    sum +=
      (code >= 0x1100 && code <= 0x115f) ||
      (code >= 0x2e80 && code <= 0xa4cf) ||
      (code >= 0xac00 && code <= 0xd7a3) ||
      (code >= 0xf900 && code <= 0xff60)
        ? 2
        : 1;
  }
  return sum;
}

/** Names come from users: a control character could steer the terminal. Tabs and line ends stay. */
export function safe(text: string): string {
  let clean = '';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const steers = (code < 32 && code !== 9 && code !== 10) || (code >= 127 && code < 160);
    clean += steers ? '?' : character;
  }
  return clean;
}

export function createOutput(options: {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly color: boolean;
}): Output {
  const paint = pc.createColors(options.color);
  return {
    json: options.json,
    quiet: options.quiet,
    live: process.stderr.isTTY && !options.json && !options.quiet,
    paint,
    result(value, lines) {
      process.stdout.write(options.json ? `${JSON.stringify(value, null, 2)}\n` : `${lines().join('\n')}\n`);
    },
    note(line) {
      if (!options.quiet) process.stderr.write(`${line}\n`);
    },
    table(head, rows) {
      const cells = rows.map((row) =>
        row.map((cell) => (cell === undefined ? '–' : typeof cell === 'number' ? number(cell) : cell)),
      );
      const right = head.map((_, column) => rows.some((row) => typeof row[column] === 'number'));
      const widths = head.map((title, column) =>
        Math.max(width(title), ...cells.map((row) => width(row[column] ?? ''))),
      );
      const line = (row: readonly string[]): string =>
        row
          .map((cell, column) => {
            const pad = ' '.repeat(Math.max(0, (widths[column] ?? 0) - width(cell)));
            return right[column] === true ? pad + cell : column === row.length - 1 ? cell : cell + pad;
          })
          .join('  ')
          .trimEnd();
      return [paint.dim(line(head)), ...cells.map(line)];
    },
  };
}

/** 5,819,079 · 0.4828 · −0.005 */
export function number(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString('en-US').replace('-', '−');
  const digits = Math.abs(value) >= 100 ? 1 : Math.abs(value) >= 1 ? 3 : 4;
  return value.toFixed(digits).replace('-', '−');
}

export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let size = value;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit] ?? ''}`;
}

export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
  return `${Math.floor(ms / 3_600_000)} h ${Math.round((ms % 3_600_000) / 60_000)} min`;
}

/** `2013-06-11 04:00`, in UTC or the reader's zone. */
export function time(at: number): string {
  const date = new Date(at);
  const two = (part: number): string => String(part).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

export function estimate(
  value: { readonly value: number; readonly low?: number; readonly high?: number } | undefined,
): string | undefined {
  if (value === undefined) return undefined;
  const interval =
    value.low === undefined || value.high === undefined ? '' : ` [${number(value.low)}, ${number(value.high)}]`;
  return number(value.value) + interval;
}
