/**
 * Texts collected without keeping a string each: a code for texts that repeat, bytes for those that do not. Strings that live until
 * the next write are what the garbage collector would spend its time on.
 */
import type { LogValues } from '../../ports/prediction-log.ts';

const DICTIONARY_LIMIT = 4096;
const FIRST_CELLS = 256;

export interface TextBytes {
  push(text: string): void;
  readonly bytes: number;
  values(width: number, part: number, repeat?: Uint32Array): LogValues;
}

/** UTF-8, one text after the other. */
export function createTextBytes(): TextBytes {
  let buffer = Buffer.allocUnsafeSlow(8192);
  let ends = new Uint32Array(FIRST_CELLS);
  let used = 0;
  let count = 0;
  let shared: Extract<LogValues, { kind: 'bytes' }> | undefined;
  return {
    push(text) {
      const most = used + text.length * 3;
      if (most > buffer.length) {
        const next = Buffer.allocUnsafeSlow(Math.max(buffer.length * 2, most));
        buffer.copy(next, 0, 0, used);
        buffer = next;
      }
      used += buffer.write(text, used);
      if (count === ends.length) {
        const next = new Uint32Array(ends.length * 2);
        next.set(ends);
        ends = next;
      }
      ends[count] = used;
      count += 1;
    },
    get bytes() {
      return used + count * 4;
    },
    values(width, part, repeat) {
      // The parts of a wide input share one copy.
      if (part === 0 || shared === undefined) {
        const bytes = new Uint8Array(used);
        bytes.set(buffer.subarray(0, used));
        shared = { kind: 'bytes', bytes, ends: ends.slice(0, count), width, part };
      }
      return { ...shared, part, ...(repeat === undefined ? {} : { repeat }) };
    },
  };
}

export interface TextColumn {
  push(text: string): void;
  readonly bytes: number;
  values(width: number, part: number): LogValues;
}

export function createTextColumn(): TextColumn {
  const codeOf = new Map<string, number>();
  let codes = new Uint16Array(FIRST_CELLS);
  let count = 0;
  let dictionaryBytes = 0;
  let plain: TextBytes | undefined;
  let shared: Uint16Array | undefined;

  /** Too many different texts: what was coded so far is written out. */
  function writeOut(): TextBytes {
    const texts = [...codeOf.keys()];
    const made = createTextBytes();
    for (let index = 0; index < count; index += 1) made.push(texts[codes[index] ?? 0] ?? '');
    codeOf.clear();
    dictionaryBytes = 0;
    return made;
  }

  return {
    push(text) {
      if (plain !== undefined) {
        plain.push(text);
        return;
      }
      let code = codeOf.get(text);
      if (code === undefined) {
        code = codeOf.size;
        if (code >= DICTIONARY_LIMIT || (count === 512 && code > 384)) {
          plain = writeOut();
          plain.push(text);
          return;
        }
        codeOf.set(text, code);
        dictionaryBytes += text.length * 2 + 64;
      }
      if (count === codes.length) {
        const next = new Uint16Array(codes.length * 2);
        next.set(codes);
        codes = next;
      }
      codes[count] = code;
      count += 1;
    },
    get bytes() {
      return plain?.bytes ?? count * 2 + dictionaryBytes;
    },
    values(width, part) {
      if (plain !== undefined) return plain.values(width, part);
      if (part === 0 || shared === undefined) shared = codes.slice(0, count);
      return { kind: 'coded', codes: shared, of: [...codeOf.keys()], width, part };
    },
  };
}
