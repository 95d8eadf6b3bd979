/** Thrift's compact protocol, as much as a Parquet footer needs. https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md */

export type ThriftValue =
  | { readonly type: 'i32' | 'i64'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'binary'; readonly value: Uint8Array | string }
  | { readonly type: 'list'; readonly of: 'i32' | 'binary' | 'struct'; readonly values: readonly ThriftValue[] }
  | { readonly type: 'struct'; readonly fields: readonly (readonly [id: number, value: ThriftValue])[] };

export const i32 = (value: number): ThriftValue => ({ type: 'i32', value });
export const i64 = (value: number): ThriftValue => ({ type: 'i64', value });
export const binary = (value: Uint8Array | string): ThriftValue => ({ type: 'binary', value });
export const struct = (...fields: (readonly [number, ThriftValue | undefined])[]): ThriftValue => ({
  type: 'struct',
  fields: fields.filter((field): field is readonly [number, ThriftValue] => field[1] !== undefined),
});
export const list = (of: 'i32' | 'binary' | 'struct', values: readonly ThriftValue[]): ThriftValue => ({
  type: 'list',
  of,
  values,
});

const CODES = { i32: 5, i64: 6, binary: 8, list: 9, struct: 12 } as const;

/** Unsigned LEB128; exact to 2^53. */
export function varint(out: number[], value: number): void {
  let rest = value;
  while (rest >= 0x80) {
    out.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  out.push(rest);
}

const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);

function write(out: number[], item: ThriftValue): void {
  switch (item.type) {
    case 'i32':
    case 'i64':
      varint(out, zigzag(item.value));
      return;
    case 'bool':
      return;
    case 'binary': {
      const bytes = typeof item.value === 'string' ? Buffer.from(item.value, 'utf8') : item.value;
      varint(out, bytes.length);
      for (const byte of bytes) out.push(byte);
      return;
    }
    case 'list': {
      const { length } = item.values;
      if (length < 15) out.push((length << 4) | CODES[item.of]);
      else {
        out.push(0xf0 | CODES[item.of]);
        varint(out, length);
      }
      for (const value of item.values) write(out, value);
      return;
    }
    case 'struct': {
      let last = 0;
      for (const [id, value] of item.fields) {
        // Booleans are their own field type; fields are written in ascending order of their ids.
        const code = value.type === 'bool' ? (value.value ? 1 : 2) : CODES[value.type];
        const delta = id - last;
        if (delta > 0 && delta <= 15) out.push((delta << 4) | code);
        else {
          out.push(code);
          varint(out, zigzag(id));
        }
        last = id;
        write(out, value);
      }
      out.push(0);
    }
  }
}

export function encodeThrift(value: ThriftValue): Buffer {
  const out: number[] = [];
  write(out, value);
  return Buffer.from(out);
}
