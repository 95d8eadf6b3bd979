/** Numbers of 16 bits: IEEE 754 binary16 (FP16), and bfloat16 (BF16), the upper half of a binary32. */

const bits = new Uint32Array(1);
const single = new Float32Array(bits.buffer);

/** `half` is the 16 bits as an unsigned integer. */
export function halfToNumber(half: number, format: 'FP16' | 'BF16'): number {
  if (format === 'BF16') {
    bits[0] = half << 16;
    return single[0] ?? Number.NaN;
  }
  const sign = half & 0x80_00 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3_ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
