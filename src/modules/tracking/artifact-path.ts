/**
 * The one resolver of artifact names. A name that passes is a key of a table, never a path of this machine; the rules keep it from
 * becoming one later (an export, a client's download folder) and keep two spellings from naming one thing.
 */
import { MillwrightError } from '../../domain/errors.ts';

const MAX_SEGMENT_BYTES = 250;
const MAX_SEGMENTS = 64;
const SCHEME = /^[a-zA-Z][a-zA-Z0-9+.-]*:/;

function refuse(path: string, reason: string): never {
  const shown = path.length > 120 ? `${path.slice(0, 120)}…` : path;
  throw new MillwrightError('MW-PATH', `Invalid path ${JSON.stringify(shown)}: ${reason}`, {
    where: 'path',
    next: 'use a relative path of plain names, such as model/weights.bin',
  });
}

/** Decodes percent-encoding exactly once; what would be another path if decoded again is refused by `artifactPath`. */
export function decodeOnce(raw: string): string {
  try {
    return decodeURIComponent(raw);
  } catch {
    return refuse(raw, 'it is not valid percent-encoding');
  }
}

const DECODINGS = 4;

/** True when decoding it, once or several times, makes more or other segments of it. */
function hidesPath(path: string, segments: number): boolean {
  let text = path;
  for (let i = 0; i < DECODINGS; i += 1) {
    const next = text.replaceAll(/%([0-9a-fA-F]{2})/g, (_all, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    if (next === text) return false;
    const parts = next.split('/');
    if (parts.length !== segments || next.includes('\\') || next.includes('\0')) return true;
    if (parts.some((part) => part === '' || part === '.' || part === '..')) return true;
    text = next;
  }
  return true;
}

/**
 * Checks a decoded, relative artifact path and returns it. `''` (the root) only where `allowRoot`. Throws MW-PATH for an absolute
 * path, a scheme, an empty, `.` or `..` segment, a backslash, a control character, a segment of more than 250 bytes, or a `%` that
 * hides one of these: clients name images with plain `%` between the parts, so the sign itself is nobody's mistake.
 */
export function artifactPath(path: string, allowRoot = false): string {
  if (path === '') return allowRoot ? '' : refuse(path, 'it is empty');
  if (path.startsWith('/')) refuse(path, 'it is absolute');
  if (SCHEME.test(path)) refuse(path, 'it has a scheme');
  const segments = path.split('/');
  if (segments.length > MAX_SEGMENTS) refuse(path, `it has more than ${MAX_SEGMENTS} segments`);
  for (const segment of segments) {
    if (segment === '') refuse(path, 'it has an empty segment');
    if (segment === '.' || segment === '..') refuse(path, `it has a ${segment} segment`);
    if (Buffer.byteLength(segment) > MAX_SEGMENT_BYTES)
      refuse(path, `a segment is longer than ${MAX_SEGMENT_BYTES} bytes`);
    for (const c of segment) {
      const code = c.codePointAt(0) ?? 0;
      if (code < 0x20 || code === 0x7f || (code >= 0x80 && code < 0xa0)) refuse(path, 'it has a control character');
      if (c === '\\') refuse(path, `it has a ${c}`);
      if (code >= 0xd800 && code <= 0xdfff) refuse(path, 'it is not valid Unicode');
    }
  }
  if (hidesPath(path, segments.length))
    refuse(path, 'it is percent-encoded: another program could read another path in it');
  return path;
}
