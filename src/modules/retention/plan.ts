/** What a collection would do, as data. Nothing is deleted before this is made, and nothing that is not in it. */
import type { ArtifactStore, StoredBlob } from '../../ports/artifact-store.ts';
import type { Executor } from '../../ports/executor.ts';
import type { Stores } from '../../ports/metadata-store.ts';
import { decide, type Decision, type KeptThing } from './decide.ts';
import { type Facts, readFacts } from './facts.ts';
import { type Leaving, mark } from './mark.ts';

export type Kind =
  | 'run'
  | 'experiment'
  | 'logged-model'
  | 'version'
  | 'trace'
  | 'blob'
  | 'attempt'
  | 'environment'
  | 'image'
  | 'job';

export interface Thing {
  readonly kind: Kind;
  readonly id: string;
  readonly label: string;
  /** What it frees by itself. Rows free their blobs, which are listed on their own: equal files of others may keep them. */
  readonly bytes: number;
  readonly at?: number;
}

export interface Plan {
  readonly cutoff: number;
  readonly decision: Decision;
  readonly blobs: readonly StoredBlob[];
  readonly attempts: readonly string[];
  readonly jobs: number;
  /** At most `LISTED` of each kind. */
  readonly goes: readonly Thing[];
  readonly totals: readonly { readonly kind: Kind; readonly items: number; readonly bytes: number }[];
  readonly kept: readonly (KeptThing & { readonly label: string })[];
}

export interface PlanDeps {
  readonly store: Stores;
  readonly artifacts: ArtifactStore;
  readonly executor: Pick<Executor, 'list'>;
}

/** Blobs younger than this may belong to an upload whose row is still to come. */
export const YOUNG_MS = 3_600_000;
const LISTED = 200;

function leaving(facts: Facts, decision: Decision): Leaving {
  const owners = new Set<string>();
  for (const id of decision.runs) owners.add(`run/${id}`);
  for (const id of decision.loggedModels) owners.add(`model/${id}`);
  for (const id of decision.experiments)
    for (const trace of facts.contents.get(id)?.traces ?? []) owners.add(`trace/${trace}`);
  const documents = new Set<string>();
  for (const id of decision.versions) documents.add(`versions/${id}`);
  for (const id of decision.images) documents.add(`images/${id}`);
  for (const id of decision.environments) documents.add(`environments/${id}`);
  return { owners, documents };
}

/** Work folders whose step is over: the server cleans them itself unless it was killed in between. */
async function finishedAttempts({ store, executor }: PlanDeps): Promise<readonly string[]> {
  const there = await executor.list();
  if (there.length === 0) return [];
  const busy = new Set<string>();
  for (const status of ['waiting', 'running'] as const) {
    for (const step of await store.stepRuns.find({ where: { status }, limit: 10_000 })) {
      for (const attempt of step.attempts) busy.add(attempt.attemptId);
    }
  }
  const known = new Set<string>();
  for (const status of ['succeeded', 'failed', 'cancelled', 'skipped'] as const) {
    for (const step of await store.stepRuns.find({ where: { status }, limit: 10_000 })) {
      for (const attempt of step.attempts) known.add(attempt.attemptId);
    }
  }
  // One that no step run names is unknown, and kept.
  return there.filter((id) => known.has(id) && !busy.has(id));
}

/** Reads everything and deletes nothing. `now` and the cut-off are ms since the epoch. */
export async function planCollection(deps: PlanDeps, now: number, cutoff: number): Promise<Plan> {
  const { store, artifacts } = deps;
  const facts = await readFacts(store, cutoff);
  const decision = decide(facts, cutoff);
  const marks = await mark(store, artifacts, now, leaving(facts, decision));
  const blobs: StoredBlob[] = [];
  for await (const blob of artifacts.list()) {
    if (!marks.named.has(blob.digest) && blob.putAt < now - YOUNG_MS) blobs.push(blob);
  }
  const attempts = await finishedAttempts(deps);
  const jobs = await store.retention.doneJobs(cutoff, false);

  const deleted = new Map(facts.deleted.map((one) => [`${one.kind}:${one.id}`, one]));
  const thing = (kind: Kind, id: string, bytes = 0, label = ''): Thing => {
    const one = deleted.get(`${kind}:${id}`);
    return {
      kind,
      id,
      label: one?.label ?? (label === '' ? id : label),
      bytes,
      ...(one === undefined ? {} : { at: one.deletedAt }),
    };
  };
  const imageBytes = new Map(facts.images.map((image) => [image.id, image]));
  const traces = decision.experiments.flatMap((id) => facts.contents.get(id)?.traces ?? []);
  const lists: readonly (readonly [Kind, readonly Thing[]])[] = [
    ['run', decision.runs.map((id) => thing('run', id))],
    ['experiment', decision.experiments.map((id) => thing('experiment', id))],
    ['logged-model', decision.loggedModels.map((id) => thing('logged-model', id))],
    ['version', decision.versions.map((id) => thing('version', id))],
    ['trace', traces.map((id) => thing('trace', id))],
    [
      'image',
      decision.images.map((id) =>
        thing('image', id, 0, `${imageBytes.get(id)?.model ?? ''}/${imageBytes.get(id)?.version ?? ''}`),
      ),
    ],
    ['environment', decision.environments.map((id) => thing('environment', id))],
    ['attempt', attempts.map((id) => thing('attempt', id))],
    [
      'blob',
      blobs.map((blob) => ({ ...thing('blob', blob.digest, blob.linked === true ? 0 : blob.bytes), at: blob.putAt })),
    ],
  ];
  const totals = [
    ...lists.map(([kind, of]) => ({ kind, items: of.length, bytes: of.reduce((sum, one) => sum + one.bytes, 0) })),
    { kind: 'job' as const, items: jobs, bytes: 0 },
  ];
  return {
    cutoff,
    decision,
    blobs,
    attempts,
    jobs,
    goes: lists.flatMap(([, of]) => of.slice(0, LISTED)),
    totals: totals.filter((one) => one.items > 0),
    kept: decision.kept.map((one) => ({ ...one, label: deleted.get(`${one.kind}:${one.id}`)?.label ?? one.id })),
  };
}
