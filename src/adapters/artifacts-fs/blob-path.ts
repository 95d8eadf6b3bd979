/** The one place where a digest becomes a file name. Nothing else of the store builds paths from what it was given. */
import { join } from 'node:path';
import { digestHex } from '../../domain/digests.ts';

/** `<root>/sha256/ab/<64 hex>` for `sha256:<64 hex>`. Throws MW-PATH for anything else. */
export function blobPath(root: string, digest: string): string {
  const hex = digestHex(digest);
  return join(root, 'sha256', hex.slice(0, 2), hex);
}
