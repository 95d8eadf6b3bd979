/** Runs that differ in nothing but the seed, together: mean, spread, and whether the best group is really better than the others. */
import { MillwrightError } from '../../domain/errors.ts';
import { RUN_GRAMMAR } from '../../domain/search-grammar.ts';
import { holm, type MeanDifference, type Spread, spreadOf, welch } from '../../domain/statistics/student.ts';
import { parseFilter } from '../../domain/tracking-filter.ts';
import type { Run } from '../../domain/tracking.ts';
import type { TrackingStore } from '../../ports/tracking-store.ts';
import { checkExperimentId } from './entry-rules.ts';

export interface GroupQuery {
  readonly experimentIds: readonly string[];
  readonly filter?: string | undefined;
  /** `params.lr`, `tags.data`; absent: every param but the seed. */
  readonly by?: readonly string[] | undefined;
  readonly metric?: string | undefined;
  readonly lowerIsBetter?: boolean | undefined;
}

export interface GroupSpread extends Spread {
  /** Runs of the group whose last value is not a finite number: they are not in the mean. */
  readonly excluded: number;
}

export interface RunGroup {
  readonly key: Readonly<Record<string, string | null>>;
  /** Ids, newest first. */
  readonly runs: readonly string[];
  readonly metrics: Readonly<Record<string, GroupSpread>>;
}

export interface GroupTest extends Omit<MeanDifference, 'degrees'> {
  /** Positions in `groups`. */
  readonly group: number;
  readonly against: number;
  readonly pAdjusted: number;
}

export interface GroupedRuns {
  readonly by: readonly string[];
  readonly groups: readonly RunGroup[];
  readonly tests: readonly GroupTest[];
  readonly truncated: boolean;
}

export interface RunGroups {
  /** Throws MW-INVALID. Reads at most 10,000 runs, newest first, and answers with at most 1,000 groups. */
  runGroups(query: GroupQuery): Promise<GroupedRuns>;
}

const MAX_RUNS = 10_000;
const MAX_GROUPS = 1000;
/** Metrics of the answer when none is asked: the most used. */
const MAX_METRICS = 30;
const MAX_KEYS = 100;
/** `seed`, `random_seed`, `random_state`, `model__random_state`, `torch.manual_seed`. */
const SEED = /(?:seed|random_?state)$/i;

interface Key {
  readonly kind: 'params' | 'tags';
  readonly name: string;
}

const shown = ({ kind, name }: Key): string => `${kind}.${name}`;

function readKey(text: string): Key {
  const [, kind, name] = /^(param|tag)s?\.(.+)$/.exec(text) ?? [];
  if (kind === undefined || name === undefined) {
    throw new MillwrightError('MW-INVALID', `runs cannot be grouped by "${text.slice(0, 100)}"`, {
      where: 'by',
      next: 'write params.<name> or tags.<name>, separated by commas',
    });
  }
  return { kind: kind === 'param' ? 'params' : 'tags', name };
}

function valueOf(run: Run, { kind, name }: Key): string | null {
  return run[kind].find((entry) => entry.key === name)?.value ?? null;
}

/** The finite last values of a metric, and how many runs have another one. */
function spreadIn(runs: readonly Run[], metric: string): GroupSpread | undefined {
  const values = runs.flatMap((run) => run.metrics.filter((one) => one.key === metric).map((one) => one.value));
  // An infinity is kept as the largest number: as a value of a mean it would be nonsense.
  const finite = values.filter((value) => Math.abs(value) < Number.MAX_VALUE);
  const spread = spreadOf(finite);
  return spread === undefined ? undefined : { ...spread, excluded: values.length - finite.length };
}

function grouped(runs: readonly Run[], keys: readonly Key[], metrics: readonly string[]): readonly RunGroup[] {
  const members = new Map<string, { key: Record<string, string | null>; runs: Run[] }>();
  for (const run of runs) {
    const values = keys.map((key) => valueOf(run, key));
    const id = JSON.stringify(values);
    const group = members.get(id) ?? {
      key: Object.fromEntries(keys.map((key, i) => [shown(key), values[i] ?? null])),
      runs: [],
    };
    group.runs.push(run);
    members.set(id, group);
  }
  return [...members.values()].map((group) => ({
    key: group.key,
    runs: group.runs.map((run) => run.info.id),
    metrics: Object.fromEntries(
      metrics.flatMap((metric) => {
        const spread = spreadIn(group.runs, metric);
        return spread === undefined ? [] : [[metric, spread]];
      }),
    ),
  }));
}

/** Each group against the best one of two runs or more; pairs of which the test says nothing are left out. */
function testsOf(groups: readonly RunGroup[], metric: string): readonly GroupTest[] {
  const spreads = groups.map((group) => group.metrics[metric]);
  const against = spreads.findIndex((spread) => spread !== undefined && spread.n > 1);
  const best = spreads[against];
  if (best === undefined) return [];
  const tests = spreads.flatMap((spread, group) => {
    const found = spread === undefined || group === against ? undefined : welch(spread, best);
    if (found === undefined) return [];
    const { difference, low, high, p } = found;
    return [{ group, against, difference, low, high, p }];
  });
  const adjusted = holm(tests.map((test) => test.p));
  return tests.map((test, i) => ({ ...test, pAdjusted: adjusted[i] ?? 1 }));
}

export function createRunGroups(store: TrackingStore): RunGroups {
  return {
    async runGroups({ experimentIds, filter, by, metric, lowerIsBetter = false }) {
      for (const id of experimentIds) checkExperimentId(id);
      const comparisons = parseFilter(filter, RUN_GRAMMAR);
      const asked = by?.map(readKey);
      if (asked !== undefined && asked.length > MAX_KEYS)
        throw new MillwrightError('MW-INVALID', `runs can be grouped by at most ${MAX_KEYS} keys`, { where: 'by' });
      if (experimentIds.length === 0) return { by: asked?.map(shown) ?? [], groups: [], tests: [], truncated: false };
      const known = await store.runKeys(experimentIds);
      // Reading every metric of ten thousand runs would take seconds for one column of a table.
      const metrics = metric === undefined ? known.metrics.slice(0, MAX_METRICS).map(({ key }) => key) : [metric];
      const params = known.params
        .filter(({ key }) => !SEED.test(key))
        .map(({ key }): Key => ({ kind: 'params', name: key }));
      const candidates = asked ?? params.slice(0, MAX_KEYS);
      const names = (kind: Key['kind']): readonly string[] =>
        candidates.filter((key) => key.kind === kind).map((key) => key.name);
      const found = await store.searchRuns({
        experimentIds,
        view: 'ACTIVE_ONLY',
        filter: comparisons,
        order: [],
        limit: MAX_RUNS + 1,
        offset: 0,
        columns: { metrics, params: names('params'), tags: names('tags') },
      });
      const runs = found.slice(0, MAX_RUNS);
      // A param that all runs share splits nothing and would only be read over.
      const keys = asked ?? candidates.filter((key) => new Set(runs.map((run) => valueOf(run, key))).size > 1);
      const mean = (group: RunGroup): number | undefined =>
        metric === undefined ? undefined : group.metrics[metric]?.mean;
      const sign = lowerIsBetter ? 1 : -1;
      const groups = grouped(runs, keys, metrics).toSorted((a, b) => {
        const [x, y] = [mean(a), mean(b)];
        if (x !== undefined && y !== undefined) return sign * (x - y);
        return Number(x === undefined) - Number(y === undefined) || b.runs.length - a.runs.length;
      });
      const answered = groups.slice(0, MAX_GROUPS);
      return {
        by: keys.map(shown),
        groups: answered,
        tests: metric === undefined ? [] : testsOf(answered, metric),
        truncated:
          found.length > MAX_RUNS || groups.length > MAX_GROUPS || (asked === undefined && params.length > MAX_KEYS),
      };
    },
  };
}
