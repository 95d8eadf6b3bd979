/** The artifact store by its address. */
import { join } from 'node:path';
import { MillwrightError } from '../domain/errors.ts';
import type { ArtifactStore } from '../ports/artifact-store.ts';
import { plugin } from './plugins.ts';

/**
 * `file:///absolute/folder`, `s3://bucket/prefix`, or undefined for the blobs of the home. Throws MW-CONFIG-VALUE,
 * MW-UNAVAILABLE. `temporary` is for bodies on their way and is emptied.
 */
export async function openArtifacts(
  address: string | undefined,
  home: string,
  temporary = join(home, 'tmp', 'blobs'),
): Promise<ArtifactStore> {
  if (address?.startsWith('s3://') === true) {
    const { openS3Artifacts } = await plugin('artifacts', 's3');
    return openS3Artifacts({ address, temporary });
  }
  const folder = address === undefined ? join(home, 'blobs') : /^file:\/\/(\/.+)$/.exec(address)?.[1];
  if (folder === undefined) {
    throw new MillwrightError('MW-CONFIG-VALUE', `no artifact store for "${address?.slice(0, 200)}"`, {
      where: '--artifacts',
      next: 'use s3://bucket/prefix or file:///absolute/folder',
    });
  }
  const { openFileArtifacts } = await plugin('artifacts', 'file');
  // Renaming needs one file system, so another folder keeps its unfinished files beside its blobs.
  return openFileArtifacts({ root: folder, temporary: address === undefined ? temporary : join(folder, 'tmp') });
}
