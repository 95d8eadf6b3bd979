/** A digest of a table's rows that does not depend on their order or on the engine that keeps them. */
import { createHash } from 'node:crypto';
import { MillwrightError } from '../../domain/errors.ts';

const NULL = Buffer.from([0]);
const NUMBER = 1;
const TEXT = 2;
const BYTES = 3;
const MODULUS = 1n << 256n;

/** A number is its 8 bytes as a double, so a whole number is the same from a column of any numeric type; 0 and -0 are one. */
function encoded(value: unknown): readonly Buffer[] {
  if (value === null || value === undefined) return [NULL];
  if (typeof value === 'number' || typeof value === 'bigint') {
    const bytes = Buffer.alloc(9);
    bytes[0] = NUMBER;
    bytes.writeDoubleLE(Number(value) + 0, 1);
    return [bytes];
  }
  const head = Buffer.alloc(5);
  const body = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
  if (!(body instanceof Uint8Array)) throw new MillwrightError('MW-INTERNAL', `a column holds a ${typeof value}`);
  head[0] = typeof value === 'string' ? TEXT : BYTES;
  head.writeUInt32LE(body.byteLength, 1);
  return [head, Buffer.from(body.buffer, body.byteOffset, body.byteLength)];
}

/** About how many bytes a value takes. */
export function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  return value instanceof Uint8Array ? value.byteLength : 8;
}

export interface RowDigest {
  add(row: Readonly<Record<string, unknown>>): void;
  readonly rows: number;
  /** 64 hexadecimal digits. */
  value(): string;
}

/** The sum, modulo 2^256, of the SHA-256 of every row: rows may come in any order, and a row that is there twice counts twice. */
export function rowDigest(columns: readonly string[]): RowDigest {
  const sorted = columns.toSorted();
  let sum = 0n;
  let rows = 0;
  return {
    add(row) {
      const hash = createHash('sha256');
      for (const column of sorted) for (const part of encoded(row[column])) hash.update(part);
      sum = (sum + BigInt(`0x${hash.digest('hex')}`)) % MODULUS;
      rows += 1;
    },
    get rows() {
      return rows;
    },
    value: () => sum.toString(16).padStart(64, '0'),
  };
}
