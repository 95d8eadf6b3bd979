import { MillwrightError } from '../../domain/errors.ts';
import type { EventData } from '../../domain/events.ts';
import type { ModelVersion, RegisteredModel } from '../../domain/registry.ts';
import type { Entry } from '../../domain/tracking.ts';
import type { Clock, Ids } from '../../ports/clock.ts';
import type { Context } from '../../ports/context.ts';
import type { MetadataStore, Stores } from '../../ports/metadata-store.ts';
import { failedGates, judgeMove, readGates, refusal } from './alias-gates.ts';
import { everything } from './everything.ts';
import {
  aliasNotFound,
  checkAlias,
  checkModelName,
  checkRegistryTag,
  checkTexts,
  modelNotFound,
  versionNotFound,
} from './name-rules.ts';
import { carryName } from './rename.ts';

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
  /** Versions, aliases, images, releases and proofs move along. Throws MW-EXISTS, MW-CONFLICT while an endpoint serves it. */
  renameModel(name: string, to: string): Promise<RegisteredModel>;
  /** With all versions. Throws MW-CONFLICT while an endpoint serves one. */
  deleteModel(name: string): Promise<void>;
  setModelTag(ctx: Context, name: string, tag: Entry): Promise<void>;
  deleteModelTag(ctx: Context, name: string, key: string): Promise<void>;
  /**
   * Emits `alias.moved`; a move to where it already is does nothing. Throws MW-NOT-FOUND, MW-INVALID, and MW-GATE-REFUSED when a
   * gate of the alias fails or is unknown: then `alias.refused` is emitted. The answer of the gates is kept on the version.
   */
  setAlias(ctx: Context, name: string, alias: string, version: number): Promise<void>;
  /** What must hold before the alias may point at a version; none takes the gates away. Throws MW-CONFIG-EXPRESSION. */
  setAliasGates(name: string, alias: string, gates: readonly string[]): Promise<void>;
  /** What `setAlias` would throw, without moving or keeping anything. */
  mayMove(name: string, alias: string, version: number): Promise<void>;
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
  return everything((page) => store.versions.find({ where: { model: name }, order: 'oldest', ...page }));
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

/** Events that belong to no project. */
export async function appendRegistryEvent(
  tx: Stores,
  ctx: Context,
  event: { readonly id: string; readonly at: number } & (
    | { readonly type: 'registered_model.created'; readonly data: EventData['registered_model.created'] }
    | { readonly type: 'registry_tag.changed'; readonly data: EventData['registry_tag.changed'] }
  ),
): Promise<void> {
  const cause = ctx.cause === undefined ? {} : { cause: ctx.cause };
  await tx.events.append({ ...event, project: '', actor: ctx.principal.name, ...cause });
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

async function appendRefused(
  tx: Stores,
  ctx: Context,
  {
    id,
    at,
    project,
    ...data
  }: { id: string; at: number; project: string; model: string; alias: string; version: number; reason: string },
): Promise<void> {
  const actor = ctx.principal.name;
  const cause = ctx.cause === undefined ? {} : { cause: ctx.cause };
  await tx.events.append({ id, type: 'alias.refused', at, project, actor, ...cause, data });
}

export function createModels(store: MetadataStore, clock: Clock, ids: Ids): Models {
  async function createModel(ctx: Context, { name, description, tags = [] }: NewModel): Promise<RegisteredModel> {
    checkModelName(name);
    checkTexts({ description });
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
      await store.transaction(async (tx) => {
        await tx.models.insert(model);
        await appendRegistryEvent(tx, ctx, {
          id: ids.next('evt'),
          at: now,
          type: 'registered_model.created',
          data: { model: name },
        });
      });
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

  async function changeTags(
    ctx: Context,
    name: string,
    told: { readonly key: string; readonly value?: string },
    edit: (tags: RegisteredModel['tags']) => RegisteredModel['tags'],
  ): Promise<void> {
    await store.transaction(async (tx) => {
      await mustModel(tx, name);
      const at = clock.now();
      await tx.models.update(name, (model) => ({ ...model, tags: edit(model.tags), updatedAt: at }));
      const data = { model: name, ...told };
      await appendRegistryEvent(tx, ctx, { id: ids.next('evt'), at, type: 'registry_tag.changed', data });
    });
  }

  async function moveAlias(ctx: Context, name: string, alias: string, to: number | undefined): Promise<void> {
    // Thrown after the commit: the refusal itself is kept.
    const refused = await store.transaction(async (tx): Promise<MillwrightError | undefined> => {
      const model = await mustModel(tx, name);
      const from = Object.hasOwn(model.aliases, alias) ? model.aliases[alias] : undefined;
      const target = to === undefined ? undefined : await mustVersion(tx, name, to);
      if (from === to) return undefined;
      const at = clock.now();
      if (target !== undefined) {
        const answer = await judgeMove(tx, model, target, alias);
        if (answer !== undefined) {
          const result = { ...answer, at, actor: ctx.principal.name };
          await tx.versions.update(target.id, (found) => ({
            ...found,
            aliasResults: { ...found.aliasResults, [alias]: result },
          }));
          if (!answer.passed) {
            const reason = failedGates(answer.gates) || target.description || 'its pipeline';
            const told = { model: name, alias, version: target.number, reason };
            await appendRefused(tx, ctx, { id: ids.next('evt'), at, project: target.lineage?.project ?? '', ...told });
            return refusal(model, target.number, alias, reason);
          }
        }
      }
      await tx.models.update(name, (found) => {
        const { [alias]: _old, ...others } = found.aliases;
        return {
          ...found,
          updatedAt: at,
          aliases: to === undefined ? others : { ...others, [alias]: to },
          ...(from === undefined ? {} : { aliasesBefore: { ...found.aliasesBefore, [alias]: from } }),
        };
      });
      const before = from === undefined ? undefined : await tx.versions.get(`${name}/${from}`);
      await appendAliasMoved(tx, ctx, {
        id: ids.next('evt'),
        at,
        project: (target ?? before)?.lineage?.project ?? '',
        model: name,
        alias,
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
      });
      return undefined;
    });
    if (refused !== undefined) throw refused;
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
    async updateModel(name, description) {
      checkTexts({ description });
      return change(name, (model) => ({ ...model, description }));
    },
    async renameModel(name, to) {
      checkModelName(to, 'new_name');
      await mustNotServe(store, name);
      return store.transaction(async (tx) => {
        const model = await mustModel(tx, name);
        if ((await tx.models.get(to)) !== undefined) throw taken(to);
        return carryName(tx, model, to, clock.now());
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
    async setModelTag(ctx, name, tag) {
      checkRegistryTag(tag);
      await changeTags(ctx, name, { key: tag.key, value: tag.value }, (tags) => ({ ...tags, [tag.key]: tag.value }));
    },
    async deleteModelTag(ctx, name, key) {
      await changeTags(ctx, name, { key }, ({ [key]: _gone, ...tags }) => tags);
    },
    async setAlias(ctx, name, alias, version) {
      checkAlias(alias);
      await moveAlias(ctx, name, alias, version);
    },
    async setAliasGates(name, alias, gates) {
      checkAlias(alias);
      readGates(alias, gates);
      await change(name, (model) => {
        const { [alias]: _old, ...others } = model.aliasGates ?? {};
        return { ...model, aliasGates: gates.length === 0 ? others : { ...others, [alias]: [...gates] } };
      });
    },
    async mayMove(name, alias, number) {
      const model = await mustModel(store, name);
      const version = await mustVersion(store, name, number);
      if (model.aliases[alias] === number) return;
      const answer = await judgeMove(store, model, version, alias);
      if (answer !== undefined && !answer.passed)
        throw refusal(model, number, alias, failedGates(answer.gates) || version.description || 'its pipeline');
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
