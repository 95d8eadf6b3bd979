/** The rows of the core tables, and how the names of the port become names of SQL. */
import type { Generated, Kysely } from 'kysely';
import type { CollectionName } from '../../ports/metadata-store.ts';

/** The row of a collection: its indexed fields are columns beside these. */
export interface DocRow {
  readonly id: string;
  readonly created_at: number;
  readonly doc: string;
  readonly [column: string]: string | number | null;
}

export interface EventRow {
  readonly seq: Generated<number>;
  readonly id: string;
  readonly type: string;
  readonly at: number;
  readonly project: string;
  readonly actor: string;
  readonly cause: string | null;
  readonly data: string;
}

export interface JobRow {
  readonly id: string;
  readonly created_at: number;
  readonly queue: string;
  readonly payload: string;
  readonly state: string;
  readonly owner: string | null;
  readonly fence: number;
  readonly lease_until: number | null;
}

export interface CoreTables {
  readonly events: EventRow;
  readonly handler_cursors: { readonly handler: string; readonly seq: number };
  readonly jobs: JobRow;
  readonly counters: { readonly name: string; readonly value: number };
}

export type CoreDb = Kysely<CoreTables>;
/** Any one collection's table, under a name chosen at run time. */
export type DocDb = Kysely<Record<string, DocRow>>;

/** `pipelineRunId` -> `pipeline_run_id` */
export function columnOf(field: string): string {
  return field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** `datasetVersions` -> `dataset_versions` */
export function tableOf(collection: CollectionName): string {
  return columnOf(collection);
}
