/** OCI image layout on disk: https://github.com/opencontainers/image-spec/blob/main/image-layout.md */
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileDurable } from '../../platform/durable-file.ts';
import { createMutex } from '../../platform/mutex.ts';
import type { ArtifactStore } from '../../ports/artifact-store.ts';
import type { ImageLayout, ImagePlan, LayerPlan, WrittenImage } from '../../ports/image-layout.ts';
import { type BaseImage, type Descriptor, takeBase } from './base-layout.ts';
import { gzip, hasBlob, once, writeBlob } from './blobs.ts';
import { layerEntries, USER } from './layer-entries.ts';
import { removeBlobs } from './remove.ts';
import { arrange, tar, type TarEntry } from './tar.ts';

/** Raised when packing changes so that a kept layer would not be what a new build gives. */
const PACKER = 'millwright-1';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const LAYER = {
  none: 'application/vnd.oci.image.layer.v1.tar',
  gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const;
const REF_NAME = 'org.opencontainers.image.ref.name';
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: 'amd64',
  arm64: 'arm64',
  ppc64: 'ppc64le',
  s390x: 's390x',
};

const keptSchema = z.record(z.string(), z.object({ digest: z.string(), bytes: z.number(), diffId: z.string() }));
type Kept = z.infer<typeof keptSchema>[string];

const indexSchema = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  manifests: z.array(
    z.looseObject({
      mediaType: z.string(),
      digest: z.string(),
      size: z.number(),
      annotations: z.record(z.string(), z.string()).optional(),
    }),
  ),
});
type Index = z.infer<typeof indexSchema>;

async function readJson<T>(path: string, schema: z.ZodType<T>, otherwise: T): Promise<T> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? otherwise : schema.parse(JSON.parse(text));
}

/** What decides a layer's bytes, without reading the files again. */
function keyOf(layer: LayerPlan, entries: readonly TarEntry[]): string {
  const facts = entries.map(({ path, type, mode, owner, size, mark }) => [path, type, mode, owner, size, mark]);
  return createHash('sha256')
    .update(JSON.stringify([PACKER, layer.compression, facts]))
    .digest('hex');
}

export interface ImageLayoutOptions {
  /** `<home>/images`; made when missing. */
  readonly folder: string;
  readonly artifacts: ArtifactStore;
  /** The Linux Node binary for the image. Default: the one that runs this. */
  readonly node?: string;
}

export function createImageLayout(options: ImageLayoutOptions): ImageLayout {
  const { folder, artifacts } = options;
  const architecture = ARCHITECTURES[process.arch] ?? process.arch;
  const context = { artifacts, node: options.node ?? process.execPath };
  /** One write at a time: index.json and the list of kept layers are read, changed and written. */
  let turn: Promise<unknown> = Promise.resolve();
  const indexPath = join(folder, 'index.json');
  const keptPath = join(folder, 'layers.json');
  const keeping = createMutex();

  async function writeLayer(layer: LayerPlan): Promise<Kept> {
    const entries = arrange(await layerEntries(layer.sources, context));
    const key = keyOf(layer, entries);
    // A damaged list costs time, nothing else.
    const kept = await readJson(keptPath, keptSchema, {}).catch((): Record<string, Kept> => ({}));
    const known = kept[key];
    if (known !== undefined && (await hasBlob(folder, known))) return known;
    const hash = createHash('sha256');
    const plain = (async function* () {
      for await (const chunk of tar(entries)) {
        hash.update(chunk);
        yield chunk;
      }
    })();
    const blob = await writeBlob(folder, layer.compression === 'gzip' ? gzip(plain) : plain);
    const written = { ...blob, diffId: `sha256:${hash.digest('hex')}` };
    await keeping.run(async () => {
      const now = await readJson(keptPath, keptSchema, {}).catch((): Record<string, Kept> => ({}));
      await writeFileDurable(keptPath, JSON.stringify({ ...now, [key]: written }));
    });
    return written;
  }

  async function writeJson(value: unknown, mediaType: string): Promise<Descriptor> {
    const { digest, bytes } = await writeBlob(folder, once(Buffer.from(JSON.stringify(value))));
    return { mediaType, digest, size: bytes };
  }

  function configOf(plan: ImagePlan, base: BaseImage | undefined, layers: readonly Kept[]): unknown {
    const { env, entrypoint, cmd, workingDir, ports, labels } = plan.config;
    const own = new Set(env.map((line) => line.slice(0, line.indexOf('='))));
    const inherited = (base?.env ?? []).filter((line) => !own.has(line.slice(0, line.indexOf('='))));
    const baseLabels = base === undefined ? {} : { 'org.opencontainers.image.base.digest': base.digest };
    return {
      created: plan.created,
      architecture,
      os: 'linux',
      config: {
        User: `${USER}:${USER}`,
        ExposedPorts: Object.fromEntries(ports.map((port) => [`${port}/tcp`, {}])),
        Env: [...inherited, ...env],
        Entrypoint: entrypoint,
        Cmd: cmd,
        WorkingDir: workingDir,
        Labels: { 'org.opencontainers.image.created': plan.created, ...baseLabels, ...labels },
        StopSignal: 'SIGTERM',
      },
      rootfs: { type: 'layers', diff_ids: [...(base?.diffIds ?? []), ...layers.map((layer) => layer.diffId)] },
      history: [
        ...(base?.layers ?? []).map(() => ({ created: plan.created, created_by: 'base' })),
        ...plan.layers.map((layer) => ({ created: plan.created, created_by: PACKER, comment: layer.role })),
      ],
    };
  }

  async function writeImage(plan: ImagePlan): Promise<WrittenImage> {
    await mkdir(join(folder, 'blobs', 'sha256'), { recursive: true });
    await writeFileDurable(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}', 0o644);
    const base = plan.base === undefined ? undefined : await takeBase(plan.base, folder, architecture);
    // Side by side: packing is a thread's whole work, and the Node binary takes as long as all the rest.
    const written = await Promise.all(plan.layers.map(writeLayer));
    const config = await writeJson(configOf(plan, base, written), CONFIG);
    const layers: Descriptor[] = plan.layers.map((layer, i) => {
      const { digest = '', bytes = 0 } = written[i] ?? {};
      return { mediaType: LAYER[layer.compression], digest, size: bytes };
    });
    const annotations = {
      'org.opencontainers.image.created': plan.created,
      'org.opencontainers.image.version': String(plan.version),
    };
    const all = [...(base?.layers ?? []), ...layers];
    const manifest = await writeJson(
      { schemaVersion: 2, mediaType: MANIFEST, config, layers: all, annotations },
      MANIFEST,
    );
    const index = await readIndex();
    const others = index.manifests.filter((entry) => entry.annotations?.[REF_NAME] !== plan.reference);
    const entry = { ...manifest, platform: { architecture, os: 'linux' }, annotations: { [REF_NAME]: plan.reference } };
    // Last: a reference never points at a blob that is not there.
    await writeFileDurable(indexPath, JSON.stringify({ ...index, manifests: [...others, entry] }), 0o644);
    const roles = [...(base?.layers ?? []).map(() => 'base' as const), ...plan.layers.map((layer) => layer.role)];
    return {
      digest: manifest.digest,
      configDigest: config.digest,
      layers: all.map((layer, i) => ({ role: roles[i] ?? 'base', digest: layer.digest, bytes: layer.size })),
      bytes: all.reduce((sum, layer) => sum + layer.size, 0) + config.size + manifest.size,
    };
  }

  const readIndex = (): Promise<Index> =>
    readJson(indexPath, indexSchema, {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [],
    });

  return {
    caps: { os: 'linux', architecture, runnable: process.platform === 'linux' },
    write(plan) {
      const mine = turn.then(() => writeImage(plan));
      turn = mine.catch(() => undefined);
      return mine;
    },
    remove(digests, kept) {
      const mine = turn.then(async () => {
        const index = await readIndex();
        const manifests = index.manifests.filter((entry) => !digests.includes(entry.digest));
        // First the index: killed after it, blobs are left that nothing names, and never a name without its blobs.
        if (manifests.length < index.manifests.length) {
          await writeFileDurable(indexPath, JSON.stringify({ ...index, manifests }), 0o644);
        }
        return removeBlobs(folder, digests, [...manifests.map((entry) => entry.digest), ...kept]);
      });
      turn = mine.catch(() => undefined);
      return mine;
    },
    async list() {
      const { manifests } = await readIndex();
      return manifests
        .map(({ digest, annotations }) => ({ reference: annotations?.[REF_NAME] ?? '', digest }))
        .sort((a, b) => (a.reference < b.reference ? -1 : 1));
    },
  };
}
