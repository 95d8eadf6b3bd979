/** The fields that lineage asks by: the data of a step, the environment of a pipeline run, the LoggedModel of a version. */
import type { Kysely } from 'kysely';
import { fromJsonText } from '../../../platform/json-text.ts';
import type { ColumnTypes } from '../engine.ts';

const ADDED = [
  { table: 'step_runs', column: 'dataset_version_id', field: 'datasetVersionId' },
  { table: 'pipeline_runs', column: 'environment_id', field: 'environmentId' },
  { table: 'versions', column: 'model_id', field: 'modelId' },
] as const;

type Row = { readonly id: string; readonly doc: string } & Record<(typeof ADDED)[number]['column'], string | null>;
type Db = Kysely<Record<(typeof ADDED)[number]['table'], Row>>;

const PAGE = 500;

export async function up(database: Kysely<unknown>, { key }: ColumnTypes): Promise<void> {
  const db = database as unknown as Db;
  for (const { table, column, field } of ADDED) {
    await db.schema.alterTable(table).addColumn(column, key).execute();
    await db.schema.createIndex(`${table}_${column}`).on(table).columns([column, 'created_at', 'id']).execute();
    for (let after = ''; ; ) {
      const rows = await db
        .selectFrom(table)
        .select(['id', 'doc'])
        .where('id', '>', after)
        .orderBy('id')
        .limit(PAGE)
        .execute();
      for (const row of rows) {
        const value = (fromJsonText(row.doc) as Readonly<Record<string, unknown>>)[field];
        if (typeof value !== 'string') continue;
        await db
          .updateTable(table)
          .set({ [column]: value })
          .where('id', '=', row.id)
          .execute();
      }
      after = rows.at(-1)?.id ?? '';
      if (rows.length < PAGE) break;
    }
  }
}
