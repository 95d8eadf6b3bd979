/** Raster images by their first bytes. SVG is not one of them: it is a document that can hold scripts. */

const startsWith = (bytes: Uint8Array, marks: readonly number[]): boolean =>
  bytes.length >= marks.length && marks.every((mark, i) => bytes[i] === mark);

const latin = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.subarray(start, end)).toString('latin1');

/** The media type; undefined when it is none of the four that are shown. */
export function imageOf(bytes: Uint8Array): string | undefined {
  if (startsWith(bytes, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return 'image/png';
  if (startsWith(bytes, [0xff, 0xd8, 0xff])) return 'image/jpeg';
  if (latin(bytes, 0, 6) === 'GIF87a' || latin(bytes, 0, 6) === 'GIF89a') return 'image/gif';
  if (latin(bytes, 0, 4) === 'RIFF' && latin(bytes, 8, 12) === 'WEBP') return 'image/webp';
  return undefined;
}
