/** The route table: an immutable snapshot behind one reference. A swap is one assignment; a request reads it once, at admission. */
import { MillwrightError } from '../../domain/errors.ts';
import type { PlaneRoute } from '../../ports/data-plane.ts';
import type { ReleaseSlot } from './release-slot.ts';
import { choose } from './split.ts';

export interface Route {
  readonly document: PlaneRoute;
  readonly weights: readonly { readonly slot: ReleaseSlot; readonly percent: number }[];
  /** Every release that is loaded for this endpoint, newest version first. */
  readonly slots: readonly ReleaseSlot[];
}

export type RouteTable = ReadonlyMap<string, Route>;

const ENDPOINT_NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;

function bad(message: string, where: string): never {
  throw new MillwrightError('MW-INVALID', message, { where, next: 'see the endpoint with: mw status' });
}

/** Throws MW-INVALID for a document that could not route every call. */
export function checkDocument(route: PlaneRoute): void {
  if (!ENDPOINT_NAME.test(route.endpoint)) bad(`"${route.endpoint}" is not an endpoint name`, 'endpoint');
  const total = route.weights.reduce((sum, weight) => sum + weight.percent, 0);
  if (route.weights.length === 0 || Math.abs(total - 100) > 1e-6)
    bad(`the weights sum to ${total}, not to 100`, 'weights');
  for (const weight of route.weights) {
    if (!(weight.percent >= 0 && weight.percent <= 100))
      bad(`a weight of ${weight.percent} % is impossible`, 'weights');
    if (!route.models.some((model) => model.releaseId === weight.releaseId))
      bad(`${weight.releaseId} is not among the models`, 'weights');
  }
}

/** `slots` are loaded and warm: a route can only be made of such. */
export function makeRoute(document: PlaneRoute, slots: readonly ReleaseSlot[]): Route {
  const newestFirst = [...slots].sort(
    (a, b) => b.source.version - a.source.version || (a.source.releaseId < b.source.releaseId ? 1 : -1),
  );
  const weights = newestFirst.flatMap((slot) => {
    const percent = document.weights.find((weight) => weight.releaseId === slot.source.releaseId)?.percent ?? 0;
    return percent > 0 ? [{ slot, percent }] : [];
  });
  return { document, weights, slots: newestFirst };
}

/** The release for one call. `version` picks one by its model version, weighted or only kept warm. */
export function pick(table: RouteTable, endpoint: string, version: number | undefined, key: string): ReleaseSlot {
  const route = table.get(endpoint);
  if (route === undefined) {
    const known = [...table.keys()].join(', ');
    throw new MillwrightError(
      'MW-NOT-FOUND',
      `no endpoint "${endpoint}" is served here${known === '' ? '' : `; there is ${known}`}`,
      {
        next: 'list the endpoints with: mw status',
      },
    );
  }
  if (version !== undefined) {
    const weighted = route.weights.find((weight) => weight.slot.source.version === version)?.slot;
    const slot = weighted ?? route.slots.find((candidate) => candidate.source.version === version);
    if (slot !== undefined) return slot;
    const loaded = route.slots.map((candidate) => candidate.source.version).join(', ');
    throw new MillwrightError('MW-NOT-FOUND', `version ${version} of "${endpoint}" is not loaded; loaded: ${loaded}`);
  }
  const slot = choose(route.weights, key)?.slot;
  if (slot === undefined) throw new MillwrightError('MW-NO-RELEASE', `"${endpoint}" has no release to answer with`);
  return slot;
}
