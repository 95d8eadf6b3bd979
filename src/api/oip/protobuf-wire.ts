/**
 * The protobuf wire format (https://protobuf.dev/programming-guides/encoding), for the two messages of the data plane's hot path only:
 * reflection over a schema costs more than the model there. Everything else goes through @grpc/proto-loader.
 */
import { MillwrightError } from '../../domain/errors.ts';

function broken(): never {
  throw new MillwrightError('MW-INVALID', 'the message is not valid protobuf', {
    where: 'request',
    next: 'make the client from proto/inference.proto',
  });
}

export const VARINT = 0;
const FIXED64 = 1;
export const DELIMITED = 2;
const FIXED32 = 5;

/** Reads a message from its beginning to its end; every read is within the bytes or throws MW-INVALID. */
export class WireReader {
  readonly bytes: Buffer;
  at: number;
  readonly end: number;
  /** Of the field that `next` found. */
  wire = VARINT;

  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  /** The number of the next field; 0 at the end. */
  next(): number {
    if (this.at >= this.end) return 0;
    const key = this.varint();
    this.wire = key & 7;
    const field = key >>> 3;
    return field === 0 ? broken() : field;
  }

  /** Up to 2^53 exactly; a negative one (10 bytes) comes out as a large number: use `big` where that matters. */
  varint(): number {
    const { bytes } = this;
    let factor = 1;
    let value = 0;
    for (let count = 0; count < 10; count += 1) {
      if (this.at >= this.end) broken();
      const byte = bytes[this.at] ?? 0;
      this.at += 1;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
    return broken();
  }

  big(): bigint {
    const { bytes } = this;
    let value = 0n;
    for (let count = 0n; count < 10n; count += 1n) {
      if (this.at >= this.end) broken();
      const byte = bytes[this.at] ?? 0;
      this.at += 1;
      value |= BigInt(byte & 0x7f) << (7n * count);
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    return broken();
  }

  /** Of an int64 field, as a number. */
  int64(): number {
    const start = this.at;
    const value = this.varint();
    if (value <= Number.MAX_SAFE_INTEGER) return value;
    this.at = start;
    return Number(BigInt.asIntN(64, this.big()));
  }

  private span(): number {
    if (this.wire !== DELIMITED) broken();
    const length = this.varint();
    if (length > this.end - this.at) broken();
    return length;
  }

  text(): string {
    const length = this.span();
    this.at += length;
    return this.bytes.toString('utf8', this.at - length, this.at);
  }

  view(): Buffer {
    const length = this.span();
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  message(): WireReader {
    const length = this.span();
    this.at += length;
    return new WireReader(this.bytes, this.at - length, this.at);
  }

  double(): number {
    if (this.end - this.at < 8) broken();
    this.at += 8;
    return this.bytes.readDoubleLE(this.at - 8);
  }

  skip(): void {
    if (this.wire === VARINT) this.varint();
    else if (this.wire === DELIMITED) this.at += this.span();
    else if (this.wire === FIXED32 || this.wire === FIXED64) this.at += this.wire === FIXED32 ? 4 : 8;
    else broken();
    if (this.at > this.end) broken();
  }
}

/** Grows by doubling; `take` gives what was written. */
export class WireWriter {
  private bytes: Buffer;
  private at = 0;

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafe(Math.max(size, 64));
  }

  private room(size: number): void {
    if (this.at + size <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.at + size));
    this.bytes.copy(larger, 0, 0, this.at);
    this.bytes = larger;
  }

  /** A whole number from 0 to 2^53. */
  varint(value: number): void {
    this.room(10);
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.at] = (rest % 128) | 0x80;
      this.at += 1;
      rest = Math.floor(rest / 128);
    }
    this.bytes[this.at] = rest;
    this.at += 1;
  }

  big(value: bigint): void {
    this.room(10);
    let rest = BigInt.asUintN(64, value);
    while (rest >= 0x80n) {
      this.bytes[this.at] = Number(rest & 0x7fn) | 0x80;
      this.at += 1;
      rest >>= 7n;
    }
    this.bytes[this.at] = Number(rest);
    this.at += 1;
  }

  tag(field: number, wire: number): void {
    this.varint(field * 8 + wire);
  }

  text(field: number, value: string): void {
    this.tag(field, DELIMITED);
    const length = Buffer.byteLength(value);
    this.varint(length);
    this.room(length);
    this.at += this.bytes.write(value, this.at, 'utf8');
  }

  chunk(field: number, value: Buffer): void {
    this.tag(field, DELIMITED);
    this.varint(value.length);
    this.room(value.length);
    this.at += value.copy(this.bytes, this.at);
  }

  take(): Buffer {
    return this.bytes.subarray(0, this.at);
  }
}
