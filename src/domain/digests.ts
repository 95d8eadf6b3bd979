/** `sha256:<64 lower-case hex>`: the name of a blob. */
import { MillwrightError } from './errors.ts';

const DIGEST = /^sha256:([0-9a-f]{64})$/;

/**
 * The 64 hex digits. Throws MW-PATH for anything else: no name, no separator, no other letter case (where names fold case, two
 * spellings would be one blob). Every store makes its file names and keys from this and from nothing else it was given.
 */
export function digestHex(digest: string): string {
  const hex = DIGEST.exec(digest)?.[1];
  if (hex !== undefined) return hex;
  throw new MillwrightError('MW-PATH', 'not a digest: it must be sha256: and 64 lower-case hex digits', {
    where: JSON.stringify(digest.slice(0, 100)),
  });
}

/** The bytes `[start, end)` of a blob of `total` bytes, cut at its end. Throws MW-INVALID for a range that is none. */
export function byteRange(
  digest: string,
  total: number,
  range: { readonly start: number; readonly end?: number } | undefined,
): { readonly start: number; readonly end: number } {
  const start = range?.start ?? 0;
  const end = Math.min(range?.end ?? total, total);
  if (Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start <= total && end >= start) {
    return { start, end };
  }
  throw new MillwrightError('MW-INVALID', `no range ${start}..${range?.end ?? ''} in ${total} bytes`, {
    where: digest,
  });
}

export const noSuchBlob = (digest: string): MillwrightError =>
  new MillwrightError('MW-NOT-FOUND', 'there is no such artifact', { where: digest });

export const blobTooLarge = (limitBytes: number): MillwrightError =>
  new MillwrightError('MW-BODY-TOO-LARGE', `the artifact is larger than ${limitBytes} bytes`, {
    next: 'store less, or raise the limit',
  });
