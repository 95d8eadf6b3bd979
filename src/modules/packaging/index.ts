/** Packaging: a model version becomes an OCI image. Plan, then apply. */
import type { Image } from '../../domain/deployments.ts';
import type { Environment } from '../../domain/environments.ts';
import { MillwrightError } from '../../domain/errors.ts';
import type { ModelVersion } from '../../domain/registry.ts';
import type { Clock, Ids } from '../../ports/clock.ts';
import type { Context } from '../../ports/context.ts';
import type { ImageLayout, ImagePlan } from '../../ports/image-layout.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { type Program, planImage } from './image-plan.ts';

interface PackagingDeps {
  readonly store: MetadataStore;
  readonly images: ImageLayout;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly program: Program;
  /** Path of an OCI image layout to build upon; without it a minimal base is written. */
  readonly base?: string;
  /** Folder of the layout as the record names it. Default `images`. */
  readonly layout?: string;
}

export interface Packaging {
  /** Pure. Throws MW-STATE for a version that no pipeline made. */
  plan(version: ModelVersion, environment?: Environment): ImagePlan;
  /** Writes the image; the same plan again gives the same Image, and the event `image.built` once. `project`: the event's, default the plan's. */
  apply(ctx: Context, plan: ImagePlan, project?: string): Promise<Image>;
  /** Throws MW-NOT-FOUND. */
  get(id: string): Promise<Image>;
  /** Newest first. */
  list(model: string, version?: number): Promise<readonly Image[]>;
}

export function createPackaging(deps: PackagingDeps): Packaging {
  const { store, images, clock, ids, program, base } = deps;
  return {
    plan: (version, environment) => planImage(version, environment, { program, base, caps: images.caps }),
    async apply(ctx, plan, project = plan.project) {
      const started = clock.monotonic();
      const written = await images.write(plan);
      const buildMs = Math.round(clock.monotonic() - started);
      return store.transaction(async (tx) => {
        const known = await tx.images.get(written.digest);
        if (known !== undefined) return known;
        const image: Image = {
          id: written.digest,
          createdAt: clock.now(),
          model: plan.model,
          version: plan.version,
          layers: written.layers,
          configDigest: written.configDigest,
          layout: deps.layout ?? 'images',
          bytes: written.bytes,
          buildMs,
        };
        await tx.images.insert(image);
        await tx.events.append({
          id: ids.next('evt'),
          type: 'image.built',
          at: image.createdAt,
          project,
          actor: ctx.principal.name,
          ...(ctx.cause === undefined ? {} : { cause: ctx.cause }),
          data: { model: plan.model, version: plan.version, digest: image.id, bytes: image.bytes },
        });
        return image;
      });
    },
    async get(id) {
      const found = await store.images.get(id);
      if (found === undefined) throw new MillwrightError('MW-NOT-FOUND', `there is no image "${id}"`, { where: id });
      return found;
    },
    list: (model, version) =>
      store.images.find({ where: version === undefined ? { model } : { model, version }, limit: 1_000 }),
  };
}
