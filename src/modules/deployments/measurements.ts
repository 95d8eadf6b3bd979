/**
 * What the prediction log says about a running rollout. Reading it takes a query, so it happens beside the watch, at most every few
 * seconds and only for what a guard or an A/B test asks: a rollback never waits for it.
 */
import type { AbReading, Rollout } from '../../domain/deployments.ts';
import { kolmogorovSmirnov } from '../../domain/statistics/distances.ts';
import { type AbMetric, rowValue, scaleOf } from '../../domain/statistics/confidence-sequence.ts';
import type { AnalyticsStore, ScoredOutcomes } from '../../ports/analytics-store.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/context.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { readAb } from './ab-test.ts';
import { type GuardNeeds, needsOf } from './guard-names.ts';

export interface MeasurementDeps {
  readonly store: MetadataStore;
  readonly analytics: Pick<AnalyticsStore, 'releaseScores' | 'releaseOutcomes' | 'shadow'>;
  readonly clock: Clock;
  /** Between two looks, ms; default 3,000. */
  readonly lookEveryMs?: number;
  readonly log?: Log;
}

/** Absent = not known, or too little of it. */
export interface Measured {
  readonly scoreShift?: number;
  readonly driftShare?: number;
  /** By the name after `quality.`. */
  readonly quality: Readonly<Record<string, number>>;
  readonly championQuality: Readonly<Record<string, number>>;
  readonly ab?: AbReading;
}

export interface Measurements {
  /** The newest complete look at this step; starts another one when it is due. Never waits. */
  latest(rollout: Rollout): Measured;
  /** Forgets rollouts that run no more. */
  retain(running: readonly Rollout[]): void;
}

const NOTHING: Measured = { quality: {}, championQuality: {} };
const LOOK_EVERY_MS = 3000;
/** Rows of either side below which a distance or a mean says nothing. */
const ENOUGH_SCORES = 200;
const ENOUGH_OUTCOMES = 50;
const SCORE_SAMPLE = 10_000;
const MOST_OUTCOMES = 400_000;
/** The distance is looked at again and again: only one that chance makes once in 1,000 looks counts. */
const SHIFT_P = 0.001;
const QUALITY: readonly AbMetric[] = ['accuracy', 'log_loss', 'brier', 'outcome_rate'];

interface Look {
  readonly key: string;
  dueAt: number;
  busy: boolean;
  value: Measured;
}

function qualityOf(rows: ScoredOutcomes | undefined): Readonly<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const metric of rows === undefined ? [] : QUALITY) {
    let [n, sum] = [0, 0];
    for (const [i, outcome] of rows?.outcomes.entries() ?? []) {
      const value = rowValue(metric, rows?.scores[i] ?? Number.NaN, outcome);
      if (value === undefined) continue;
      n += 1;
      sum += value;
    }
    if (n >= ENOUGH_OUTCOMES) found[metric] = (sum / n) * scaleOf(metric);
  }
  return found;
}

export function createMeasurements(deps: MeasurementDeps): Measurements {
  const { analytics, store, clock } = deps;
  const everyMs = deps.lookEveryMs ?? LOOK_EVERY_MS;
  const looks = new Map<string, Look>();

  async function scoreShift(rollout: Rollout, since: number): Promise<number | undefined> {
    const { endpoint, releaseId, fromReleaseId } = rollout;
    if (rollout.steps[rollout.stepIndex]?.mirror !== undefined) {
      // The same rows: what differs is the model, not chance.
      const { liveScores, shadowScores } = await analytics.shadow({ endpoint, releaseId, since, top: 0 });
      return liveScores.length < ENOUGH_SCORES ? undefined : kolmogorovSmirnov(liveScores, shadowScores).d;
    }
    if (fromReleaseId === undefined) return undefined;
    const scores = await analytics.releaseScores(
      { endpoint, releases: [releaseId, fromReleaseId], since },
      SCORE_SAMPLE,
    );
    const [own, theirs] = [scores.get(releaseId) ?? [], scores.get(fromReleaseId) ?? []];
    if (own.length < ENOUGH_SCORES || theirs.length < ENOUGH_SCORES) return undefined;
    const { d, p } = kolmogorovSmirnov(own, theirs);
    return p < SHIFT_P ? d : 0;
  }

  /** Of the newest evaluation of a drift monitor since the step began. */
  async function driftShare(rollout: Rollout, since: number): Promise<number | undefined> {
    const endpoint = await store.endpoints.get(rollout.endpoint);
    if (endpoint === undefined) return undefined;
    const evaluations = await store.evaluations.find({ where: { project: endpoint.project }, limit: 50 });
    return evaluations.find((one) => one.createdAt >= since && 'drifted_share' in one.values)?.values['drifted_share']
      ?.value;
  }

  async function outcomes(rollout: Rollout, outcome: string, experiment: string | undefined) {
    const { endpoint, releaseId, fromReleaseId, createdAt } = rollout;
    const found = await analytics.releaseOutcomes({
      endpoint,
      releases: [releaseId, ...(fromReleaseId === undefined ? [] : [fromReleaseId])],
      since: createdAt,
      outcome,
      ...(experiment === undefined ? {} : { experiment }),
      limit: MOST_OUTCOMES,
    });
    return { own: found.get(releaseId), theirs: fromReleaseId === undefined ? undefined : found.get(fromReleaseId) };
  }

  async function abReading(rollout: Rollout): Promise<AbReading | undefined> {
    if (rollout.ab === undefined) return undefined;
    const { own, theirs } = await outcomes(rollout, rollout.ab.outcome, rollout.id);
    const version = async (id: string | undefined): Promise<number> =>
      id === undefined ? 0 : ((await store.releases.get(id))?.version ?? 0);
    const candidate = { version: await version(rollout.releaseId), rows: own };
    const stable = { version: await version(rollout.fromReleaseId), rows: theirs };
    return readAb(rollout.ab, candidate, stable, clock.now());
  }

  async function measure(rollout: Rollout, needs: GuardNeeds): Promise<Measured> {
    const since = rollout.steps[rollout.stepIndex]?.startedAt ?? rollout.createdAt;
    const shift = needs.scores ? await scoreShift(rollout, since) : undefined;
    const drift = needs.drift ? await driftShare(rollout, since) : undefined;
    const quality =
      needs.quality && rollout.outcome !== undefined ? await outcomes(rollout, rollout.outcome, undefined) : undefined;
    const ab = await abReading(rollout);
    return {
      ...(shift === undefined ? {} : { scoreShift: shift }),
      ...(drift === undefined ? {} : { driftShare: drift }),
      quality: qualityOf(quality?.own),
      championQuality: qualityOf(quality?.theirs),
      ...(ab === undefined ? {} : { ab }),
    };
  }

  async function look(rollout: Rollout, needs: GuardNeeds, entry: Look): Promise<void> {
    const started = clock.monotonic();
    try {
      entry.value = await measure(rollout, needs);
    } catch (error) {
      // Nothing is known then: guards on it neither trip nor let the rollout go on.
      entry.value = NOTHING;
      deps.log?.warn({ err: error, rollout: rollout.id }, 'the prediction log could not be read for a rollout');
    } finally {
      const now = clock.monotonic();
      // A log that has grown large is looked at less often, so that at most a tenth of the time goes into it.
      entry.dueAt = now + Math.max(everyMs, 10 * (now - started));
      entry.busy = false;
    }
  }

  return {
    latest(rollout) {
      const needs = needsOf(rollout.guards.map((guard) => guard.text));
      if (!needs.scores && !needs.drift && !needs.quality && rollout.ab === undefined) return NOTHING;
      const key = `${rollout.id}/${rollout.stepIndex}`;
      let entry = looks.get(rollout.id);
      if (entry?.key !== key) {
        entry = { key, dueAt: Number.NEGATIVE_INFINITY, busy: false, value: NOTHING };
        looks.set(rollout.id, entry);
      }
      if (!entry.busy && clock.monotonic() >= entry.dueAt) {
        entry.busy = true;
        void look(rollout, needs, entry);
      }
      return entry.value;
    },
    retain(running) {
      const ids = new Set(running.map((rollout) => rollout.id));
      for (const id of looks.keys()) if (!ids.has(id)) looks.delete(id);
    },
  };
}
