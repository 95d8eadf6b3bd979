/** Time-sortable ids in the manner of ULID: 48 bits of time and 80 random bits in Crockford's base 32, lower case. */
import { randomBytes } from 'node:crypto';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const RANDOM_BITS = 80n;

function encode(value: bigint, length: number): string {
  let text = '';
  let rest = value;
  for (let index = 0; index < length; index += 1) {
    text = ALPHABET[Number(rest & 31n)] + text;
    rest >>= 5n;
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
  let lastTime = -1;
  let lastRandom = 0n;
  return {
    next(prefix) {
      const now = Math.max(0, Math.floor(clock.now()));
      if (now > lastTime) {
        lastTime = now;
        lastRandom = BigInt(`0x${randomBytes(10).toString('hex')}`);
      } else {
        // The same or an earlier millisecond: count on from the last id, so that order survives a clock that steps back.
        lastRandom += 1n;
        if (lastRandom >> RANDOM_BITS > 0n) {
          lastTime += 1;
          lastRandom = 0n;
        }
      }
      return `${prefix}_${encode(BigInt(lastTime), 10)}${encode(lastRandom, 16)}`;
    },
    hex(n) {
      return randomBytes(Math.ceil(n / 2))
        .toString('hex')
        .slice(0, n);
    },
  };
}
