/** Writes what happens to a rollout: each change of documents and its event in one transaction. */
import type { Endpoint, Rollout, Weight } from '../../domain/deployments.ts';
import type { EventData, EventType } from '../../domain/events.ts';
import type { Clock, Ids } from '../../ports/clock.ts';
import type { MetadataStore, Stores } from '../../ports/metadata-store.ts';
import { advanced, ended, settledOn, shareOf, stableOf, withoutRollout, withShare } from './transitions.ts';

export interface Author {
  readonly actor: string;
  readonly cause?: string;
}

export interface StepDeps {
  readonly store: MetadataStore;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** An event's type with its data, before it has an id and a time. */
export type EventDraft = { readonly [T in EventType]: { readonly type: T; readonly data: EventData[T] } }[EventType];

/** Appends an event to the outbox of the transaction. */
export async function emit(
  deps: StepDeps,
  tx: Stores,
  project: string,
  author: Author,
  draft: EventDraft,
): Promise<void> {
  const { actor, cause } = author;
  await tx.events.append({
    id: deps.ids.next('evt'),
    at: deps.clock.now(),
    project,
    actor,
    ...(cause === undefined ? {} : { cause }),
    ...draft,
  });
}

export interface RunningRollout {
  readonly endpoint: Endpoint;
  readonly rollout: Rollout;
}

async function loadRunning(store: Stores, rolloutId: string): Promise<RunningRollout | undefined> {
  const rollout = await store.rollouts.get(rolloutId);
  if (rollout === undefined || rollout.status !== 'running') return undefined;
  const endpoint = await store.endpoints.get(rollout.endpoint);
  return endpoint === undefined ? undefined : { endpoint, rollout };
}

async function candidateOf(store: Stores, rollout: Rollout): Promise<Omit<Weight, 'percent'>> {
  const release = await store.releases.get(rollout.releaseId);
  return { releaseId: rollout.releaseId, version: release?.version ?? 0 };
}

/** The next step's share, or promotion after the last. The caller pushes the route. */
export async function advance(
  deps: StepDeps,
  rolloutId: string,
  author: Author,
  reason: string,
): Promise<'stepped' | 'promoted' | 'gone'> {
  return deps.store.transaction(async (tx) => {
    const found = await loadRunning(tx, rolloutId);
    if (found === undefined) return 'gone';
    const { endpoint, rollout } = found;
    const now = deps.clock.now();
    const stable = stableOf(endpoint, rollout);
    const candidate = await candidateOf(tx, rollout);
    const next = rollout.steps[rollout.stepIndex + 1];
    const names = { endpoint: endpoint.id, rolloutId, version: candidate.version };
    if (next === undefined) {
      await tx.rollouts.update(rolloutId, (doc) => ended(doc, 'promoted', now, reason));
      await tx.endpoints.update(endpoint.id, withoutRollout);
      await emit(deps, tx, endpoint.project, author, {
        type: 'rollout.promoted',
        data: { ...names, ...(stable === undefined ? {} : { from: stable.version }) },
      });
      return 'promoted';
    }
    await tx.rollouts.update(rolloutId, (doc) => advanced(doc, now));
    await tx.endpoints.update(endpoint.id, (doc) =>
      withShare(doc, candidate, stable, shareOf(rollout, rollout.stepIndex + 1)),
    );
    await emit(deps, tx, endpoint.project, author, {
      type: 'rollout.stepped',
      data: { ...names, percent: next.percent, reason },
    });
    return 'stepped';
  });
}

/** The candidate takes all calls at once, whatever steps there would be. The caller pushes the route. */
export async function promoteRollout(
  deps: StepDeps,
  rolloutId: string,
  author: Author,
  reason: string,
): Promise<boolean> {
  return deps.store.transaction(async (tx) => {
    const found = await loadRunning(tx, rolloutId);
    if (found === undefined) return false;
    const { endpoint, rollout } = found;
    const now = deps.clock.now();
    const stable = stableOf(endpoint, rollout);
    const candidate = await candidateOf(tx, rollout);
    await tx.rollouts.update(rolloutId, (doc) => {
      const last = doc.steps.length - 1;
      return ended(last > doc.stepIndex ? { ...advanced(doc, now), stepIndex: last } : doc, 'promoted', now, reason);
    });
    await tx.endpoints.update(endpoint.id, (doc) =>
      withoutRollout(withShare(doc, candidate, stable, { percent: 100 })),
    );
    await emit(deps, tx, endpoint.project, author, {
      type: 'rollout.promoted',
      data: {
        endpoint: endpoint.id,
        rolloutId,
        version: candidate.version,
        ...(stable === undefined ? {} : { from: stable.version }),
      },
    });
    return true;
  });
}

/** All calls back to the release before. The caller pushes the route. */
export async function rollBackRollout(
  deps: StepDeps,
  rolloutId: string,
  author: Author,
  reason: string,
): Promise<RunningRollout | undefined> {
  return deps.store.transaction(async (tx) => {
    const found = await loadRunning(tx, rolloutId);
    if (found === undefined) return undefined;
    const { endpoint, rollout } = found;
    const stable = stableOf(endpoint, rollout);
    const candidate = await candidateOf(tx, rollout);
    await tx.rollouts.update(rolloutId, (doc) => ended(doc, 'rolled-back', deps.clock.now(), reason));
    await tx.endpoints.update(endpoint.id, (doc) => settledOn(doc, stable, doc.previous));
    await emit(deps, tx, endpoint.project, author, {
      type: 'rollout.rolled_back',
      data: {
        endpoint: endpoint.id,
        rolloutId,
        version: candidate.version,
        reason,
        ...(stable === undefined ? {} : { to: stable.version }),
      },
    });
    return found;
  });
}
