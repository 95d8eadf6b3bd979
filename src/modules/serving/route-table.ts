/** The route table: an immutable snapshot behind one reference. A swap is one assignment; a request reads it once, at admission. */
import { MillwrightError } from '../../domain/errors.ts';
import type { PlaneRoute } from '../../ports/data-plane.ts';
import type { Mirror } from './mirror.ts';
import type { PredictionRecord } from './prediction-record.ts';
import type { RateLimiter } from './rate-limit.ts';
import type { ReleaseSlot } from './release-slot.ts';
import { choose } from './split.ts';

export interface Route {
  readonly document: PlaneRoute;
  readonly weights: readonly { readonly slot: ReleaseSlot; readonly percent: number }[];
  /** Every release that is known for this endpoint, newest version first. */
  readonly slots: readonly ReleaseSlot[];
  /** Of calls that set none, ms. */
  readonly timeoutMs: number;
  readonly limiter: RateLimiter | undefined;
  readonly mirror: Mirror | undefined;
  /** Percent of calls that are logged. */
  readonly sample: number;
  /** What records of this route say beside their own; of calls that the A/B test did not draw (they named a version) the second. */
  readonly marks: Pick<PredictionRecord, 'experiment' | 'redact'> | undefined;
  readonly redact: Pick<PredictionRecord, 'redact'> | undefined;
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
  const named = (releaseId: string): boolean => route.models.some((model) => model.releaseId === releaseId);
  for (const weight of route.weights) {
    if (!(weight.percent >= 0 && weight.percent <= 100))
      bad(`a weight of ${weight.percent} % is impossible`, 'weights');
    if (!named(weight.releaseId)) bad(`${weight.releaseId} is not among the models`, 'weights');
  }
  const { mirror, limits } = route;
  if (mirror !== undefined && !named(mirror.releaseId)) bad(`${mirror.releaseId} is not among the models`, 'mirror');
  if (limits !== undefined && limits.replicas.min > limits.replicas.max)
    bad(`at least ${limits.replicas.min} workers and at most ${limits.replicas.max} is impossible`, 'limits.replicas');
}

/** Releases of the document that calls or copies go to. */
export function takesCalls(document: PlaneRoute, releaseId: string): boolean {
  return (
    document.mirror?.releaseId === releaseId ||
    document.weights.some((weight) => weight.releaseId === releaseId && weight.percent > 0)
  );
}

export function redactionOf({ log }: PlaneRoute): Pick<PredictionRecord, 'redact'> | undefined {
  return log !== undefined && log.redact.length > 0 ? { redact: log.redact } : undefined;
}

/** `slots` are loaded and warm where they take calls: a route can only be made of such. */
export function makeRoute(
  document: PlaneRoute,
  slots: readonly ReleaseSlot[],
  parts: Pick<Route, 'timeoutMs' | 'limiter' | 'mirror'>,
): Route {
  const newestFirst = [...slots].sort(
    (a, b) => b.source.version - a.source.version || (a.source.releaseId < b.source.releaseId ? 1 : -1),
  );
  const weights = newestFirst.flatMap((slot) => {
    const percent = document.weights.find((weight) => weight.releaseId === slot.source.releaseId)?.percent ?? 0;
    return percent > 0 ? [{ slot, percent }] : [];
  });
  const { experiment, log } = document;
  const redact = redactionOf(document);
  return {
    document,
    weights,
    slots: newestFirst,
    ...parts,
    sample: log?.sample ?? 100,
    marks: experiment === undefined ? redact : { experiment, ...redact },
    redact,
  };
}

/** Throws MW-NOT-FOUND. */
export function routeOf(table: RouteTable, endpoint: string): Route {
  const route = table.get(endpoint);
  if (route !== undefined) return route;
  const known = [...table.keys()].join(', ');
  throw new MillwrightError(
    'MW-NOT-FOUND',
    `no endpoint "${endpoint}" is served here${known === '' ? '' : `; there is ${known}`}`,
    { next: 'list the endpoints with: mw status' },
  );
}

/** The release for one call. `version` picks one by its model version, weighted or only kept. Throws MW-NOT-FOUND. */
export function pick(route: Route, version: number | undefined, key: string): ReleaseSlot {
  const { weights, document } = route;
  if (version !== undefined) {
    const weighted = weights.find((weight) => weight.slot.source.version === version)?.slot;
    const slot = weighted ?? route.slots.find((candidate) => candidate.source.version === version);
    if (slot !== undefined) return slot;
    const loaded = route.slots.map((candidate) => candidate.source.version).join(', ');
    throw new MillwrightError(
      'MW-NOT-FOUND',
      `version ${version} of "${document.endpoint}" is not loaded; loaded: ${loaded}`,
    );
  }
  const slot = choose(weights, key, document.experiment)?.slot;
  if (slot === undefined)
    throw new MillwrightError('MW-NO-RELEASE', `"${document.endpoint}" has no release to answer with`);
  return slot;
}
