/**
 * Does what a plan says. The order is what makes it safe to be killed anywhere:
 *
 * 1. Rows, in transactions, each of which decides again from what it reads inside itself. Killed here: some things are gone whole,
 *    others are still in the trash. Two ways to go wrong that this prevents: a run that was restored, or from which a version was
 *    registered, after the plan was made would be removed on an old decision; and a thing of which half the rows are gone.
 * 2. Work folders, images, environments, jobs: nothing points at them any more.
 * 3. Blobs, last, each only if it is in the plan, unnamed by a mark made after the rows went, and not put or renewed within the hour.
 *    Killed here: blobs without a name, which the next collection takes; never a name without a blob. The two ways to go wrong: a row
 *    that was written after the mark names the blob (its writer put or renewed it just before, so the store refuses to delete it as
 *    young), and a put that finds the blob there and is acknowledged while we unlink it (the store lets the two take turns).
 */
import type { ArtifactStore } from '../../ports/artifact-store.ts';
import { pagesOf } from '../../ports/collection.ts';
import type { Executor } from '../../ports/executor.ts';
import type { MetadataStore, Stores } from '../../ports/metadata-store.ts';
import { decide } from './decide.ts';
import { readFacts } from './facts.ts';
import { mark, NOTHING } from './mark.ts';
import { type Kind, type Plan, YOUNG_MS } from './plan.ts';

/** Runs in one transaction: enough to be quick, few enough that writers do not wait long. */
const CHUNK = 200;
const SWEEPERS = 8;

/** Removes what is kept outside the metadata and the blobs; returns the bytes it freed. */
export interface Removers {
  readonly images: (digests: readonly string[], kept: readonly string[]) => Promise<number>;
  readonly environment: (interpreter: string) => Promise<number>;
}

export interface ApplyDeps {
  readonly store: MetadataStore;
  readonly artifacts: ArtifactStore;
  readonly executor: Pick<Executor, 'clean'>;
  readonly removers: Removers;
  readonly now: () => number;
}

export interface Applied {
  readonly totals: readonly { readonly kind: Kind; readonly items: number; readonly bytes: number }[];
  readonly freedBytes: number;
}

function chunks<T>(list: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(list.length / CHUNK) }, (_, i) => list.slice(i * CHUNK, (i + 1) * CHUNK));
}

const both = (wanted: readonly string[], allowed: readonly string[]): readonly string[] => {
  const set = new Set(allowed);
  return wanted.filter((id) => set.has(id));
};

async function forgetClients(tx: Stores, runIds: readonly string[]): Promise<void> {
  for (const runId of runIds) {
    for (const one of await tx.wandbRuns.find({ where: { runId } })) await tx.wandbRuns.delete(one.id);
  }
}

async function removeTraces(tx: Stores, experimentId: string, ids: readonly string[]): Promise<number> {
  let gone = 0;
  for (const some of chunks(ids)) gone += await tx.tracking.deleteTraces({ experimentId, ids: some });
  return gone;
}

export async function applyPlan(deps: ApplyDeps, plan: Plan): Promise<Applied> {
  const { store, artifacts, executor, removers, now } = deps;
  const { cutoff, decision } = plan;
  const counted = new Map<Kind, { items: number; bytes: number }>();
  const count = (kind: Kind, items: number, bytes = 0): void => {
    const before = counted.get(kind) ?? { items: 0, bytes: 0 };
    counted.set(kind, { items: before.items + items, bytes: before.bytes + bytes });
  };

  const documents = await store.transaction(async (tx) => {
    const again = decide(await readFacts(tx, cutoff, []), cutoff);
    const versions = both(decision.versions, again.versions);
    for (const id of versions) {
      const version = await tx.versions.get(id);
      await tx.versions.delete(id);
      if (version === undefined) continue;
      const { model, number } = version;
      for (const proof of await tx.proofs.find({ where: { model, version: number }, limit: 1_000 }))
        await tx.proofs.delete(proof.id);
    }
    const images = both(decision.images, again.images);
    for (const id of images) await tx.images.delete(id);
    const environments = [];
    for (const id of both(decision.environments, again.environments)) {
      const found = await tx.environments.get(id);
      if (found !== undefined) environments.push(found);
      await tx.environments.delete(id);
    }
    return { versions, images, environments };
  });
  count('version', documents.versions.length);

  for (const kind of ['run', 'logged-model'] as const) {
    for (const ids of chunks(kind === 'run' ? decision.runs : decision.loggedModels)) {
      const gone = await store.transaction(async (tx) => {
        const again = decide(await readFacts(tx, cutoff, await tx.retention.stillDeleted(ids, kind, cutoff)), cutoff);
        const removal = { runs: again.runs, loggedModels: again.loggedModels, experiments: [] };
        await forgetClients(tx, removal.runs);
        await tx.retention.remove(removal);
        return removal;
      });
      count('run', gone.runs.length);
      count('logged-model', gone.loggedModels.length);
    }
  }
  for (const id of decision.experiments) {
    const gone = await store.transaction(async (tx) => {
      const facts = await readFacts(tx, cutoff, await tx.retention.stillDeleted([id], 'experiment', cutoff));
      const again = decide(facts, cutoff);
      if (!again.experiments.includes(id)) return undefined;
      const traces = await removeTraces(tx, id, facts.contents.get(id)?.traces ?? []);
      await tx.retention.remove({ runs: [], loggedModels: again.loggedModels, experiments: [id] });
      return { traces, models: again.loggedModels.length };
    });
    if (gone === undefined) continue;
    count('experiment', 1);
    count('trace', gone.traces);
    count('logged-model', gone.models);
  }

  for (const id of plan.attempts) await executor.clean(id);
  count('attempt', plan.attempts.length);
  if (documents.images.length > 0) {
    const kept: string[] = [];
    for await (const page of pagesOf(store.images)) kept.push(...page.map((image) => image.id));
    count('image', documents.images.length, await removers.images(documents.images, kept));
  }
  for (const one of documents.environments) count('environment', 1, await removers.environment(one.interpreter));
  count('job', await store.transaction((tx) => tx.retention.doneJobs(cutoff, true)));

  await sweep();
  return {
    totals: [...counted].filter(([, { items }]) => items > 0).map(([kind, sums]) => ({ kind, ...sums })),
    freedBytes: [...counted.values()].reduce((sum, one) => sum + one.bytes, 0),
  };

  async function sweep(): Promise<void> {
    const moment = now();
    const { named } = await mark(store, artifacts, moment, NOTHING);
    const waiting = plan.blobs.filter((blob) => !named.has(blob.digest));
    const worker = async (): Promise<void> => {
      for (let blob = waiting.pop(); blob !== undefined; blob = waiting.pop()) {
        if (!(await artifacts.delete(blob.digest, moment - YOUNG_MS))) continue;
        count('blob', 1, blob.linked === true ? 0 : blob.bytes);
      }
    };
    await Promise.all(Array.from({ length: SWEEPERS }, worker));
  }
}
