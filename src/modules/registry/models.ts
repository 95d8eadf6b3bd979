import { MillwrightError } from '../../domain/errors.ts';
import type { ModelVersion, RegisteredModel } from '../../domain/registry.ts';
import type { Entry } from '../../domain/tracking.ts';
import type { Clock, Ids } from '../../ports/clock.ts';
import type { Context } from '../../ports/context.ts';
import type { MetadataStore, Stores } from '../../ports/metadata-store.ts';
import {
  aliasNotFound,
  checkAlias,
  checkModelName,
  checkRegistryTag,
  modelNotFound,
  versionNotFound,
} from './name-rules.ts';

export interface NewModel {
  readonly name: string;
  readonly description?: string | undefined;
  readonly tags?: readonly Entry[] | undefined;
}

export interface Models {
  /** The model of that name, made when there is none. */
  ensureModel(ctx: Context, name: string): Promise<RegisteredModel>;
  /** Throws MW-EXISTS, MW-INVALID. */
  createModel(ctx: Context, model: NewModel): Promise<RegisteredModel>;
  /** Throws MW-NOT-FOUND. */
  getModel(name: string): Promise<RegisteredModel>;
  updateModel(name: string, description: string): Promise<RegisteredModel>;
  /** Versions and aliases move along. Throws MW-EXISTS. */
  renameModel(name: string, to: string): Promise<RegisteredModel>;
  /** With all versions. Throws MW-CONFLICT while an endpoint serves one. */
  deleteModel(name: string): Promise<void>;
  setModelTag(name: string, tag: Entry): Promise<void>;
  deleteModelTag(name: string, key: string): Promise<void>;
  /** Emits `alias.moved`; a move to where it already is does nothing. Throws MW-NOT-FOUND, MW-INVALID. */
  setAlias(ctx: Context, name: string, alias: string, version: number): Promise<void>;
  /** An alias that is not there is no error. */
  deleteAlias(ctx: Context, name: string, alias: string): Promise<void>;
  /** Throws MW-INVALID when the model has no such alias (MLflow's code for it). */
  getByAlias(name: string, alias: string): Promise<ModelVersion>;
}

export async function mustModel(store: Stores, name: string): Promise<RegisteredModel> {
  const model = await store.models.get(name);
  if (model === undefined) throw modelNotFound(name);
  return model;
}

export async function mustVersion(store: Stores, name: string, number: number): Promise<ModelVersion> {
  const version = await store.versions.get(`${name}/${number}`);
  if (version === undefined || version.deletedAt !== undefined) throw versionNotFound(name, number);
  return version;
}

/** All versions of a model, deleted ones too, oldest first. */
export async function versionsOf(store: Stores, name: string): Promise<readonly ModelVersion[]> {
  return store.versions.find({ where: { model: name }, order: 'oldest', limit: 10_000 });
}

/** Throws MW-CONFLICT while an endpoint serves the model (or one version of it): what is served must stay known. */
export async function mustNotServe(store: Stores, name: string, number?: number): Promise<void> {
  for (const endpoint of await store.endpoints.find({ limit: 10_000 })) {
    if (endpoint.model !== name) continue;
    const serving = endpoint.weights.some((weight) => number === undefined || weight.version === number);
    if (!serving) continue;
    throw new MillwrightError(
      'MW-CONFLICT',
      `endpoint "${endpoint.id}" serves ${name}${number === undefined ? '' : ` v${number}`}`,
      {
        where: 'name',
        next: 'release another version to the endpoint first',
      },
    );
  }
}

export async function appendAliasMoved(
  tx: Stores,
  ctx: Context,
  {
    id,
    at,
    project,
    ...data
  }: { id: string; at: number; project: string; model: string; alias: string; from?: number; to?: number },
): Promise<void> {
  await tx.events.append({
    id,
    type: 'alias.moved',
    at,
    project,
    actor: ctx.principal.name,
    ...(ctx.cause === undefined ? {} : { cause: ctx.cause }),
    data,
  });
}

export function createModels(store: MetadataStore, clock: Clock, ids: Ids): Models {
  async function createModel(_ctx: Context, { name, description, tags = [] }: NewModel): Promise<RegisteredModel> {
    checkModelName(name);
    for (const tag of tags) checkRegistryTag(tag);
    const now = clock.now();
    const model: RegisteredModel = {
      id: name,
      createdAt: now,
      updatedAt: now,
      ...(description === undefined ? {} : { description }),
      tags: Object.fromEntries(tags.map(({ key, value }) => [key, value])),
      aliases: {},
      lastVersion: 0,
    };
    if ((await store.models.get(name)) !== undefined) throw taken(name);
    try {
      await store.models.insert(model);
    } catch (error) {
      if (error instanceof MillwrightError && error.code === 'MW-EXISTS') throw taken(name);
      throw error;
    }
    return model;
  }

  const taken = (name: string): MillwrightError =>
    new MillwrightError('MW-EXISTS', `Registered Model (name=${name}) already exists.`, { where: 'name' });

  async function change(name: string, edit: (model: RegisteredModel) => RegisteredModel): Promise<RegisteredModel> {
    await mustModel(store, name);
    return store.models.update(name, (model) => ({ ...edit(model), updatedAt: clock.now() }));
  }

  async function moveAlias(ctx: Context, name: string, alias: string, to: number | undefined): Promise<void> {
    await store.transaction(async (tx) => {
      const model = await mustModel(tx, name);
      const from = model.aliases[alias];
      const target = to === undefined ? undefined : await mustVersion(tx, name, to);
      if (from === to) return;
      await tx.models.update(name, (found) => {
        const { [alias]: _old, ...others } = found.aliases;
        return { ...found, updatedAt: clock.now(), aliases: to === undefined ? others : { ...others, [alias]: to } };
      });
      const before = from === undefined ? undefined : await tx.versions.get(`${name}/${from}`);
      await appendAliasMoved(tx, ctx, {
        id: ids.next('evt'),
        at: clock.now(),
        project: (target ?? before)?.lineage?.project ?? '',
        model: name,
        alias,
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
      });
    });
  }

  return {
    createModel,
    async ensureModel(ctx, name) {
      const found = await store.models.get(name);
      if (found !== undefined) return found;
      try {
        return await createModel(ctx, { name });
      } catch (error) {
        const made = await store.models.get(name);
        if (made === undefined) throw error;
        return made;
      }
    },
    getModel: (name) => mustModel(store, name),
    updateModel: (name, description) => change(name, (model) => ({ ...model, description })),
    async renameModel(name, to) {
      checkModelName(to, 'new_name');
      await mustNotServe(store, name);
      return store.transaction(async (tx) => {
        const model = await mustModel(tx, name);
        if ((await tx.models.get(to)) !== undefined) throw taken(to);
        const renamed = { ...model, id: to, updatedAt: clock.now() };
        await tx.models.insert(renamed);
        for (const version of await versionsOf(tx, name)) {
          await tx.versions.delete(version.id);
          await tx.versions.insert({ ...version, id: `${to}/${version.number}`, model: to, updatedAt: clock.now() });
        }
        await tx.models.delete(name);
        return renamed;
      });
    },
    async deleteModel(name) {
      await store.transaction(async (tx) => {
        await mustModel(tx, name);
        await mustNotServe(tx, name);
        for (const version of await versionsOf(tx, name)) await tx.versions.delete(version.id);
        await tx.models.delete(name);
      });
    },
    async setModelTag(name, tag) {
      checkRegistryTag(tag);
      await change(name, (model) => ({ ...model, tags: { ...model.tags, [tag.key]: tag.value } }));
    },
    async deleteModelTag(name, key) {
      await change(name, (model) => {
        const { [key]: _gone, ...tags } = model.tags;
        return { ...model, tags };
      });
    },
    async setAlias(ctx, name, alias, version) {
      checkAlias(alias);
      await moveAlias(ctx, name, alias, version);
    },
    async deleteAlias(ctx, name, alias) {
      checkAlias(alias);
      await moveAlias(ctx, name, alias, undefined);
    },
    async getByAlias(name, alias) {
      checkAlias(alias);
      const model = await mustModel(store, name);
      const number = model.aliases[alias];
      if (number === undefined) throw aliasNotFound(alias);
      return mustVersion(store, name, number);
    },
  };
}
