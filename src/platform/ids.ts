/** Time-sortable ids in the manner of ULID: 48 bits of time and 80 random bits in Crockford's base 32, lower case. */
import { randomBytes, randomFillSync } from 'node:crypto';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
/** 40 bits are 8 characters, and a number holds them exactly. */
const HALF = 2 ** 40;

/** The lowest `length` × 5 bits of a whole number below 2^53. */
function encode(value: number, length: number): string {
  let text = '';
  let rest = value;
  for (let index = 0; index < length; index += 1) {
    const next = Math.floor(rest / 32);
    text = ALPHABET.charAt(rest - next * 32) + text;
    rest = next;
  }
  return text;
}

export interface IdSource {
  /** `<prefix>_<26 characters>`; ids of one source sort in the order they were made, even when the clock steps back. */
  next(prefix: string): string;
  /** `n` random lower-case hex characters. */
  hex(n: number): string;
}

/** Ids from a clock (`now` in ms) and the operating system's random source. */
export function createIds(clock: { now(): number }): IdSource {
  // One call of the operating system for many ids: it costs more than all the rest of an id.
  const pool = Buffer.alloc(2500);
  let used = pool.length;
  let lastTime = -1;
  let lastTimeText = '';
  /** The random part in two halves of 40 bits. */
  let high = 0;
  let low = 0;
  let highText = '';

  function at(time: number): void {
    lastTime = time;
    lastTimeText = encode(time, 10);
  }

  function setHigh(value: number): void {
    high = value;
    highText = encode(value, 8);
  }

  /** Counts on from the last id, so that order survives a clock that steps back. */
  function countOn(): void {
    low += 1;
    if (low < HALF) return;
    low = 0;
    if (high + 1 < HALF) setHigh(high + 1);
    else {
      setHigh(0);
      at(lastTime + 1);
    }
  }

  return {
    next(prefix) {
      const now = Math.max(0, Math.floor(clock.now()));
      if (now > lastTime) {
        if (used === pool.length) {
          randomFillSync(pool);
          used = 0;
        }
        at(now);
        setHigh(pool.readUIntBE(used, 5));
        low = pool.readUIntBE(used + 5, 5);
        used += 10;
      } else countOn();
      return `${prefix}_${lastTimeText}${highText}${encode(low, 8)}`;
    },
    hex(n) {
      return randomBytes(Math.ceil(n / 2))
        .toString('hex')
        .slice(0, n);
    },
  };
}
