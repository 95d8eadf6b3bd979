/** The one place where a digest becomes a file name. Nothing else of the store builds paths from what it was given. */
import { join } from 'node:path';
import { MillwrightError } from '../../domain/errors.ts';

const DIGEST = /^sha256:([0-9a-f]{64})$/;

/**
 * `<root>/sha256/ab/<64 hex>` for `sha256:<64 hex>`. Throws MW-PATH for anything else: no name, no separator, no other letter case
 * (on a file system that folds case, two spellings would be one file).
 */
export function blobPath(root: string, digest: string): string {
  const hex = DIGEST.exec(digest)?.[1];
  if (hex === undefined) {
    throw new MillwrightError('MW-PATH', 'not a digest: it must be sha256: and 64 lower-case hex digits', {
      where: JSON.stringify(digest.slice(0, 100)),
    });
  }
  return join(root, 'sha256', hex.slice(0, 2), hex);
}
