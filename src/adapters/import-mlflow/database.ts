/** MLflow's own database (SQLite, PostgreSQL or MySQL), read without MLflow and never written. */
import { MillwrightError } from '../../domain/errors.ts';
import type { DatasetInput, LoggedModel, ModelOutput } from '../../domain/tracking.ts';
import type { TrackingSource } from '../../ports/tracking-source.ts';
import { filesBelow, folderOf } from './local-files.ts';
import type { Query } from './query.ts';
import {
  datasetOf,
  entries,
  experimentOf,
  metricOf,
  metricValue,
  modelStatus,
  number,
  optionalText,
  record,
  type Row,
  runInfoOf,
  text,
  versionOf,
} from './rows.ts';
import { assessmentOfRow, traceOf } from './trace-rows.ts';

const PAGE = 500;

export interface DatabaseSource {
  readonly name: string;
  readonly query: Query;
  /** The folder behind `mlflow-artifacts:` locations. */
  readonly artifacts: string | undefined;
}

/** Throws MW-DATA-READ when it is not a database of MLflow. */
export async function openDatabaseSource({ name, query, artifacts }: DatabaseSource): Promise<TrackingSource> {
  const tables = new Set(await query.tables());
  for (const needed of ['experiments', 'runs', 'metrics', 'params', 'tags']) {
    if (tables.has(needed)) continue;
    await query.close();
    throw new MillwrightError('MW-DATA-READ', `${name} has no table "${needed}": it is not a database of MLflow`, {
      where: name,
    });
  }

  /** Rows of a table that older versions of MLflow do not have. */
  async function rows(table: string, where: string, values: readonly unknown[]): Promise<readonly Row[]> {
    return tables.has(table) ? query.rows(`select * from ${table} where ${where}`, values) : [];
  }

  /** Keyset pages by a text key. */
  async function* paged(table: string, key: string, where: string, values: readonly unknown[]) {
    if (!tables.has(table)) return;
    let last = '';
    for (;;) {
      const page = await query.rows(
        `select * from ${table} where ${where} and ${key} > ? order by ${key} limit ${PAGE}`,
        [...values, last],
      );
      yield* page;
      if (page.length < PAGE) return;
      last = text(page.at(-1)?.[key]);
    }
  }

  async function datasetsOf(runId: string): Promise<readonly DatasetInput[]> {
    const inputs = await rows('inputs', "source_type = 'DATASET' and destination_id = ?", [runId]);
    const found: DatasetInput[] = [];
    for (const input of inputs) {
      const [dataset] = await rows('datasets', 'dataset_uuid = ?', [input['source_id']]);
      if (dataset === undefined) continue;
      const tags = record(await rows('input_tags', 'input_uuid = ?', [input['input_uuid']]), 'name');
      found.push({
        dataset: datasetOf(dataset),
        tags: entries(tags),
      });
    }
    return found;
  }

  async function modelsOf(runId: string): Promise<{ inputs: readonly string[]; outputs: readonly ModelOutput[] }> {
    const taken = await rows('inputs', "destination_type = 'MODEL_INPUT' and source_id = ?", [runId]);
    const made = await rows('inputs', "destination_type = 'MODEL_OUTPUT' and source_id = ?", [runId]);
    return {
      inputs: taken.map((row) => text(row['destination_id'])),
      outputs: made.map((row) => ({ modelId: text(row['destination_id']), step: number(row['step']) })),
    };
  }

  async function locationOf(kind: string, id: string): Promise<string | undefined> {
    const [table, key, column] =
      kind === 'run' ? ['runs', 'run_uuid', 'artifact_uri'] : ['logged_models', 'model_id', 'artifact_location'];
    const [row] = await rows(table ?? '', `${key} = ?`, [id]);
    return optionalText(row?.[column ?? '']);
  }

  async function loggedModel(row: Row): Promise<LoggedModel> {
    const id = text(row['model_id']);
    const [params, tags, metrics] = [
      await rows('logged_model_params', 'model_id = ?', [id]),
      await rows('logged_model_tags', 'model_id = ?', [id]),
      await rows('logged_model_metrics', 'model_id = ?', [id]),
    ];
    const sourceRunId = optionalText(row['source_run_id']);
    const statusMessage = optionalText(row['status_message']);
    const updatedAt = number(row['last_updated_timestamp_ms']);
    return {
      id,
      experimentId: text(row['experiment_id']),
      name: text(row['name']),
      modelType: text(row['model_type']),
      ...(sourceRunId === undefined ? {} : { sourceRunId }),
      status: modelStatus(row['status']),
      ...(statusMessage === undefined ? {} : { statusMessage }),
      createdAt: number(row['creation_timestamp_ms']),
      updatedAt,
      ...(row['lifecycle_stage'] === 'deleted' ? { deletedAt: updatedAt } : {}),
      params: entries(record(params, 'param_key', 'param_value')),
      tags: entries(record(tags, 'tag_key', 'tag_value')),
      metrics: metrics.map((metric) => ({
        key: text(metric['metric_name']),
        value: metricValue(metric['metric_value']),
        timestamp: number(metric['metric_timestamp_ms']),
        step: number(metric['metric_step']),
        modelId: id,
        runId: text(metric['run_id']),
        datasetName: optionalText(metric['dataset_name']),
        datasetDigest: optionalText(metric['dataset_digest']),
      })),
    };
  }

  return {
    name,
    async *experiments() {
      for (const row of await query.rows('select * from experiments order by experiment_id', [])) {
        yield experimentOf(row, record(await rows('experiment_tags', 'experiment_id = ?', [row['experiment_id']])));
      }
    },
    async *runs(experimentId) {
      for await (const row of paged('runs', 'run_uuid', 'experiment_id = ?', [Number(experimentId)])) {
        const id = text(row['run_uuid']);
        const tags = record(await rows('tags', 'run_uuid = ?', [id]));
        const models = await modelsOf(id);
        yield {
          // Servers before 2.0 kept the name as a tag only.
          info: { ...runInfoOf(row, experimentId), name: optionalText(row['name']) ?? tags['mlflow.runName'] ?? '' },
          metrics: (await rows('latest_metrics', 'run_uuid = ?', [id])).map(metricOf),
          params: entries(record(await rows('params', 'run_uuid = ?', [id]))),
          tags: entries(tags),
          datasets: await datasetsOf(id),
          modelInputs: models.inputs,
          modelOutputs: models.outputs,
        };
      }
    },
    async *history(runId, key) {
      const where = `run_uuid = ? and ${query.quoted('key')} = ?`;
      for (const row of await query.rows(`select * from metrics where ${where}`, [runId, key])) yield metricOf(row);
    },
    async *loggedModels(experimentId) {
      for await (const row of paged('logged_models', 'model_id', 'experiment_id = ?', [Number(experimentId)])) {
        yield loggedModel(row);
      }
    },
    async *traces(experimentId) {
      for await (const row of paged('trace_info', 'request_id', 'experiment_id = ?', [Number(experimentId)])) {
        const id = text(row['request_id']);
        const tags = record(await rows('trace_tags', 'request_id = ?', [id]));
        const metadata = record(await rows('trace_request_metadata', 'request_id = ?', [id]));
        const assessments = await rows('assessments', 'trace_id = ?', [id]);
        const linked = await rows('entity_associations', "source_type = 'trace' and source_id = ?", [id]);
        yield {
          info: traceOf(row, experimentId, {
            tags,
            metadata,
            assessments: assessments.map((one) => assessmentOfRow(one, id)),
          }),
          async spans() {
            const found = tables.has('spans')
              ? await query.rows('select content from spans where trace_id = ?', [id])
              : [];
            return `{"spans":[${found.map((one) => text(one['content'])).join(',')}]}`;
          },
          async *files() {
            const location = tags['mlflow.artifactLocation'];
            if (location !== undefined) yield* filesBelow(folderOf(location, artifacts));
          },
          links: linked.flatMap((one) => {
            const kind = { run: 'run', prompt_version: 'prompt' }[text(one['destination_type'])];
            return kind === 'run' || kind === 'prompt' ? [{ kind, to: text(one['destination_id']) } as const] : [];
          }),
        };
      }
    },
    async *artifacts({ kind, id }) {
      const location = kind === 'trace' ? undefined : await locationOf(kind, id);
      if (location !== undefined) yield* filesBelow(folderOf(location, artifacts));
    },
    async *models() {
      for await (const row of paged('registered_models', 'name', '1 = 1', [])) {
        const id = text(row['name']);
        const aliases = await rows('registered_model_aliases', 'name = ?', [id]);
        const description = optionalText(row['description']);
        yield {
          id,
          createdAt: number(row['creation_time']),
          updatedAt: number(row['last_updated_time']),
          ...(description === undefined ? {} : { description }),
          tags: record(await rows('registered_model_tags', 'name = ?', [id])),
          aliases: Object.fromEntries(aliases.map((alias) => [text(alias['alias']), number(alias['version'])])),
        };
      }
    },
    async *versions(model) {
      const found = await query.rows('select * from model_versions where name = ? order by version', [model]);
      for (const row of found) {
        yield versionOf(
          row,
          record(await rows('model_version_tags', 'name = ? and version = ?', [model, row['version']])),
        );
      }
    },
    close: () => query.close(),
  };
}
