/** Takes images out of a layout, with the blobs that no other image in it has. */
import { readFile, stat, unlink } from 'node:fs/promises';
import { z } from 'zod';
import { blobPath } from './blobs.ts';

const manifestSchema = z.object({
  config: z.object({ digest: z.string() }),
  layers: z.array(z.object({ digest: z.string() })),
});

/** The manifest's own blob and all that it names; only itself when it cannot be read. */
async function blobsOf(layout: string, digest: string): Promise<readonly string[]> {
  const text = await readFile(blobPath(layout, digest), 'utf8').catch(() => '{}');
  const manifest = manifestSchema.safeParse(JSON.parse(text));
  if (!manifest.success) return [digest];
  return [digest, manifest.data.config.digest, ...manifest.data.layers.map((layer) => layer.digest)];
}

/** Deletes the blobs of `gone` that none of `kept` has; returns their bytes. The index must not name `gone` any more. */
export async function removeBlobs(layout: string, gone: readonly string[], kept: readonly string[]): Promise<number> {
  const stay = new Set((await Promise.all(kept.map((digest) => blobsOf(layout, digest)))).flat());
  const go = new Set((await Promise.all(gone.map((digest) => blobsOf(layout, digest)))).flat());
  let freed = 0;
  for (const digest of go) {
    if (stay.has(digest)) continue;
    const path = blobPath(layout, digest);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) continue;
    await unlink(path);
    if (found.nlink === 1) freed += found.size;
  }
  return freed;
}
