/** A base image from an OCI image layout on this machine: its layers are taken as they are, so that they can be shared. */
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { MillwrightError } from '../../domain/errors.ts';
import { blobPath, hasBlob, writeBlob } from './blobs.ts';

const descriptorSchema = z.object({
  mediaType: z.string(),
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  size: z.number(),
});
export type Descriptor = z.infer<typeof descriptorSchema>;

const platformSchema = z.object({ os: z.string(), architecture: z.string() });
const indexSchema = z.object({ manifests: z.array(descriptorSchema.extend({ platform: platformSchema.optional() })) });
const manifestSchema = z.object({ config: descriptorSchema, layers: z.array(descriptorSchema) });
const configSchema = z.object({
  os: z.string(),
  architecture: z.string(),
  config: z.object({ Env: z.array(z.string()).optional() }).optional(),
  rootfs: z.object({ diff_ids: z.array(z.string()) }),
});

export interface BaseImage {
  readonly digest: string;
  readonly layers: readonly Descriptor[];
  readonly diffIds: readonly string[];
  readonly env: readonly string[];
}

function fail(base: string, why: string, cause?: unknown): never {
  throw new MillwrightError('MW-CONFIG-VALUE', `the base image "${base}" cannot be used: ${why}`, {
    where: base,
    next: 'make a layout with: skopeo copy docker://<image> oci:<folder>',
    cause,
  });
}

const json = async (path: string): Promise<unknown> => JSON.parse(await readFile(path, 'utf8'));

async function findManifest(base: string, architecture: string): Promise<Descriptor> {
  let { manifests } = indexSchema.parse(await json(join(base, 'index.json')));
  for (let depth = 0; depth < 3; depth += 1) {
    const fits = manifests.filter(
      ({ platform }) => platform === undefined || (platform.os === 'linux' && platform.architecture === architecture),
    );
    const [first] = fits;
    if (first === undefined) return fail(base, `it has no image for linux/${architecture}`);
    if (!first.mediaType.includes('index') && !first.mediaType.includes('manifest.list')) return first;
    manifests = indexSchema.parse(await json(blobPath(base, first.digest))).manifests;
  }
  return fail(base, 'its index is nested too deeply');
}

/** Copies the layers into `layout`, checking every digest. Throws MW-CONFIG-VALUE. */
export async function takeBase(base: string, layout: string, architecture: string): Promise<BaseImage> {
  try {
    const found = await findManifest(base, architecture);
    const manifest = manifestSchema.parse(await json(blobPath(base, found.digest)));
    const config = configSchema.parse(await json(blobPath(base, manifest.config.digest)));
    if (config.architecture !== architecture) fail(base, `it is for ${config.architecture}, not ${architecture}`);
    for (const layer of manifest.layers) {
      if (await hasBlob(layout, { digest: layer.digest, bytes: layer.size })) continue;
      const copied = await writeBlob(layout, createReadStream(blobPath(base, layer.digest)));
      if (copied.digest !== layer.digest) fail(base, `a layer is not what its digest ${layer.digest} says`);
    }
    return {
      digest: found.digest,
      layers: manifest.layers,
      diffIds: config.rootfs.diff_ids,
      env: config.config?.Env ?? [],
    };
  } catch (error) {
    if (error instanceof MillwrightError) throw error;
    return fail(base, error instanceof Error ? error.message : String(error), error);
  }
}
