/** What the decision is made from: read once, then the decision is a pure function of it. */
import { setImmediate as breathe } from 'node:timers/promises';
import type { Endpoint, Image, Release, Rollout } from '../../domain/deployments.ts';
import type { Environment } from '../../domain/environments.ts';
import type { EnvironmentProof, ModelVersion, RegisteredModel } from '../../domain/registry.ts';
import { type Collection, type Doc, pagesOf } from '../../ports/collection.ts';
import type { Stores } from '../../ports/metadata-store.ts';
import type { DeletedThing } from '../../ports/retention-store.ts';

/** What a pipeline run keeps alive. */
export interface PipelineLinks {
  readonly id: string;
  readonly running: boolean;
  readonly trackingRunId: string;
  readonly championRunId?: string;
  /** `<model>/<number>` cannot be told from the run alone, only the number. */
  readonly environmentId?: string;
}

export interface Facts {
  /** Deleted at or before the cut-off. */
  readonly deleted: readonly DeletedThing[];
  /** Logged models that would go with a deleted run, though nobody deleted them by name. */
  readonly followers: readonly { readonly id: string; readonly sourceRunId: string }[];
  /** All runs and logged models of each deleted experiment. */
  readonly contents: ReadonlyMap<string, Awaited<ReturnType<Stores['retention']['contents']>>>;
  readonly models: readonly RegisteredModel[];
  readonly versions: readonly ModelVersion[];
  readonly releases: readonly Release[];
  readonly endpoints: readonly Endpoint[];
  readonly rollouts: readonly Rollout[];
  readonly images: readonly Image[];
  readonly environments: readonly Environment[];
  readonly proofs: readonly EnvironmentProof[];
  readonly pipelines: readonly PipelineLinks[];
  /** Which run that stays took which of these logged models as input. */
  readonly inputs: readonly { readonly runId: string; readonly modelId: string }[];
}

async function all<T extends Doc, K extends string>(of: Collection<T, K>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const page of pagesOf(of)) found.push(...page);
  return found;
}

/** Reads what decides. `only`: about these deleted things and no others. */
export async function readFacts(store: Stores, cutoff: number, only?: readonly DeletedThing[]): Promise<Facts> {
  const { retention } = store;
  const deleted = only ?? (await retention.deletedBefore(cutoff));
  const ids = (kind: DeletedThing['kind']): readonly string[] =>
    deleted.filter((thing) => thing.kind === kind).map((thing) => thing.id);
  const runs = ids('run');
  const contents = new Map<string, Awaited<ReturnType<typeof retention.contents>>>();
  for (const id of ids('experiment')) contents.set(id, await retention.contents(id));
  const dead = new Set(ids('logged-model'));
  const inside = [...contents.values()].flatMap((content) => content.loggedModels);
  const made = await retention.modelsOfRuns(runs);
  const sources = new Map(made.map((model) => [model.id, model.sourceRunId]));
  for (const id of inside) {
    if (!sources.has(id)) sources.set(id, (await store.tracking.getLoggedModel(id))?.sourceRunId ?? '');
  }
  // Only what took one of these as input matters, and only if it is not on its way out itself.
  const candidates = new Set([...sources.keys(), ...dead]);
  const takers: { runId: string; modelId: string }[] = [];
  if (candidates.size > 0) {
    for await (const batch of store.tables.scan('runModels')) {
      for (const [runId, direction, modelId] of batch) {
        if (direction !== 'input' || !candidates.has(String(modelId))) continue;
        takers.push({ runId: String(runId), modelId: String(modelId) });
      }
      await breathe();
    }
  }
  const going = await retention.stillDeleted([...new Set(takers.map((one) => one.runId))], 'run', cutoff);
  const leaving = new Set(going.map((one) => one.id));
  const inputs = takers.filter((one) => !leaving.has(one.runId));
  const pipelines: PipelineLinks[] = [];
  for await (const page of pagesOf(store.pipelineRuns)) {
    for (const { id, status, trackingRunId, championRunId, environmentId } of page) {
      pipelines.push({
        id,
        running: status === 'running',
        trackingRunId,
        ...(championRunId === undefined ? {} : { championRunId }),
        ...(environmentId === undefined ? {} : { environmentId }),
      });
    }
  }
  return {
    deleted,
    followers: [...sources].filter(([id]) => !dead.has(id)).map(([id, sourceRunId]) => ({ id, sourceRunId })),
    contents,
    inputs,
    pipelines,
    models: await all(store.models),
    versions: await all(store.versions),
    releases: await all(store.releases),
    endpoints: await all(store.endpoints),
    rollouts: await all(store.rollouts),
    images: await all(store.images),
    environments: await all(store.environments),
    proofs: await all(store.proofs),
  };
}
