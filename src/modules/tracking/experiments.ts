import { MillwrightError } from '../../domain/errors.ts';
import { EXPERIMENT_GRAMMAR } from '../../domain/search-grammar.ts';
import { parseFilter, parseOrder } from '../../domain/tracking-filter.ts';
import { experimentNotFound } from '../../domain/tracking.ts';
import type { Entry, Experiment, ViewType } from '../../domain/tracking.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DatasetUse, TrackingStore } from '../../ports/tracking-store.ts';
import { checkExperimentId, checkKey, checkLength, MAX_EXPERIMENT_TAG_VALUE } from './entry-rules.ts';
import { page, pageSize } from './paging.ts';
import type { Page } from './paging.ts';

export interface SearchQuery {
  readonly filter?: string | undefined;
  readonly orderBy?: readonly string[] | undefined;
  readonly maxResults?: number | undefined;
  readonly pageToken?: string | undefined;
}

export interface Experiments {
  /** The active experiment of that name, made when there is none. Throws MW-INVALID when it is deleted. */
  ensureExperiment(name: string): Promise<Experiment>;
  /** Throws MW-INVALID, MW-EXISTS (also for a deleted one). */
  createExperiment(name: string, tags?: readonly Entry[]): Promise<Experiment>;
  /** Throws MW-NOT-FOUND. */
  getExperiment(id: string): Promise<Experiment>;
  getExperimentByName(name: string): Promise<Experiment>;
  renameExperiment(id: string, name: string): Promise<Experiment>;
  deleteExperiment(id: string): Promise<void>;
  restoreExperiment(id: string): Promise<void>;
  setExperimentTag(id: string, tag: Entry): Promise<void>;
  deleteExperimentTag(id: string, key: string): Promise<void>;
  /** What runs of these experiments took in. Throws MW-INVALID. */
  datasetUses(ids: readonly string[], limit: number): Promise<readonly DatasetUse[]>;
  searchExperiments(query: SearchQuery & { readonly viewType?: ViewType | undefined }): Promise<Page<Experiment>>;
}

const MAX_NAME = 500;
const MAX_RESULTS = 50_000;

function checkName(name: string): void {
  if (name === '') throw new MillwrightError('MW-INVALID', "Invalid experiment name: ''", { where: 'name' });
  checkLength(name, MAX_NAME, 'name');
}

function checkTag({ key, value }: Entry): void {
  checkKey(key, 'key');
  checkLength(value, MAX_EXPERIMENT_TAG_VALUE, 'value');
}

export function createExperiments(store: TrackingStore, clock: Clock): Experiments {
  async function must(id: string): Promise<Experiment> {
    checkExperimentId(id);
    const found = await store.getExperiment(id);
    if (found === undefined) throw experimentNotFound(id);
    return found;
  }

  async function mustBeActive(id: string): Promise<Experiment> {
    const found = await must(id);
    if (found.lifecycle === 'active') return found;
    throw new MillwrightError(
      'MW-INVALID',
      `The experiment ${id} must be in the 'active' state. Current state is deleted.`,
      {
        where: 'experiment_id',
      },
    );
  }

  async function createExperiment(name: string, tags: readonly Entry[] = []): Promise<Experiment> {
    checkName(name);
    for (const tag of tags) checkTag(tag);
    const now = clock.now();
    const entries = Object.fromEntries(tags.map(({ key, value }) => [key, value]));
    return store.createExperiment({ name, lifecycle: 'active', createdAt: now, updatedAt: now, tags: entries });
  }

  return {
    createExperiment,
    async ensureExperiment(name) {
      const found = await store.getExperimentByName(name);
      if (found?.lifecycle === 'active') return found;
      if (found !== undefined) return mustBeActive(found.id);
      try {
        return await createExperiment(name);
      } catch (error) {
        // Two callers may both have seen nothing; the second finds what the first made.
        const made = await store.getExperimentByName(name);
        if (made === undefined) throw error;
        return made;
      }
    },
    getExperiment: must,
    async getExperimentByName(name) {
      const found = await store.getExperimentByName(name);
      if (found !== undefined) return found;
      throw new MillwrightError('MW-NOT-FOUND', `Could not find experiment with name '${name}'`, {
        where: 'experiment_name',
      });
    },
    async renameExperiment(id, name) {
      checkName(name);
      await mustBeActive(id);
      return store.updateExperiment(id, { name, updatedAt: clock.now() });
    },
    async deleteExperiment(id) {
      // Deleted already is not there any more, in MLflow's answer.
      if ((await must(id)).lifecycle === 'deleted') throw experimentNotFound(id);
      await store.updateExperiment(id, { lifecycle: 'deleted', updatedAt: clock.now() });
    },
    async restoreExperiment(id) {
      if ((await must(id)).lifecycle === 'active') throw experimentNotFound(id);
      await store.updateExperiment(id, { lifecycle: 'active', updatedAt: clock.now() });
    },
    async setExperimentTag(id, tag) {
      checkTag(tag);
      await mustBeActive(id);
      await store.setExperimentTag(id, tag.key, tag.value);
    },
    async deleteExperimentTag(id, key) {
      await mustBeActive(id);
      if (await store.deleteExperimentTag(id, key)) return;
      throw new MillwrightError('MW-NOT-FOUND', `No tag with name: ${key} in experiment with id ${id}`, {
        where: 'key',
      });
    },
    datasetUses(experiments, limit) {
      for (const id of experiments) checkExperimentId(id);
      return store.datasetUses(experiments, limit);
    },
    searchExperiments({ filter, orderBy, maxResults, pageToken, viewType = 'ACTIVE_ONLY' }) {
      const parsed = parseFilter(filter, EXPERIMENT_GRAMMAR);
      const order = parseOrder(orderBy, EXPERIMENT_GRAMMAR);
      return page(pageSize(maxResults, 1000, MAX_RESULTS), pageToken, (slice) =>
        store.searchExperiments({ ...slice, view: viewType, filter: parsed, order }),
      );
    },
  };
}
