/**
 * Which release took calls when. An endpoint outlives its releases: without the times an alert would have every release as its
 * cause, also those that came because of it, and the loop would be a circle.
 */
import type { Stores } from '../../ports/metadata-store.ts';

export interface Served {
  readonly releaseId: string;
  /** Inclusive. */
  readonly from: number;
  /** Exclusive; Infinity while it serves. */
  readonly to: number;
}

type Happening =
  | { readonly at: number; readonly kind: 'started'; readonly releaseId: string }
  | { readonly at: number; readonly kind: 'promoted'; readonly releaseId: string }
  | { readonly at: number; readonly kind: 'rolled-back'; readonly releaseId: string }
  | { readonly at: number; readonly kind: 'put-back'; readonly version: number };

const ORDER = { started: 0, promoted: 1, 'rolled-back': 1, 'put-back': 2 } as const;

export async function servedReleases(
  stores: Stores,
  endpoint: string,
  project: string | undefined,
): Promise<readonly Served[]> {
  const [rollouts, releases, undone] = await Promise.all([
    stores.rollouts.find({ where: { endpoint }, limit: 1000 }),
    stores.releases.find({ where: { endpoint }, limit: 1000 }),
    project === undefined
      ? []
      : stores.events.find({ project, types: ['endpoint.rolled_back'], order: 'newest', limit: 1000 }),
  ]);
  const happenings: Happening[] = rollouts.flatMap((rollout): Happening[] => {
    const { releaseId, status, createdAt, endedAt = createdAt } = rollout;
    // As a shadow it answered copies: nobody was given what it said.
    const first = rollout.steps.find((step) => step.mirror === undefined);
    const at = rollout.steps[0]?.mirror === undefined ? createdAt : first?.startedAt;
    if (at === undefined) return [];
    const started = { at, kind: 'started' as const, releaseId };
    return status === 'running' ? [started] : [started, { at: endedAt, kind: status, releaseId }];
  });
  for (const event of undone) {
    if (event.type !== 'endpoint.rolled_back' || event.data.endpoint !== endpoint) continue;
    happenings.push({ at: event.at, kind: 'put-back', version: event.data.to });
  }
  const open = new Map<string, number>();
  const closed: Served[] = [];
  let live: string | undefined;
  const close = (releaseId: string | undefined, to: number): void => {
    const from = releaseId === undefined ? undefined : open.get(releaseId);
    if (releaseId === undefined || from === undefined) return;
    open.delete(releaseId);
    closed.push({ releaseId, from, to });
  };
  const replaceLive = (releaseId: string | undefined, at: number): void => {
    if (live !== releaseId) close(live, at);
    live = releaseId;
  };
  for (const one of happenings.toSorted((a, b) => a.at - b.at || ORDER[a.kind] - ORDER[b.kind])) {
    if (one.kind === 'started') open.set(one.releaseId, open.get(one.releaseId) ?? one.at);
    else if (one.kind === 'promoted') replaceLive(one.releaseId, one.at);
    else if (one.kind === 'rolled-back') {
      if (one.releaseId !== live) close(one.releaseId, one.at);
    } else {
      // Releases come newest first: the last one of that version made before.
      const back = releases.find((release) => release.version === one.version && release.createdAt <= one.at);
      replaceLive(back?.id, one.at);
      if (back !== undefined) open.set(back.id, open.get(back.id) ?? one.at);
    }
  }
  return [...closed, ...[...open].map(([releaseId, from]) => ({ releaseId, from, to: Number.POSITIVE_INFINITY }))];
}

export const servedAt = (served: readonly Served[], releaseId: string, at: number): boolean =>
  served.some((one) => one.releaseId === releaseId && one.from <= at && at < one.to);
