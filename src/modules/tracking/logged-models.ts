import { MillwrightError } from '../../domain/errors.ts';
import { LOGGED_MODEL_GRAMMAR } from '../../domain/search-grammar.ts';
import { parseFilter, parseOrder } from '../../domain/tracking-filter.ts';
import { modelNotFound } from '../../domain/tracking.ts';
import type { Entry, LoggedModel, LoggedModelStatus } from '../../domain/tracking.ts';
import type { Clock, Ids } from '../../ports/clock.ts';
import type { LoggedModelSearch, TrackingStore } from '../../ports/tracking-store.ts';
import { checkExperimentId, checkKey, checkLength, checkParamValue, checkTag, missingValue } from './entry-rules.ts';
import type { SearchQuery } from './experiments.ts';
import { page, pageSize } from './paging.ts';
import type { Page } from './paging.ts';
import { randomRunName } from './run-name.ts';

export interface NewLoggedModel {
  readonly experimentId: string;
  readonly name?: string | undefined;
  readonly modelType?: string | undefined;
  readonly sourceRunId?: string | undefined;
  readonly params?: readonly Entry[] | undefined;
  readonly tags?: readonly Entry[] | undefined;
}

export interface LoggedModelQuery extends SearchQuery {
  readonly experimentIds: readonly string[];
  readonly datasets?: LoggedModelSearch['datasets'] | undefined;
}

export interface LoggedModels {
  /** Pending until finalized. Throws MW-INVALID, MW-NOT-FOUND. */
  createLoggedModel(model: NewLoggedModel): Promise<LoggedModel>;
  /** Throws MW-NOT-FOUND, also for a deleted one. */
  getLoggedModel(id: string): Promise<LoggedModel>;
  finalizeLoggedModel(id: string, status: LoggedModelStatus): Promise<LoggedModel>;
  deleteLoggedModel(id: string): Promise<void>;
  setLoggedModelTags(id: string, tags: readonly Entry[]): Promise<LoggedModel>;
  deleteLoggedModelTag(id: string, key: string): Promise<void>;
  addLoggedModelParams(id: string, params: readonly Entry[]): Promise<void>;
  /** Default 100 a page, at most 1,000. */
  searchLoggedModels(query: LoggedModelQuery): Promise<Page<LoggedModel>>;
}

const FORBIDDEN = ['/', ':', '.', '%', '"', "'"];
const MAX_PARAMS = 100;
const MAX_PARAM_KEY = 250;

function checkName(name: string): void {
  if (!FORBIDDEN.some((c) => name.includes(c))) return;
  throw new MillwrightError(
    'MW-INVALID',
    `Invalid model name ('${name}') provided. Model name must be a non-empty string and cannot contain the following characters: ('/', ':', '.', '%', '"', "'")`,
    { where: 'name' },
  );
}

function checkLongKey(key: string): string {
  if (key === '') throw missingValue('params.key');
  checkLength(key, MAX_PARAM_KEY, 'Param key');
  return key;
}

const toRecord = (entries: readonly Entry[]): Record<string, string> =>
  Object.fromEntries(entries.map(({ key, value }) => [key, value]));

export function createLoggedModels(store: TrackingStore, clock: Clock, ids: Ids): LoggedModels {
  async function must(id: string): Promise<LoggedModel> {
    const found = await store.getLoggedModel(id);
    if (found === undefined || found.deletedAt !== undefined) throw modelNotFound(id);
    return found;
  }
  const checkedParams = (params: readonly Entry[]): readonly Entry[] => {
    if (params.length > MAX_PARAMS) {
      throw new MillwrightError('MW-INVALID', `at most ${MAX_PARAMS} params at once, got ${params.length}`, {
        where: 'params',
      });
    }
    // Any key: they are the model's own words (a library's settings) and never become a name of anything.
    return params.map(({ key, value }) => checkParamValue(checkLongKey(key), value));
  };
  return {
    async createLoggedModel({ experimentId, name = '', modelType = '', sourceRunId, params = [], tags = [] }) {
      checkExperimentId(experimentId);
      checkName(name);
      const now = clock.now();
      const model: LoggedModel = {
        id: `m-${ids.hex(32)}`,
        experimentId,
        name: name === '' ? randomRunName(ids) : name,
        modelType,
        ...(sourceRunId === undefined || sourceRunId === '' ? {} : { sourceRunId }),
        status: 'LOGGED_MODEL_PENDING',
        createdAt: now,
        updatedAt: now,
        params: checkedParams(params),
        tags: tags.map((tag, i) => checkTag(tag, `tags[${i}]`)),
        metrics: [],
      };
      await store.createLoggedModel(model);
      return must(model.id);
    },
    getLoggedModel: must,
    finalizeLoggedModel: (id, status) => store.updateLoggedModel(id, { status, updatedAt: clock.now() }),
    async deleteLoggedModel(id) {
      // Again is no error, as MLflow answers it; only what never was is unknown.
      if ((await store.getLoggedModel(id))?.deletedAt !== undefined) return;
      const now = clock.now();
      await store.updateLoggedModel(id, { updatedAt: now, deletedAt: now });
    },
    async setLoggedModelTags(id, tags) {
      await store.setLoggedModelTags(id, toRecord(tags.map((tag, i) => checkTag(tag, `tags[${i}]`))));
      return must(id);
    },
    async deleteLoggedModelTag(id, key) {
      checkKey(key, 'tag_key');
      if (await store.deleteLoggedModelTag(id, key)) return;
      throw new MillwrightError('MW-NOT-FOUND', `No tag with key '${key}' found for model with ID '${id}'.`, {
        where: 'tag_key',
      });
    },
    addLoggedModelParams: async (id, params) => store.addLoggedModelParams(id, toRecord(checkedParams(params))),
    searchLoggedModels({ experimentIds, filter, orderBy, maxResults, pageToken, datasets = [] }) {
      for (const id of experimentIds) checkExperimentId(id);
      const search = {
        experimentIds,
        filter: parseFilter(filter, LOGGED_MODEL_GRAMMAR),
        order: parseOrder(orderBy, LOGGED_MODEL_GRAMMAR),
        datasets,
      };
      return page(pageSize(maxResults, 100, 1000), pageToken, (slice) =>
        store.searchLoggedModels({ ...search, ...slice }),
      );
    },
  };
}
