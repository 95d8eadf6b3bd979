import { MillwrightError } from '../../domain/errors.ts';
import { RUN_GRAMMAR } from '../../domain/search-grammar.ts';
import { parseFilter, parseOrder } from '../../domain/tracking-filter.ts';
import { RUN_NAME_TAG, runNotActive, runNotFound } from '../../domain/tracking.ts';
import type {
  Batch,
  DatasetInput,
  Entry,
  Metric,
  ModelOutput,
  Run,
  RunInfo,
  RunStatus,
  ViewType,
} from '../../domain/tracking.ts';
import type { Clock, Ids } from '../../ports/clock.ts';
import type { Sample, SampleQuery, TrackingStore } from '../../ports/tracking-store.ts';
import { checkBatch, checkExperimentId, checkLength, checkRunId, checkTag, missingValue } from './entry-rules.ts';
import type { SearchQuery } from './experiments.ts';
import { HISTORY_TAG, withModel } from './model-history.ts';
import { page, pageSize } from './paging.ts';
import type { Page } from './paging.ts';
import { randomRunName } from './run-name.ts';

export interface NewRun {
  readonly experimentId: string;
  readonly name?: string | undefined;
  readonly userId?: string | undefined;
  readonly startTime?: number | undefined;
  readonly tags?: readonly Entry[] | undefined;
}

export interface RunQuery extends SearchQuery {
  readonly experimentIds: readonly string[];
  readonly viewType?: ViewType | undefined;
}

export interface RunUpdate {
  readonly name?: string | undefined;
  readonly status?: RunStatus | undefined;
  readonly endTime?: number | undefined;
}

export interface Runs {
  /** Throws MW-INVALID, MW-NOT-FOUND. A run without a name gets one. */
  createRun(run: NewRun): Promise<RunInfo>;
  /** Throws MW-NOT-FOUND. */
  getRun(id: string): Promise<Run>;
  getRunInfo(id: string): Promise<RunInfo>;
  updateRun(id: string, change: RunUpdate): Promise<RunInfo>;
  /** Sets status and end time (now, unless given). A run that has ended with that status stays as it is. */
  endRun(id: string, status: RunStatus, endTime?: number): Promise<RunInfo>;
  deleteRun(id: string): Promise<void>;
  restoreRun(id: string): Promise<void>;
  /** Default 1,000, at most 50,000 a page. */
  searchRuns(query: RunQuery): Promise<Page<Run>>;
  countRuns(query: Pick<RunQuery, 'experimentIds' | 'filter' | 'viewType'>): Promise<number>;
  /** Checked whole before anything is written, then written whole. See TrackingStore.logBatch. */
  logBatch(runId: string, batch: Batch): Promise<void>;
  /** One metric, param or tag alone: as a batch of one, with the texts of a single entry. */
  logOne(runId: string, entry: Batch): Promise<void>;
  /** What clients before 3.0 tell of a model that they logged, kept where they look for it: a list in a tag. Throws MW-INVALID. */
  addModelHistory(runId: string, modelJson: string): Promise<void>;
  deleteTag(runId: string, key: string): Promise<void>;
  /**
   * Copies the metrics (all points) and params of one run whose keys the other lacks, in one batch, and names the source in the tag
   * `millwright.reused_from`. Doing it again changes nothing; a source that is gone is nothing to copy. Throws MW-NOT-FOUND, MW-INVALID.
   */
  copyRun(from: string, to: string): Promise<void>;
  metricHistory(
    runId: string,
    key: string,
    query?: Pick<SearchQuery, 'maxResults' | 'pageToken'>,
  ): Promise<Page<Metric>>;
  metricKeys(runId: string): Promise<readonly { readonly key: string; readonly points: number }[]>;
  /** Points of one metric thinned so that ends and peaks stay. See TrackingStore.sampleHistory. Throws MW-NOT-FOUND. */
  sampleHistory(runId: string, key: string, query: SampleQuery): Promise<Sample>;
  logInputs(runId: string, datasets: readonly DatasetInput[], models: readonly string[]): Promise<void>;
  logOutputs(runId: string, models: readonly ModelOutput[]): Promise<void>;
}

const MAX_RUNS = 50_000;
const MAX_HISTORY = 25_000;
/** Points of one metric. */
const MAX_COPIED = 1_000_000;
/** Ids of the runs that reused steps had logged into, with a space between them. */
const REUSED_TAG = 'millwright.reused_from';
/** A page of runs carries all their metrics, params and tags, so the number of experiments asked at once is bounded too. */
const MAX_EXPERIMENTS = 10_000;

export function createRuns(store: TrackingStore, clock: Clock, ids: Ids): Runs {
  async function getRun(id: string): Promise<Run> {
    const run = await store.getRun(id);
    if (run === undefined) throw runNotFound(id);
    return run;
  }

  async function getRunInfo(id: string): Promise<RunInfo> {
    const info = await store.getRunInfo(id);
    if (info === undefined) throw runNotFound(id);
    return info;
  }

  async function updateRun(id: string, change: RunUpdate): Promise<RunInfo> {
    const before = await getRunInfo(id);
    if (before.lifecycle === 'deleted') throw runNotActive(id);
    if (change.name !== undefined) checkLength(change.name, 250, 'run_name');
    const { endTime, ...rest } = change;
    // A run that is running again has not ended.
    const reopened = change.status === 'RUNNING' || change.status === 'SCHEDULED';
    return store.updateRun(id, {
      ...rest,
      ...(endTime === undefined ? (reopened ? { endTime: null } : {}) : { endTime }),
    });
  }

  function parsed({
    experimentIds,
    filter,
    viewType = 'ACTIVE_ONLY',
  }: Pick<RunQuery, 'experimentIds' | 'filter' | 'viewType'>) {
    if (experimentIds.length > MAX_EXPERIMENTS) {
      throw new MillwrightError('MW-INVALID', `at most ${MAX_EXPERIMENTS} experiments can be searched at once`, {
        where: 'experiment_ids',
      });
    }
    for (const id of experimentIds) checkExperimentId(id);
    return { experimentIds, view: viewType, filter: parseFilter(filter, RUN_GRAMMAR) };
  }

  return {
    async createRun({ experimentId, name, userId = '', startTime, tags = [] }) {
      checkExperimentId(experimentId);
      const checked = tags.map((tag, i) => checkTag(tag, `tags[${i}]`));
      const tagged = checked.find((tag) => tag.key === RUN_NAME_TAG)?.value;
      if (name !== undefined && name !== '' && tagged !== undefined && tagged !== name) {
        throw new MillwrightError(
          'MW-INVALID',
          `Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values (run_name='${name}', mlflow.runName='${tagged}').`,
          { where: 'run_name' },
        );
      }
      const chosen = name === undefined || name === '' ? tagged : name;
      if (chosen !== undefined) checkLength(chosen, 250, 'run_name');
      const info: RunInfo = {
        id: ids.hex(32),
        experimentId,
        name: chosen === undefined || chosen === '' ? randomRunName(ids) : chosen,
        userId,
        status: 'RUNNING',
        startTime: startTime ?? clock.now(),
        lifecycle: 'active',
      };
      await store.createRun(info, Object.fromEntries(checked.map(({ key, value }) => [key, value])));
      return info;
    },
    getRun,
    getRunInfo,
    updateRun,
    async endRun(id, status, endTime) {
      const before = await getRunInfo(id);
      if (before.status === status && before.endTime !== undefined && endTime === undefined) return before;
      return updateRun(id, { status, endTime: endTime ?? clock.now() });
    },
    async deleteRun(id) {
      await getRunInfo(id);
      await store.updateRun(id, { lifecycle: 'deleted', deletedAt: clock.now() });
    },
    async restoreRun(id) {
      await getRunInfo(id);
      await store.updateRun(id, { lifecycle: 'active', deletedAt: null });
    },
    async searchRuns(query) {
      const search = { ...parsed(query), order: parseOrder(query.orderBy, RUN_GRAMMAR) };
      return page(pageSize(query.maxResults, 1000, MAX_RUNS), query.pageToken, (slice) =>
        store.searchRuns({ ...search, ...slice }),
      );
    },
    async countRuns(query) {
      const { experimentIds, view, filter } = parsed(query);
      return store.countRuns(experimentIds, view, filter);
    },
    async logBatch(runId, batch) {
      checkRunId(runId);
      await store.logBatch(runId, checkBatch(batch));
    },
    async logOne(runId, entry) {
      checkRunId(runId);
      await store.logBatch(runId, checkBatch(entry, true));
    },
    async addModelHistory(runId, modelJson) {
      const { tags } = await getRun(runId);
      const value = withModel(tags.find(({ key }) => key === HISTORY_TAG)?.value, modelJson);
      await store.logBatch(runId, { tags: [{ key: HISTORY_TAG, value }] });
    },
    async deleteTag(runId, key) {
      checkRunId(runId);
      if (await store.deleteTag(runId, key)) return;
      throw new MillwrightError('MW-NOT-FOUND', `No tag with name: ${key} in run with id ${runId}`, { where: 'key' });
    },
    async copyRun(from, to) {
      const [source, target] = [await store.getRun(from), await getRun(to)];
      if (source === undefined) return;
      const has = (entries: readonly { readonly key: string }[], key: string): boolean =>
        entries.some((entry) => entry.key === key);
      const metrics: Metric[] = [];
      for (const { key } of source.metrics) {
        if (!has(target.metrics, key))
          metrics.push(...(await store.metricHistory(from, key, { limit: MAX_COPIED, offset: 0 })));
      }
      const params = source.params.filter(({ key }) => !has(target.params, key));
      if (metrics.length === 0 && params.length === 0) return;
      const before = target.tags.find((tag) => tag.key === REUSED_TAG)?.value.split(' ') ?? [];
      const value = [...new Set([...before, from])].join(' ');
      await store.logBatch(to, { metrics, params, tags: [{ key: REUSED_TAG, value }] });
    },
    async metricHistory(runId, key, { maxResults, pageToken } = {}) {
      if (key === '') throw missingValue('metric_key');
      await getRunInfo(runId);
      // Without a page size MLflow answers with everything; so do we, up to a bound that no answer should pass unnoticed.
      const size = maxResults === undefined ? 1_000_000 : pageSize(maxResults, MAX_HISTORY, 1_000_000);
      return page(size, pageToken, (slice) => store.metricHistory(runId, key, slice));
    },
    async metricKeys(runId) {
      await getRunInfo(runId);
      return store.metricKeys(runId);
    },
    async sampleHistory(runId, key, query) {
      await getRunInfo(runId);
      return store.sampleHistory(runId, key, query);
    },
    async logInputs(runId, datasets, models) {
      checkRunId(runId);
      datasets.forEach(({ dataset }, i) => {
        if (dataset.name === '') throw missingValue(`datasets[${i}].dataset.name`);
        if (dataset.digest === '') throw missingValue(`datasets[${i}].dataset.digest`);
        checkLength(dataset.name, 500, 'name');
        checkLength(dataset.digest, 36, 'digest');
      });
      await store.logInputs(runId, datasets, models);
    },
    async logOutputs(runId, models) {
      checkRunId(runId);
      await store.logOutputs(runId, models);
    },
  };
}
