/** The events of webhooks and what is sent of each, as MLflow's `webhooks/types.py` names it; and how our own events become them. */
import type { DomainEvent } from '../../domain/events.ts';
import type { ModelVersion, RegisteredModel, Webhook } from '../../domain/registry.ts';
import type { Stores } from '../../ports/metadata-store.ts';

type WebhookEvent = Webhook['events'][number];

/** Entity to its actions. `budget_policy` may be declared as upstream and never happens here. */
export const WEBHOOK_ACTIONS: Readonly<Record<string, readonly string[]>> = {
  registered_model: ['created'],
  model_version: ['created'],
  model_version_tag: ['deleted', 'set'],
  model_version_alias: ['created', 'deleted'],
  prompt: ['created'],
  prompt_version: ['created'],
  prompt_tag: ['deleted', 'set'],
  prompt_version_tag: ['deleted', 'set'],
  prompt_alias: ['created', 'deleted'],
  budget_policy: ['exceeded'],
};

export const isWebhookEvent = ({ entity, action }: WebhookEvent): boolean =>
  Object.hasOwn(WEBHOOK_ACTIONS, entity) && (WEBHOOK_ACTIONS[entity] ?? []).includes(action);

export interface Told extends WebhookEvent {
  readonly at: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The body of a call; the same text whenever it is made of the same event. */
export function webhookBody({ entity, action, at, data }: Told): string {
  return JSON.stringify({ entity, action, timestamp: new Date(at).toISOString(), data });
}

const PROMPT_TAG = 'mlflow.prompt.is_prompt';
const PROMPT_TEXT = 'mlflow.prompt.text';
const PROMPT_TAGS = new Set([PROMPT_TAG, PROMPT_TEXT, '_mlflow_prompt_type']);

export const isPrompt = (tags: Readonly<Record<string, string>>): boolean => tags[PROMPT_TAG]?.toLowerCase() === 'true';

const ownTags = (tags: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(tags).filter(([key]) => !PROMPT_TAGS.has(key)));

function ofModel({ id, tags, description = '' }: RegisteredModel): Omit<Told, 'at'> {
  const prompt = isPrompt(tags);
  const data = { name: id, tags: prompt ? ownTags(tags) : tags, description };
  return { entity: prompt ? 'prompt' : 'registered_model', action: 'created', data };
}

function ofVersion({ model, number, source, runId, tags, description }: ModelVersion): Omit<Told, 'at'> {
  const shared = { name: model, version: String(number) };
  if (isPrompt(tags)) {
    const data = {
      ...shared,
      template: tags[PROMPT_TEXT] ?? null,
      tags: ownTags(tags),
      description: description ?? null,
    };
    return { entity: 'prompt_version', action: 'created', data };
  }
  const data = { ...shared, source, run_id: runId ?? null, tags, description: description ?? null };
  return { entity: 'model_version', action: 'created', data };
}

/** What an event of ours is to a webhook; undefined: nothing, or what it told of is gone. */
export async function toldOf(store: Stores, event: DomainEvent): Promise<Told | undefined> {
  const { at } = event;
  switch (event.type) {
    case 'registered_model.created': {
      const model = await store.models.get(event.data.model);
      return model === undefined ? undefined : { ...ofModel(model), at };
    }
    case 'model_version.registered': {
      const version = await store.versions.get(`${event.data.model}/${event.data.version}`);
      return version === undefined ? undefined : { ...ofVersion(version), at };
    }
    case 'alias.moved': {
      const { model: name, alias, to } = event.data;
      const prompt = isPrompt((await store.models.get(name))?.tags ?? {});
      const entity = prompt ? 'prompt_alias' : 'model_version_alias';
      if (to === undefined) return { entity, action: 'deleted', at, data: { name, alias } };
      return { entity, action: 'created', at, data: { name, alias, version: String(to) } };
    }
    case 'registry_tag.changed': {
      const { model: name, version, key, value } = event.data;
      const prompt = isPrompt((await store.models.get(name))?.tags ?? {});
      // MLflow has no event for a tag of a model that is no prompt.
      if (version === undefined && !prompt) return undefined;
      const entity = version === undefined ? 'prompt_tag' : prompt ? 'prompt_version_tag' : 'model_version_tag';
      const which = version === undefined ? {} : { version: String(version) };
      if (value === undefined) return { entity, action: 'deleted', at, data: { name, ...which, key } };
      return { entity, action: 'set', at, data: { name, ...which, key, value } };
    }
    default:
      return undefined;
  }
}

/** What the test of a webhook sends. */
export function examplePayload({ entity, action }: WebhookEvent): Readonly<Record<string, unknown>> {
  const prompt = entity.startsWith('prompt');
  const name = prompt ? 'example_prompt' : 'example_model';
  const key = { key: 'example_key', ...(action === 'set' ? { value: 'example_value' } : {}) };
  const tags = { example_key: 'example_value' };
  switch (entity) {
    case 'registered_model':
      return { name, tags, description: 'An example registered model' };
    case 'prompt':
      return { name, tags, description: 'An example prompt' };
    case 'model_version':
      return {
        name,
        version: '1',
        source: 'models:/123',
        run_id: 'abcd1234abcd5678',
        tags,
        description: 'An example model version',
      };
    case 'prompt_version':
      return { name, version: '1', template: 'Hello {{name}}!', tags, description: 'An example prompt version' };
    case 'prompt_tag':
      return { name, ...key };
    case 'model_version_alias':
    case 'prompt_alias':
      return { name, alias: 'example_alias', ...(action === 'created' ? { version: '1' } : {}) };
    default:
      return { name, version: '1', ...key };
  }
}
