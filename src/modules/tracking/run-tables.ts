/** Runs as a page asks for them: any part of a long list, only the keys that are shown, and curves thinned by the store. */
import { MillwrightError } from '../../domain/errors.ts';
import { RUN_GRAMMAR } from '../../domain/search-grammar.ts';
import { parseFilter, parseOrder } from '../../domain/tracking-filter.ts';
import type { Run, RunInfo, ViewType } from '../../domain/tracking.ts';
import type { KeyCount, RunSearch, Sample, SampleQuery, TrackingStore } from '../../ports/tracking-store.ts';
import { checkExperimentId, checkRunId } from './entry-rules.ts';
import { page, tokenOf } from './paging.ts';
import type { Page } from './paging.ts';

export interface RunTableQuery {
  readonly experimentIds: readonly string[];
  readonly view: ViewType;
  readonly filter?: string | undefined;
  readonly orderBy?: readonly string[] | undefined;
  readonly limit: number;
  /** One of the two says where the page begins. */
  readonly offset?: number | undefined;
  readonly pageToken?: string | undefined;
  readonly columns?: RunSearch['columns'] | undefined;
}

export interface Curve extends Sample {
  readonly runId: string;
  readonly key: string;
}

export interface CurveQuery extends SampleQuery {
  readonly runIds: readonly string[];
  readonly keys: readonly string[];
}

export interface RunTables {
  /** Throws MW-INVALID. */
  runTable(query: RunTableQuery): Promise<Page<Run>>;
  /** In the order of the ids, active and deleted, without those that are unknown. Throws MW-INVALID. */
  runsById(ids: readonly string[], columns?: RunSearch['columns']): Promise<readonly Run[]>;
  runKeys(experimentIds: readonly string[]): Promise<{
    readonly metrics: readonly KeyCount[];
    readonly params: readonly KeyCount[];
    readonly tags: readonly KeyCount[];
  }>;
  /** In the order asked, without those that have no point. Throws MW-INVALID beyond 1,000 curves. */
  curves(query: CurveQuery): Promise<readonly Curve[]>;
  /** The run that this one was started below, and those started below it (newest first, at most 200). */
  runFamily(run: Run): Promise<{ readonly parent?: RunInfo; readonly children: readonly RunInfo[] }>;
}

const PARENT_TAG = 'mlflow.parentRunId';
const MAX_IDS = 500;
const MAX_CURVES = 1000;
/** Of one answer: more would be megabytes that no screen can show. */
const MAX_POINTS = 400_000;
const LEAST_POINTS = 50;
const MAX_CHILDREN = 200;

export function createRunTables(store: TrackingStore): RunTables {
  async function runsById(ids: readonly string[], columns?: RunSearch['columns']): Promise<readonly Run[]> {
    if (ids.length > MAX_IDS) {
      throw new MillwrightError('MW-INVALID', `at most ${MAX_IDS} runs can be asked for by id`, { where: 'ids' });
    }
    for (const id of ids) checkRunId(id, 'ids');
    const infos = await Promise.all(ids.map((id) => store.getRunInfo(id)));
    const experimentIds = [...new Set(infos.flatMap((info) => (info === undefined ? [] : [info.experimentId])))];
    if (experimentIds.length === 0) return [];
    const found = await store.searchRuns({
      experimentIds,
      view: 'ALL',
      filter: [{ entity: 'attribute', key: 'run_id', op: 'IN', value: [...ids] }],
      order: [],
      limit: ids.length,
      offset: 0,
      ...(columns === undefined ? {} : { columns }),
    });
    const byId = new Map(found.map((run) => [run.info.id, run]));
    return ids.map((id) => byId.get(id)).filter((run) => run !== undefined);
  }

  return {
    runsById,
    async runTable({ experimentIds, view, filter, orderBy, limit, offset, pageToken, columns }) {
      for (const id of experimentIds) checkExperimentId(id);
      const search = {
        experimentIds,
        view,
        filter: parseFilter(filter, RUN_GRAMMAR),
        order: parseOrder(orderBy, RUN_GRAMMAR),
        ...(columns === undefined ? {} : { columns }),
      };
      const start = offset === undefined ? pageToken : tokenOf(offset);
      return page(limit, start, (slice) => store.searchRuns({ ...search, ...slice }));
    },
    async runKeys(experimentIds) {
      for (const id of experimentIds) checkExperimentId(id);
      return experimentIds.length === 0 ? { metrics: [], params: [], tags: [] } : store.runKeys(experimentIds);
    },
    async curves({ runIds, keys, maxPoints, ...range }) {
      const count = runIds.length * keys.length;
      if (count > MAX_CURVES) {
        throw new MillwrightError('MW-INVALID', `at most ${MAX_CURVES} curves can be asked for at once`, {
          where: 'runs',
          next: 'ask for fewer runs or keys at a time',
        });
      }
      for (const id of runIds) checkRunId(id, 'runs');
      const most = Math.max(LEAST_POINTS, Math.min(maxPoints, Math.floor(MAX_POINTS / count)));
      const curves: Curve[] = [];
      // One after another: each is short, and a hundred at once would hold the store from everybody else.
      for (const runId of runIds) {
        for (const key of keys) {
          const sample = await store.sampleHistory(runId, key, { maxPoints: Math.min(most, maxPoints), ...range });
          if (sample.points.length > 0) curves.push({ runId, key, ...sample });
        }
      }
      return curves;
    },
    async runFamily(run) {
      const parentId = run.tags.find((tag) => tag.key === PARENT_TAG)?.value;
      const [parent, children] = await Promise.all([
        parentId === undefined ? undefined : store.getRunInfo(parentId),
        store.searchRuns({
          experimentIds: [run.info.experimentId],
          view: 'ACTIVE_ONLY',
          filter: [{ entity: 'tag', key: PARENT_TAG, op: '=', value: run.info.id }],
          order: [],
          limit: MAX_CHILDREN,
          offset: 0,
          columns: {},
        }),
      ]);
      return { ...(parent === undefined ? {} : { parent }), children: children.map((one) => one.info) };
    },
  };
}
