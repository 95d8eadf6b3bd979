/** Search over the registry. A registry has thousands of entries, not millions: they are read and filtered here. */
import type { ModelVersion, RegisteredModel } from '../../domain/registry.ts';
import { MODEL_VERSION_GRAMMAR, REGISTERED_MODEL_GRAMMAR } from '../../domain/search-grammar.ts';
import { compareBy, matchesFilter, parseFilter, parseOrder } from '../../domain/tracking-filter.ts';
import type { Lookup } from '../../domain/tracking-filter.ts';
import type { Filter } from '../../domain/tracking.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { page, pageSize } from '../tracking/index.ts';
import type { Page, SearchQuery } from '../tracking/index.ts';
import { everything } from './everything.ts';

export interface RegistrySearch {
  /** Default 100 a page, at most 1,000; by name. Prompts only when the filter asks for them. */
  searchModels(query: SearchQuery): Promise<Page<RegisteredModel>>;
  /** Default 10,000 a page, at most 200,000; newest change first. */
  searchVersions(query: SearchQuery): Promise<Page<ModelVersion>>;
}

const PROMPT_TAG = 'mlflow.prompt.is_prompt';
/** MLflow keeps prompts in the same tables; a search that does not ask for them must not meet them. */
function withoutPrompts(filter: Filter): { readonly filter: Filter; readonly prompts: boolean } {
  const asks = filter.find((one) => one.entity === 'tag' && one.key === PROMPT_TAG);
  if (asks === undefined) return { filter, prompts: false };
  const prompts = asks.op === '=' && asks.value === 'true';
  return { filter: filter.filter((one) => one !== asks), prompts };
}

const isPrompt = (tags: Readonly<Record<string, string>>): boolean => tags[PROMPT_TAG]?.toLowerCase() === 'true';

function modelLookup(model: RegisteredModel): Lookup {
  return (entity, key) => {
    if (entity === 'tag') return model.tags[key];
    if (key === 'name') return model.id;
    return key === 'timestamp' ? model.updatedAt : model.createdAt;
  };
}

function versionLookup(version: ModelVersion): Lookup {
  return (entity, key) => {
    if (entity === 'tag') return version.tags[key];
    switch (key) {
      case 'name':
        return version.model;
      case 'run_id':
        return version.runId ?? '';
      case 'source_path':
        return version.source;
      case 'version_number':
        return version.number;
      case 'creation_timestamp':
        return version.createdAt;
      default:
        return version.updatedAt;
    }
  };
}

const named = (filter: Filter, key: string): string | undefined => {
  const found = filter.find((one) => one.entity === 'attribute' && one.key === key && one.op === '=');
  return typeof found?.value === 'string' ? found.value : undefined;
};

export function createSearch(store: MetadataStore): RegistrySearch {
  return {
    async searchModels({ filter, orderBy, maxResults, pageToken }) {
      const asked = withoutPrompts(parseFilter(filter, REGISTERED_MODEL_GRAMMAR));
      const order = parseOrder(orderBy, REGISTERED_MODEL_GRAMMAR);
      const size = pageSize(maxResults, 100, 1000);
      const all = await everything((slice) => store.models.find(slice));
      const found = all
        .filter((model) => isPrompt(model.tags) === asked.prompts && matchesFilter(asked.filter, modelLookup(model)))
        .sort((a, b) => compareBy(order, modelLookup(a), modelLookup(b)) || (a.id < b.id ? -1 : 1));
      return page(size, pageToken, async ({ limit, offset }) => found.slice(offset, offset + limit));
    },
    async searchVersions({ filter, orderBy, maxResults, pageToken }) {
      const asked = withoutPrompts(parseFilter(filter, MODEL_VERSION_GRAMMAR));
      const order = parseOrder(orderBy, MODEL_VERSION_GRAMMAR);
      const size = pageSize(maxResults, 10_000, 200_000);
      const model = named(asked.filter, 'name');
      const runId = named(asked.filter, 'run_id');
      const where = { ...(model === undefined ? {} : { model }), ...(runId === undefined ? {} : { runId }) };
      const all = await everything((slice) => store.versions.find({ where, ...slice }));
      const found = all
        .filter(
          (version) =>
            version.deletedAt === undefined &&
            isPrompt(version.tags) === asked.prompts &&
            matchesFilter(asked.filter, versionLookup(version)),
        )
        .sort(
          (a, b) =>
            compareBy(order, versionLookup(a), versionLookup(b)) ||
            b.updatedAt - a.updatedAt ||
            (a.model === b.model ? b.number - a.number : a.model < b.model ? -1 : 1),
        );
      return page(size, pageToken, async ({ limit, offset }) => found.slice(offset, offset + limit));
    },
  };
}
