import { MillwrightError } from '../../domain/errors.ts';
import type { Estimate, GateResult, ModelVersion, VersionLineage } from '../../domain/registry.ts';
import type { Entry } from '../../domain/tracking.ts';
import type { Clock, Ids } from '../../ports/clock.ts';
import type { Context } from '../../ports/context.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { appendAliasMoved, appendRegistryEvent, mustModel, mustNotServe, mustVersion, versionsOf } from './models.ts';
import { checkModelName, checkRegistryTag, checkTexts, stageOf, versionNumber } from './name-rules.ts';
import { resolveSource, type Source } from './version-source.ts';
import { isPrompt } from './webhook-events.ts';

export interface NewVersion {
  readonly model: string;
  readonly source: string;
  /** The tracking Run. */
  readonly runId?: string | undefined;
  readonly modelId?: string | undefined;
  readonly runLink?: string | undefined;
  readonly userId?: string | undefined;
  readonly description?: string | undefined;
  readonly tags?: readonly Entry[] | undefined;
  readonly metrics?: Readonly<Record<string, Estimate>> | undefined;
  readonly championMetrics?: Readonly<Record<string, Estimate>> | undefined;
  readonly championVersion?: number | undefined;
  readonly gates?: readonly GateResult[] | undefined;
  /** Default `unjudged`: what an MLflow client registers, nobody has judged. */
  readonly verdict?: ModelVersion['verdict'] | undefined;
  readonly lineage?: VersionLineage | undefined;
  /** For the event `model_version.registered`; default: the lineage's project, or none. */
  readonly project?: string | undefined;
  readonly reason?: string | undefined;
  readonly pipelineRunId?: string | undefined;
  readonly eventId?: string | undefined;
}

export interface Versions {
  /** Numbers rise by one and are never given again. Emits `model_version.registered`. Throws MW-NOT-FOUND, MW-INVALID. */
  createVersion(ctx: Context, version: NewVersion): Promise<ModelVersion>;
  /** Throws MW-NOT-FOUND, also for a deleted one. */
  getVersion(name: string, number: number): Promise<ModelVersion>;
  /** Newest number first, without deleted ones. */
  listVersions(name: string): Promise<readonly ModelVersion[]>;
  updateVersion(name: string, number: number, description: string): Promise<ModelVersion>;
  /** Markdown; an empty text takes it away, and the page writes one from what is known. */
  setCard(name: string, number: number, markdown: string): Promise<void>;
  setVersionTag(ctx: Context, name: string, number: number, tag: Entry): Promise<void>;
  deleteVersionTag(ctx: Context, name: string, number: number, key: string): Promise<void>;
  /** Soft: the number stays taken, source and aliases go. Throws MW-CONFLICT while an endpoint serves it. */
  deleteVersion(ctx: Context, name: string, number: number): Promise<void>;
  /** MLflow's stages, any case. `archive` moves other versions of Staging or Production to Archived. */
  transitionStage(name: string, number: number, stage: string, archive: boolean): Promise<ModelVersion>;
  /** The newest version of each stage, or of those named. */
  latestVersions(name: string, stages?: readonly string[]): Promise<readonly ModelVersion[]>;
}

export function createVersions(store: MetadataStore, clock: Clock, ids: Ids): Versions {
  async function change(
    name: string,
    number: number,
    edit: (version: ModelVersion) => ModelVersion,
  ): Promise<ModelVersion> {
    await mustVersion(store, name, number);
    return store.versions.update(`${name}/${number}`, (version) => ({ ...edit(version), updatedAt: clock.now() }));
  }

  async function changeTags(
    ctx: Context,
    name: string,
    number: number,
    told: { readonly key: string; readonly value?: string },
    edit: (tags: ModelVersion['tags']) => ModelVersion['tags'],
  ): Promise<void> {
    await store.transaction(async (tx) => {
      const { id } = await mustVersion(tx, name, number);
      const at = clock.now();
      await tx.versions.update(id, (version) => ({ ...version, tags: edit(version.tags), updatedAt: at }));
      const data = { model: name, version: number, ...told };
      await appendRegistryEvent(tx, ctx, { id: ids.next('evt'), at, type: 'registry_tag.changed', data });
    });
  }

  return {
    async createVersion(ctx, given) {
      checkModelName(given.model);
      checkTexts(given);
      const { model: name, tags = [], lineage } = given;
      for (const tag of tags) checkRegistryTag(tag);
      // A prompt has no files: its text is a tag, and its source a word that nobody reads.
      const prompt = isPrompt(Object.fromEntries(tags.map(({ key, value }) => [key, value])));
      const source: Source = prompt
        ? given
        : await resolveSource(given, store.tracking, (other, version) =>
            mustVersion(store, other, versionNumber(version)),
          );
      return store.transaction(async (tx) => {
        await mustModel(tx, name);
        const now = clock.now();
        const { lastVersion: number } = await tx.models.update(name, (model) => ({
          ...model,
          lastVersion: model.lastVersion + 1,
          updatedAt: now,
        }));
        const version: ModelVersion = {
          id: `${name}/${number}`,
          createdAt: now,
          updatedAt: now,
          model: name,
          number,
          status: 'READY',
          stage: 'None',
          source: source.source,
          ...(source.location === undefined ? {} : { location: source.location }),
          ...(source.runId === undefined ? {} : { runId: source.runId }),
          ...(source.modelId === undefined ? {} : { modelId: source.modelId }),
          ...(given.runLink === undefined ? {} : { runLink: given.runLink }),
          ...(given.userId === undefined ? {} : { userId: given.userId }),
          ...(given.description === undefined ? {} : { description: given.description }),
          tags: Object.fromEntries(tags.map(({ key, value }) => [key, value])),
          metrics: given.metrics ?? {},
          championMetrics: given.championMetrics ?? {},
          ...(given.championVersion === undefined ? {} : { championVersion: given.championVersion }),
          gates: given.gates ?? [],
          verdict: given.verdict ?? 'unjudged',
          ...(lineage === undefined ? {} : { lineage }),
        };
        await tx.versions.insert(version);
        const run = given.pipelineRunId ?? lineage?.pipelineRunId;
        await tx.events.append({
          id: given.eventId ?? ids.next('evt'),
          type: 'model_version.registered',
          at: now,
          project: given.project ?? lineage?.project ?? '',
          actor: ctx.principal.name,
          ...(ctx.cause === undefined ? {} : { cause: ctx.cause }),
          data: {
            model: name,
            version: number,
            verdict: version.verdict,
            reason: given.reason ?? 'registered by a client',
            ...(run === undefined ? {} : { runId: run }),
          },
        });
        return version;
      });
    },
    async setCard(name, number, markdown) {
      await change(name, number, ({ card: _old, ...version }) =>
        markdown.trim() === '' ? version : { ...version, card: markdown },
      );
    },
    getVersion: (name, number) => mustVersion(store, name, number),
    async listVersions(name) {
      await mustModel(store, name);
      const versions = await versionsOf(store, name);
      return versions.filter((version) => version.deletedAt === undefined).sort((a, b) => b.number - a.number);
    },
    async updateVersion(name, number, description) {
      checkTexts({ description });
      return change(name, number, (version) => ({ ...version, description }));
    },
    async setVersionTag(ctx, name, number, tag) {
      checkRegistryTag(tag);
      const told = { key: tag.key, value: tag.value };
      await changeTags(ctx, name, number, told, (tags) => ({ ...tags, [tag.key]: tag.value }));
    },
    async deleteVersionTag(ctx, name, number, key) {
      await changeTags(ctx, name, number, { key }, ({ [key]: _gone, ...tags }) => tags);
    },
    async deleteVersion(ctx, name, number) {
      await store.transaction(async (tx) => {
        const { lineage } = await mustVersion(tx, name, number);
        await mustNotServe(tx, name, number);
        const now = clock.now();
        await tx.versions.update(`${name}/${number}`, (version) => {
          const { location: _location, ...rest } = version;
          return { ...rest, stage: 'Deleted_Internal', source: 'REDACTED-SOURCE-PATH', updatedAt: now, deletedAt: now };
        });
        const model = await mustModel(tx, name);
        const dropped = Object.entries(model.aliases).filter(([, target]) => target === number);
        const kept = Object.entries(model.aliases).filter(([, target]) => target !== number);
        await tx.models.update(name, (found) => ({ ...found, updatedAt: now, aliases: Object.fromEntries(kept) }));
        for (const [alias] of dropped) {
          const project = lineage?.project ?? '';
          await appendAliasMoved(tx, ctx, { id: ids.next('evt'), at: now, project, model: name, alias, from: number });
        }
      });
    },
    async transitionStage(name, number, text, archive) {
      const stage = stageOf(text);
      if (archive && stage !== 'Staging' && stage !== 'Production') {
        throw new MillwrightError(
          'MW-INVALID',
          `Model version transition cannot archive existing model versions because '${stage}' is not an Active stage. Valid stages are Staging, Production`,
          { where: 'archive_existing_versions' },
        );
      }
      return store.transaction(async (tx) => {
        await mustVersion(tx, name, number);
        const now = clock.now();
        if (archive) {
          for (const other of await versionsOf(tx, name)) {
            if (other.number === number || other.stage !== stage || other.deletedAt !== undefined) continue;
            await tx.versions.update(other.id, (version) => ({ ...version, stage: 'Archived', updatedAt: now }));
          }
        }
        await tx.models.update(name, (model) => ({ ...model, updatedAt: now }));
        return tx.versions.update(`${name}/${number}`, (version) => ({ ...version, stage, updatedAt: now }));
      });
    },
    async latestVersions(name, stages = []) {
      const wanted = stages.length === 0 ? undefined : new Set<string>(stages.map(stageOf));
      await mustModel(store, name);
      const newest = new Map<string, ModelVersion>();
      for (const version of await versionsOf(store, name)) {
        if (version.deletedAt !== undefined || wanted?.has(version.stage) === false) continue;
        const other = newest.get(version.stage);
        if (other === undefined || version.number > other.number) newest.set(version.stage, version);
      }
      return [...newest.values()];
    },
  };
}
