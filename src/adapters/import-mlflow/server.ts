/** A running MLflow server, read through the REST API that its clients use (https://mlflow.org/docs/latest/rest-api.html). */
import { z } from 'zod';
import { MillwrightError } from '../../domain/errors.ts';
import { SPANS_IN_STORE, SPANS_LOCATION_TAG, TRACE_LOCATION_TAG } from '../../domain/traces.ts';
import type { Span, TraceInfo } from '../../domain/traces.ts';
import type { Metric, Run } from '../../domain/tracking.ts';
import type { TrackingSource, SourceFile } from '../../ports/tracking-source.ts';
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
import { parseExact, spanOfMessage, traceOf } from './trace-rows.ts';

const row = z.record(z.string(), z.unknown());
const list = z.array(row).default([]);
const TRIES = 4;
const MAX_DEPTH = 64;
const TIMEOUT_MS = 120_000;

export interface ServerSource {
  /** `http://host:5000` */
  readonly url: string;
  /** `Basic …` or `Bearer …` */
  readonly authorization?: string;
}

const rows = (value: unknown): readonly Row[] => list.parse(value ?? []);
const part = (value: unknown): Row => row.parse(value ?? {});

/** Throws MW-UNAVAILABLE when nobody answers, MW-UNAUTHENTICATED, MW-DATA-READ when it is no MLflow server. */
export async function openServerSource({ url, authorization }: ServerSource): Promise<TrackingSource> {
  const base = url.replace(/\/+$/, '');
  const headers = authorization === undefined ? {} : { authorization };

  async function ask(path: string, init: { readonly method?: string; readonly body?: string } = {}): Promise<Response> {
    for (let attempt = 1; ; attempt += 1) {
      let problem: string;
      try {
        const answer = await fetch(`${base}${path}`, {
          ...init,
          headers: { ...headers, 'content-type': 'application/json' },
          signal: AbortSignal.timeout(TIMEOUT_MS),
          redirect: 'error',
        });
        if (answer.status < 500 && answer.status !== 429) return answer;
        problem = `${answer.status} ${(await answer.text()).slice(0, 300)}`;
      } catch (error) {
        problem = error instanceof Error ? error.message : String(error);
      }
      if (attempt === TRIES) {
        throw new MillwrightError('MW-UNAVAILABLE', `the MLflow server does not answer: ${problem}`, {
          where: `${base}${path.split('?', 1)[0]}`,
        });
      }
      await new Promise((resolve) => setTimeout(resolve, 200 * 2 ** attempt));
    }
  }

  async function json(path: string, body?: unknown): Promise<Row> {
    const answer = await ask(path, body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) });
    if (answer.status === 401 || answer.status === 403) {
      throw new MillwrightError('MW-UNAUTHENTICATED', `the MLflow server refused: ${answer.status}`, {
        where: base,
        next: 'give --token, or --user and --password',
      });
    }
    const said = await answer.text();
    if (!answer.ok) {
      throw new MillwrightError('MW-DATA-READ', `the MLflow server answered ${answer.status}: ${said.slice(0, 300)}`, {
        where: path,
      });
    }
    try {
      return row.parse(JSON.parse(said));
    } catch {
      throw new MillwrightError('MW-DATA-READ', 'the answer is not that of an MLflow server', { where: base });
    }
  }

  /** Pages of a search, by POST with a body or by GET with a query. */
  async function* pages(path: string, field: string, query: Row, post: boolean): AsyncGenerator<Row, void, undefined> {
    let token: string | undefined;
    do {
      const asked: Record<string, unknown> = { ...query, ...(token === undefined ? {} : { page_token: token }) };
      const text_ = Object.entries(asked).map(([key, value]): [string, string] => [key, text(value)]);
      const page = post ? await json(path, asked) : await json(`${path}?${new URLSearchParams(text_).toString()}`);
      yield* rows(page[field]);
      token = optionalText(page['next_page_token']);
    } while (token !== undefined);
  }

  async function* listed(
    path: string,
    query: Readonly<Record<string, string>>,
  ): AsyncGenerator<string, void, undefined> {
    const page = await json(`${path}?${new URLSearchParams(query).toString()}`);
    for (const file of rows(page['files'])) {
      const name = text(file['path']);
      // Folders that a server says lie in each other for ever.
      if (name.split('/').length > MAX_DEPTH)
        throw new MillwrightError('MW-INVALID', 'the folders are nested too deep', { where: name.slice(0, 200) });
      if (file['is_dir'] === true) yield* listed(path, { ...query, path: name });
      else yield name;
    }
  }

  async function content(path: string): Promise<AsyncIterable<Uint8Array>> {
    const answer = await ask(path);
    if (!answer.ok || answer.body === null) {
      throw new MillwrightError('MW-DATA-READ', `an artifact could not be read: ${answer.status}`, { where: path });
    }
    return answer.body;
  }

  async function* runFiles(runId: string): AsyncGenerator<SourceFile, void, undefined> {
    for await (const path of listed('/api/2.0/mlflow/artifacts/list', { run_id: runId })) {
      const query = new URLSearchParams({ run_uuid: runId, run_id: runId, path }).toString();
      yield { path, open: () => content(`/get-artifact?${query}`) };
    }
  }

  /** The listing and the files of a logged model, which the server reads wherever they are. */
  async function* modelFiles(modelId: string): AsyncGenerator<SourceFile, void, undefined> {
    const root = `/logged-models/${encodeURIComponent(modelId)}/artifacts`;
    const folders = [''];
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      const asked = new URLSearchParams(folder === '' ? {} : { artifact_directory_path: folder }).toString();
      const page = await json(`/api/2.0/mlflow${root}/directories?${asked}`);
      for (const file of rows(page['files'])) {
        const path = text(file['path']);
        const query = new URLSearchParams({ artifact_file_path: path }).toString();
        if (file['is_dir'] === true) folders.push(path);
        else yield { path, open: () => content(`/ajax-api/2.0/mlflow${root}/files?${query}`) };
      }
    }
  }

  /** By the third version of the API, or the second, or none: servers before 2.14 have no traces. */
  async function* tracePages(experimentId: string): AsyncGenerator<Row, void, undefined> {
    const asked = { locations: [{ type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: experimentId } }] };
    const third = '/api/3.0/mlflow/traces/search';
    if (await answers(third, { method: 'POST', body: JSON.stringify({ ...asked, max_results: 1 }) })) {
      yield* pages(third, 'traces', { ...asked, max_results: 500, order_by: ['timestamp_ms ASC'] }, true);
      return;
    }
    const query = { experiment_ids: experimentId, max_results: 500, order_by: 'timestamp_ms ASC' };
    const second = '/api/2.0/mlflow/traces';
    if (await answers(`${second}?experiment_ids=${encodeURIComponent(experimentId)}&max_results=1`)) {
      yield* pages(second, 'traces', query, false);
    }
  }

  async function answers(path: string, init: { readonly method?: string; readonly body?: string } = {}) {
    const answer = await ask(path, init);
    await answer.body?.cancel();
    // Only what is not there at all; any other refusal is told by whoever asks next.
    return answer.status !== 404 && answer.status !== 405;
  }

  async function spansOf({ id, tags, state }: TraceInfo): Promise<readonly Span[] | string> {
    const query = new URLSearchParams({ request_id: id }).toString();
    if (tags[SPANS_LOCATION_TAG] !== SPANS_IN_STORE) {
      for (const version of ['3.0', '2.0']) {
        const answer = await ask(`/ajax-api/${version}/mlflow/get-trace-artifact?${query}`);
        const body = await answer.text();
        // A server without this address may send its page instead.
        if (answer.ok && body.startsWith('{')) return body;
      }
    }
    const answer = await ask(`/api/3.0/mlflow/traces/get?${new URLSearchParams({ trace_id: id }).toString()}`);
    const body = await answer.text();
    // The second version writes them when the trace ends.
    if (answer.status === 404 && (state === 'IN_PROGRESS' || state === 'STATE_UNSPECIFIED')) return [];
    if (!answer.ok) {
      throw new MillwrightError('MW-DATA-READ', `the spans of a trace could not be read: ${answer.status}`, {
        where: id,
      });
    }
    return rows(part(part(parseExact(body))['trace'])['spans']).map(spanOfMessage);
  }

  /** Files of a trace have no listing of their own; the proxy's is there where the server keeps them behind it. */
  async function* traceFiles({ tags }: TraceInfo): AsyncGenerator<SourceFile, void, undefined> {
    const proxied = /^mlflow-artifacts:\/*(?:[^/]+:\d+\/)?(.*)$/.exec(tags[TRACE_LOCATION_TAG] ?? '')?.[1];
    if (proxied === undefined) return;
    const root = '/api/2.0/mlflow-artifacts/artifacts';
    const folders = [''];
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      const asked = new URLSearchParams({ path: folder === '' ? proxied : `${proxied}/${folder}` }).toString();
      const answer = await ask(`${root}?${asked}`);
      if (!answer.ok) return;
      for (const file of rows(part(await answer.json())['files'])) {
        const path = folder === '' ? text(file['path']) : `${folder}/${text(file['path'])}`;
        const address = `${proxied}/${path}`.split('/').map(encodeURIComponent).join('/');
        if (file['is_dir'] === true) folders.push(path);
        else yield { path, open: () => content(`${root}/${address}`) };
      }
    }
  }

  function runOf(message: Row, experimentId: string): Run {
    const [info, data] = [part(message['info']), part(message['data'])];
    const [inputs, outputs] = [part(message['inputs']), part(message['outputs'])];
    return {
      info: runInfoOf(info, experimentId),
      metrics: rows(data['metrics']).map(metricOf),
      params: entries(record(rows(data['params']))),
      tags: entries(record(rows(data['tags']))),
      datasets: rows(inputs['dataset_inputs']).map((input) => {
        const dataset = part(input['dataset']);
        return {
          dataset: datasetOf(dataset),
          tags: entries(record(rows(input['tags']))),
        };
      }),
      modelInputs: rows(inputs['model_inputs']).map((one) => text(one['model_id'])),
      modelOutputs: rows(outputs['model_outputs']).map((one) => ({
        modelId: text(one['model_id']),
        step: number(one['step']),
      })),
    };
  }

  // Asked first, so that a wrong address fails before anything is written.
  await json('/api/2.0/mlflow/experiments/search', { max_results: 1, view_type: 'ALL' });

  return {
    name: base,
    async *experiments() {
      const query = { max_results: 1000, view_type: 'ALL', order_by: ['creation_time ASC'] };
      for await (const one of pages('/api/2.0/mlflow/experiments/search', 'experiments', query, true)) {
        yield experimentOf(one, record(rows(one['tags'])));
      }
    },
    async *runs(experimentId) {
      const query = {
        experiment_ids: [experimentId],
        run_view_type: 'ALL',
        max_results: 500,
        order_by: ['attributes.start_time ASC'],
      };
      for await (const one of pages('/api/2.0/mlflow/runs/search', 'runs', query, true)) yield runOf(one, experimentId);
    },
    async *history(runId, key): AsyncGenerator<Metric, void, undefined> {
      const query = { run_id: runId, metric_key: key, max_results: 25_000 };
      for await (const one of pages('/api/2.0/mlflow/metrics/get-history', 'metrics', query, false))
        yield metricOf(one);
    },
    async *loggedModels(experimentId) {
      const query = { experiment_ids: [experimentId], max_results: 100 };
      const path = '/api/2.0/mlflow/logged-models/search';
      // Servers before 3.0 have none.
      if (!(await answers(path, { method: 'POST', body: JSON.stringify({ ...query, max_results: 1 }) }))) return;
      for await (const one of pages(path, 'models', query, true)) {
        const [info, data] = [part(one['info']), part(one['data'])];
        const id = text(info['model_id']);
        const sourceRunId = optionalText(info['source_run_id']);
        const statusMessage = optionalText(info['status_message']);
        yield {
          id,
          experimentId,
          name: text(info['name']),
          modelType: text(info['model_type']),
          ...(sourceRunId === undefined ? {} : { sourceRunId }),
          status: modelStatus(info['status']),
          ...(statusMessage === undefined ? {} : { statusMessage }),
          createdAt: number(info['creation_timestamp_ms']),
          updatedAt: number(info['last_updated_timestamp_ms']),
          params: entries(record(rows(data['params']))),
          tags: entries(record(rows(info['tags']))),
          metrics: rows(data['metrics']).map((metric) => ({
            key: text(metric['key']),
            value: metricValue(metric['value']),
            timestamp: number(metric['timestamp']),
            step: number(metric['step']),
            modelId: id,
            runId: text(metric['run_id']),
            datasetName: optionalText(metric['dataset_name']),
            datasetDigest: optionalText(metric['dataset_digest']),
          })),
        };
      }
    },
    async *traces(experimentId) {
      for await (const one of tracePages(experimentId)) {
        const info = traceOf(one, experimentId);
        yield { info, spans: () => spansOf(info), files: () => traceFiles(info), links: [] };
      }
    },
    artifacts: ({ kind, id }) => (kind === 'run' ? runFiles(id) : modelFiles(id)),
    async *models() {
      for await (const one of pages(
        '/api/2.0/mlflow/registered-models/search',
        'registered_models',
        { max_results: 100 },
        false,
      )) {
        const description = optionalText(one['description']);
        const aliases = rows(one['aliases']);
        yield {
          id: text(one['name']),
          createdAt: number(one['creation_timestamp']),
          updatedAt: number(one['last_updated_timestamp']),
          ...(description === undefined ? {} : { description }),
          tags: record(rows(one['tags'])),
          aliases: Object.fromEntries(aliases.map((alias) => [text(alias['alias']), number(alias['version'])])),
        };
      }
    },
    async *versions(model) {
      const query = {
        filter: `name='${model.replaceAll("'", "''")}'`,
        max_results: 200,
        order_by: 'version_number ASC',
      };
      for await (const one of pages('/api/2.0/mlflow/model-versions/search', 'model_versions', query, false)) {
        yield versionOf(one, record(rows(one['tags'])));
      }
    },
    close: async () => undefined,
  };
}
