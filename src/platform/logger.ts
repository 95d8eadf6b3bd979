/** Structured log lines by pino, safe to print: secrets are replaced by key, and no character can steer a terminal. */
import { pino } from 'pino';
import type { DestinationStream } from 'pino';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** A logger that adds these fields to each line. */
  child(fields: Readonly<Record<string, unknown>>): Logger;
}

const SECRET = /authorization|token|password|passwd|secret|cookie|api[-_]?key|credential/i;
const REDACTED = '[redacted]';
const DEEPEST = 8;
const LONGEST_TEXT = 16_384;

/** JSON escapes the controls below U+0020 itself; these are DEL, the C1 controls, line separators and bidirectional overrides. */
const CONTROL = /[\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;

function escaped(text: string): string {
  return text.replaceAll(CONTROL, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function cleanText(text: string): string {
  const short = text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}… (${text.length} characters)` : text;
  return short.replaceAll(/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, `$1 ${REDACTED}`);
}

function clean(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return cleanText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= DEEPEST) return '[deeper]';
  if (Array.isArray(value)) return value.map((item) => clean(item, depth + 1));
  if (value instanceof Error) {
    const fields: Record<string, unknown> = {
      type: value.name,
      message: cleanText(value.message),
      stack: cleanText(value.stack ?? ''),
    };
    for (const [key, item] of Object.entries(value)) fields[key] = SECRET.test(key) ? REDACTED : clean(item, depth + 1);
    if (value.cause !== undefined) fields['cause'] = clean(value.cause, depth + 1);
    return fields;
  }
  if (value instanceof Uint8Array) return `[${value.byteLength} bytes]`;
  if (value instanceof Date) return value.toISOString();
  const fields: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) fields[key] = SECRET.test(key) ? REDACTED : clean(item, depth + 1);
  return fields;
}

/** Log lines (JSON, one a line) at `level` and above, to `destination` or to standard error. `silent` writes nothing. */
export function createLogger(options: { readonly level: LogLevel; readonly destination?: DestinationStream }): Logger {
  const target = options.destination ?? pino.destination({ dest: 2, sync: true });
  const root = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => target.write(escaped(line)) },
  );

  function logger(bound: Readonly<Record<string, unknown>>): Logger {
    const at = (level: Exclude<LogLevel, 'silent'>) => (fields: object, message: string) => {
      if (!root.isLevelEnabled(level)) return;
      const all = fields instanceof Error ? { ...bound, error: fields } : { ...bound, ...fields };
      root[level](clean(all, 0) as object, cleanText(message));
    };
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: (more) => logger({ ...bound, ...more }),
    };
  }

  return logger({});
}
