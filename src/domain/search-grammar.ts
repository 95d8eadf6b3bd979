/** What each kind of search may name. The language itself is in tracking-filter.ts. */
import type { FilterEntity } from './tracking.ts';

/** What may be searched: entities, and attributes with their type. Aliases name another attribute. */
export interface Grammar {
  readonly entities: readonly FilterEntity[];
  readonly attributes: Readonly<Record<string, 'string' | 'number'>>;
  readonly aliases: Readonly<Record<string, string>>;
  /** Numbers may also come in quotes. */
  readonly quotedNumbers?: true;
}

export const RUN_GRAMMAR: Grammar = {
  entities: ['metric', 'param', 'tag', 'attribute', 'dataset'],
  attributes: {
    run_id: 'string',
    run_name: 'string',
    experiment_id: 'string',
    status: 'string',
    user_id: 'string',
    artifact_uri: 'string',
    lifecycle_stage: 'string',
    start_time: 'number',
    end_time: 'number',
  },
  aliases: {
    Created: 'start_time',
    created: 'start_time',
    'run name': 'run_name',
    'Run name': 'run_name',
    'Run Name': 'run_name',
    run_uuid: 'run_id',
  },
};

export const EXPERIMENT_GRAMMAR: Grammar = {
  entities: ['tag', 'attribute'],
  attributes: { name: 'string', experiment_id: 'string', creation_time: 'number', last_update_time: 'number' },
  aliases: {},
};

export const LOGGED_MODEL_GRAMMAR: Grammar = {
  entities: ['metric', 'param', 'tag', 'attribute'],
  attributes: {
    model_id: 'string',
    name: 'string',
    model_type: 'string',
    status: 'string',
    source_run_id: 'string',
    experiment_id: 'string',
    creation_timestamp: 'number',
    last_updated_timestamp: 'number',
  },
  aliases: {
    model_name: 'name',
    creation_time: 'creation_timestamp',
    creation_timestamp_ms: 'creation_timestamp',
    last_updated_timestamp_ms: 'last_updated_timestamp',
  },
};

export const REGISTERED_MODEL_GRAMMAR: Grammar = {
  entities: ['tag', 'attribute'],
  attributes: { name: 'string', timestamp: 'number', creation_timestamp: 'number' },
  aliases: { last_updated_timestamp: 'timestamp' },
};

export const MODEL_VERSION_GRAMMAR: Grammar = {
  entities: ['tag', 'attribute'],
  attributes: {
    name: 'string',
    run_id: 'string',
    source_path: 'string',
    version_number: 'number',
    creation_timestamp: 'number',
    last_updated_timestamp: 'number',
  },
  aliases: { version: 'version_number', source: 'source_path', timestamp: 'last_updated_timestamp' },
  quotedNumbers: true,
};
