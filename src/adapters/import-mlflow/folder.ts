/** MLflow's file store (`./mlruns`), read without MLflow. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { MillwrightError } from '../../domain/errors.ts';
import type { DatasetInput, LoggedModel, Metric, ModelOutput } from '../../domain/tracking.ts';
import type { TrackingSource } from '../../ports/tracking-source.ts';
import { filesBelow, folderOf } from './local-files.ts';
import {
  datasetOf,
  entries,
  experimentOf,
  metricValue,
  modelStatus,
  number,
  optionalText,
  type Row,
  runInfoOf,
  text,
  versionOf,
} from './rows.ts';
import { assessmentOf, traceOf } from './trace-rows.ts';

async function folders(path: string): Promise<readonly string[]> {
  if (!existsSync(path)) return [];
  const found = await readdir(path, { withFileTypes: true });
  return found
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

async function meta(path: string): Promise<Row | undefined> {
  const file = join(path, 'meta.yaml');
  return existsSync(file) ? (parse(await readFile(file, 'utf8')) as Row) : undefined;
}

/** A folder of files, each a key whose content is the value; a key with `/` is a folder deep. */
async function values(path: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  if (!existsSync(path)) return found;
  for (const entry of await readdir(path, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    found[file.slice(path.length + 1)] = await readFile(file, 'utf8');
  }
  return found;
}

/** Lines `timestamp value step [run]` of the metric files; the oldest have no step. */
function points(key: string, lines: string): readonly Metric[] {
  return lines
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [timestamp, value, step = '0'] = line.trim().split(/\s+/);
      return {
        key,
        value: metricValue(
          value === 'nan' ? 'NaN' : value === 'inf' ? 'Infinity' : value === '-inf' ? '-Infinity' : value,
        ),
        timestamp: number(timestamp),
        step: number(step),
      };
    });
}

/** Throws MW-DATA-READ when the folder is no file store. `served` is the folder behind `mlflow-artifacts:` locations. */
export async function openFolderSource(root: string, served: string | undefined): Promise<TrackingSource> {
  const places = new Map<string, string>();
  for (const parent of [root, join(root, '.trash')]) {
    for (const name of await folders(parent)) {
      if (/^\d+$/.test(name) && existsSync(join(parent, name, 'meta.yaml'))) places.set(name, join(parent, name));
    }
  }
  if (places.size === 0) {
    throw new MillwrightError('MW-DATA-READ', 'no experiment lies in this folder: it is no file store of MLflow', {
      where: root,
      next: 'name the folder that has 0/meta.yaml, usually mlruns',
    });
  }
  const runs = new Map<string, string>();
  const models = new Map<string, string>();

  async function datasetsOf(run: string, experiment: string): Promise<readonly DatasetInput[]> {
    const found: DatasetInput[] = [];
    for (const name of await folders(join(run, 'inputs'))) {
      const input = await meta(join(run, 'inputs', name));
      const dataset = await meta(join(experiment, 'datasets', text(input?.['source_id'])));
      if (input?.['source_type'] !== 'DATASET' || dataset === undefined) continue;
      found.push({
        dataset: datasetOf(dataset),
        tags: Object.entries((input['tags'] ?? {}) as Row).map(([key, value]) => ({ key, value: text(value) })),
      });
    }
    return found;
  }

  async function modelsOf(run: string, kind: 'inputs' | 'outputs'): Promise<readonly ModelOutput[]> {
    const found: ModelOutput[] = [];
    for (const name of await folders(join(run, kind))) {
      const row = await meta(join(run, kind, name));
      const type = kind === 'inputs' ? 'MODEL_INPUT' : 'MODEL_OUTPUT';
      if (row?.['destination_type'] === type) {
        found.push({ modelId: text(row['destination_id']), step: number(row['step']) });
      }
    }
    return found;
  }

  return {
    name: root,
    async *experiments() {
      for (const [id, place] of [...places].sort(([a], [b]) => Number(BigInt(a) - BigInt(b) > 0n) * 2 - 1)) {
        const row = await meta(place);
        if (row !== undefined) yield { ...experimentOf(row, await values(join(place, 'tags'))), id };
      }
    },
    async *runs(experimentId) {
      const place = places.get(experimentId);
      if (place === undefined) return;
      for (const name of await folders(place)) {
        const run = join(place, name);
        const row = await meta(run);
        if (row === undefined || !existsSync(join(run, 'tags')) || optionalText(row['artifact_uri']) === undefined)
          continue;
        const info = runInfoOf(row, experimentId);
        runs.set(info.id, run);
        const tags = await values(join(run, 'tags'));
        const latest: Metric[] = [];
        for (const [key, lines] of Object.entries(await values(join(run, 'metrics')))) {
          const all = points(key, lines);
          const last = all.toSorted((a, b) => a.step - b.step || a.timestamp - b.timestamp || a.value - b.value).at(-1);
          if (last !== undefined) latest.push(last);
        }
        yield {
          info: { ...info, name: info.name === '' ? (tags['mlflow.runName'] ?? '') : info.name },
          metrics: latest,
          params: entries(await values(join(run, 'params'))),
          tags: entries(tags),
          datasets: await datasetsOf(run, place),
          modelInputs: (await modelsOf(run, 'inputs')).map((one) => one.modelId),
          modelOutputs: await modelsOf(run, 'outputs'),
        };
      }
    },
    async *history(runId, key) {
      const run = runs.get(runId);
      const file = run === undefined ? undefined : (await values(join(run, 'metrics')))[key];
      if (file !== undefined) yield* points(key, file);
    },
    async *loggedModels(experimentId) {
      const place = join(places.get(experimentId) ?? '', 'models');
      for (const name of await folders(place)) {
        const row = await meta(join(place, name));
        if (row === undefined) continue;
        const id = text(row['model_id']);
        models.set(id, join(place, name));
        const sourceRunId = optionalText(row['source_run_id']);
        const statusMessage = optionalText(row['status_message']);
        const metrics: Metric[] = [];
        for (const [key, lines] of Object.entries(await values(join(place, name, 'metrics')))) {
          for (const line of lines.split('\n').filter((one) => one.trim() !== '')) {
            const [, , , runId = '', datasetName, datasetDigest] = line.trim().split(/\s+/);
            for (const point of points(key, line))
              metrics.push({ ...point, modelId: id, runId, datasetName, datasetDigest });
          }
        }
        const updatedAt = number(row['last_updated_timestamp']);
        const model: LoggedModel = {
          id,
          experimentId,
          name: text(row['name']),
          modelType: text(row['model_type']),
          ...(sourceRunId === undefined ? {} : { sourceRunId }),
          status: modelStatus(row['status']),
          ...(statusMessage === undefined ? {} : { statusMessage }),
          createdAt: number(row['creation_timestamp']),
          updatedAt,
          ...(row['lifecycle_stage'] === 'deleted' ? { deletedAt: updatedAt } : {}),
          params: entries(await values(join(place, name, 'params'))),
          tags: entries(await values(join(place, name, 'tags'))),
          metrics,
        };
        yield model;
      }
    },
    async *traces(experimentId) {
      const place = join(places.get(experimentId) ?? '', 'traces');
      for (const name of await folders(place)) {
        const trace = join(place, name);
        const file = join(trace, 'trace_info.yaml');
        if (!existsSync(file)) continue;
        const row = parse(await readFile(file, 'utf8')) as Row;
        const said = await values(join(trace, 'assessments'));
        const info = traceOf(row, experimentId, {
          tags: await values(join(trace, 'tags')),
          metadata: await values(join(trace, 'request_metadata')),
        });
        yield {
          info: {
            ...info,
            assessments: Object.values(said).map((one) => assessmentOf(parse(one) as Row, info.id, info.requestTime)),
          },
          async spans() {
            const spans = join(trace, 'artifacts', 'traces.json');
            return existsSync(spans) ? readFile(spans, 'utf8') : [];
          },
          files: () => filesBelow(join(trace, 'artifacts')),
          links: [],
        };
      }
    },
    async *artifacts({ kind, id }) {
      const place = kind === 'run' ? runs.get(id) : kind === 'model' ? models.get(id) : undefined;
      const row = place === undefined ? undefined : await meta(place);
      const location = optionalText(row?.[kind === 'run' ? 'artifact_uri' : 'artifact_location']);
      if (place === undefined || location === undefined) return;
      // A store that was moved still names its old place; what lies beside the record is the truth.
      const beside = join(place, 'artifacts');
      yield* filesBelow(existsSync(beside) ? beside : folderOf(location, served));
    },
    async *models() {
      for (const name of await folders(join(root, 'models'))) {
        const row = await meta(join(root, 'models', name));
        if (row === undefined) continue;
        const description = optionalText(row['description']);
        const aliases = await values(join(root, 'models', name, 'aliases'));
        yield {
          id: text(row['name']),
          createdAt: number(row['creation_timestamp']),
          updatedAt: number(row['last_updated_timestamp']),
          ...(description === undefined ? {} : { description }),
          tags: await values(join(root, 'models', name, 'tags')),
          aliases: Object.fromEntries(Object.entries(aliases).map(([alias, version]) => [alias, Number(version)])),
        };
      }
    },
    async *versions(model) {
      const place = join(root, 'models', model);
      for (const name of await folders(place)) {
        const row = name.startsWith('version-') ? await meta(join(place, name)) : undefined;
        if (row === undefined) continue;
        yield versionOf(row, await values(join(place, name, 'tags')));
      }
    },
    close: async () => undefined,
  };
}
