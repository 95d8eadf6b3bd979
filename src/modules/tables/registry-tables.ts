/** Data and models. Fields are chosen one by one: what is secret (hashes of tokens, webhooks) has no table. */
import type { Estimate } from '../../domain/registry.ts';
import type { DatasetVersion } from '../../domain/datasets.ts';
import { pagesOf } from '../../ports/collection.ts';
import type { Stores } from '../../ports/metadata-store.ts';
import type { ScanRow } from '../../ports/table-source.ts';
import { columns, documents, type Table } from './table.ts';

/** The newest version of each dataset, with how many there are. */
async function* newest(store: Stores): AsyncIterable<readonly ScanRow[]> {
  const found = new Map<string, { versions: number; first: number; last: DatasetVersion }>();
  for await (const page of pagesOf(store.datasetVersions)) {
    for (const version of page) {
      const name = `${version.project}/${version.name}`;
      const before = found.get(name);
      found.set(name, {
        versions: (before?.versions ?? 0) + 1,
        first: before?.first ?? version.createdAt,
        last: version,
      });
    }
  }
  yield [...found.values()].map(({ versions, first, last }) => [
    last.project,
    last.name,
    versions,
    last.id,
    last.rows,
    last.bytes,
    last.columns.length,
    first,
    last.createdAt,
  ]);
}

const estimates = (values: Readonly<Record<string, Estimate>>) => Object.entries(values);

export const REGISTRY_TABLES: readonly Table[] = [
  {
    name: 'datasets',
    description: 'Datasets of projects, each as its newest version',
    columns: columns(
      'project VARCHAR: Its project',
      'name VARCHAR: Its name',
      'versions BIGINT: How many there are',
      'version_id VARCHAR: The newest',
      'rows BIGINT: Rows of the newest',
      'bytes BIGINT: Size of the newest',
      'columns BIGINT: Columns of the newest',
      'first_at TIMESTAMP: When the first version came',
      'last_at TIMESTAMP: When the newest came',
    ),
    rows: newest,
  },
  {
    name: 'dataset_versions',
    description: 'Versions of datasets, named by their content',
    columns: columns(
      'version_id VARCHAR: project/name/digest',
      'project VARCHAR: Its project',
      'name VARCHAR: Its dataset',
      'digest VARCHAR: sha256 over its files',
      'rows BIGINT: Rows',
      'bytes BIGINT: Size',
      'files BIGINT: Files',
      'columns BIGINT: Columns',
      'checks BIGINT: Checks it was put to',
      'checks_failed BIGINT: Checks it did not pass',
      'schema_changes JSON: Columns added, removed or retyped since the version before',
      'previous_id VARCHAR: The version before',
      'created_at TIMESTAMP: When it came',
    ),
    rows: (store) =>
      documents(store.datasetVersions, (one) => [
        [
          one.id,
          one.project,
          one.name,
          one.digest,
          one.rows,
          one.bytes,
          one.files.length,
          one.columns.length,
          one.checks.length,
          one.checks.filter((check) => !check.passed).length,
          JSON.stringify(one.schemaChanges ?? []),
          one.previousId,
          one.createdAt,
        ],
      ]),
  },
  {
    name: 'models',
    description: 'Registered models',
    columns: columns(
      'model VARCHAR: Its name',
      'description VARCHAR: What a person wrote',
      'last_version BIGINT: The highest number given',
      'created_at TIMESTAMP: When it was made',
      'updated_at TIMESTAMP: Last change',
    ),
    rows: (store) =>
      documents(store.models, (one) => [[one.id, one.description, one.lastVersion, one.createdAt, one.updatedAt]]),
  },
  {
    name: 'versions',
    description: 'Model versions, deleted ones too',
    columns: columns(
      'model VARCHAR: Its model',
      'version BIGINT: Its number',
      'verdict VARCHAR: accepted, refused or unjudged',
      'stage VARCHAR: None, Staging, Production or Archived',
      'status VARCHAR: READY …',
      'run_id VARCHAR: The run it was made from',
      'model_id VARCHAR: The logged model it was made from',
      'source VARCHAR: Where its files are',
      'project VARCHAR: Of the pipeline that made it',
      'pipeline_run_id VARCHAR: The pipeline run that made it',
      'environment_id VARCHAR: What it was trained in',
      'artifact_digest VARCHAR: sha256 of the model',
      'code_digest VARCHAR: Of the code',
      'commit_id VARCHAR: Of the code, when it is in git',
      'champion_version BIGINT: What it was compared with',
      'created_at TIMESTAMP: When it was registered',
      'updated_at TIMESTAMP: Last change',
      'deleted_at TIMESTAMP: When it was deleted',
    ),
    rows: (store) =>
      documents(store.versions, (one) => [
        [
          one.model,
          one.number,
          one.verdict,
          one.stage,
          one.status,
          one.runId,
          one.modelId,
          one.source,
          one.lineage?.project,
          one.lineage?.pipelineRunId,
          one.lineage?.environmentId,
          one.lineage?.artifactDigest,
          one.lineage?.codeDigest,
          one.lineage?.commit,
          one.championVersion,
          one.createdAt,
          one.updatedAt,
          one.deletedAt,
        ],
      ]),
  },
  {
    name: 'version_datasets',
    description: 'Which dataset versions a model version was made from',
    columns: columns(
      'model VARCHAR: Its model',
      'version BIGINT: Its number',
      'version_id VARCHAR: The dataset version',
    ),
    rows: (store) =>
      documents(store.versions, (one) =>
        (one.lineage?.datasetVersionIds ?? []).map((id) => [one.model, one.number, id]),
      ),
  },
  {
    name: 'version_metrics',
    description: 'Metrics of model versions with their 95 % interval',
    columns: columns(
      'model VARCHAR: Its model',
      'version BIGINT: Its number',
      'key VARCHAR: Name of the metric',
      'value DOUBLE: The estimate',
      'low DOUBLE: Lower end',
      'high DOUBLE: Upper end',
      'n BIGINT: Rows it was computed from',
    ),
    rows: (store) =>
      documents(store.versions, (one) =>
        estimates(one.metrics).map(([key, { value, low, high, n }]) => [
          one.model,
          one.number,
          key,
          value,
          low,
          high,
          n,
        ]),
      ),
  },
  {
    name: 'aliases',
    description: 'Aliases and the versions they point at',
    columns: columns('model VARCHAR: Its model', 'alias VARCHAR: champion …', 'version BIGINT: What it points at'),
    rows: (store) =>
      documents(store.models, (one) => Object.entries(one.aliases).map(([alias, version]) => [one.id, alias, version])),
  },
  {
    name: 'gates',
    description: 'How gates judged model versions: at registration, and when an alias was to move',
    columns: columns(
      'model VARCHAR: Its model',
      'version BIGINT: Its number',
      'alias VARCHAR: Whose gate; null: of the registration',
      'gate VARCHAR: As it is written',
      'passed BOOLEAN: null: not enough was known',
      'observed DOUBLE: What was found',
      'required VARCHAR: What was asked',
      'declared VARCHAR: Where it is declared',
      'judged_at TIMESTAMP: When',
    ),
    rows: (store) =>
      documents(store.versions, (one) => {
        const all = [
          { alias: undefined, at: one.createdAt, gates: one.gates },
          ...Object.entries(one.aliasResults ?? {}).map(([alias, { at, gates }]) => ({ alias, at, gates })),
        ];
        return all.flatMap(({ alias, at, gates }) =>
          gates.map((gate) => [
            one.model,
            one.number,
            alias,
            gate.text,
            gate.passed,
            gate.observed,
            gate.required,
            gate.where,
            at,
          ]),
        );
      }),
  },
];
