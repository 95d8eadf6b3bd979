/** MLflow's scoring protocol: POST /invocations, GET /ping, /health, /version; `/endpoints/<name>/invocations` where there are several. */
import { MillwrightError } from '../../domain/errors.ts';
import { rowsOf } from '../../domain/tensor-data.ts';
import type { Tensor } from '../../domain/tensors.ts';
import type { Serving } from '../../modules/serving/index.ts';
import { callOptions, errorText } from '../oip/call-options.ts';
import type { HttpAnswer, HttpCall, HttpRoutes } from '../oip/http-server.ts';
import { checkDepth, isObject, parseJson } from '../oip/json-body.ts';
import { dataToJson } from '../oip/json-tensor.ts';
import { predictionHeaders } from '../oip/rest.ts';
import { enforce } from './enforce.ts';
import { refuse, tableOf, tableOfCsv } from './table.ts';

const DEPTH_LIMIT = 64;
/** What GET /version says: the protocol of this release of the mlflow package is spoken. */
const MLFLOW_VERSION = '3.17.0';

/** The JSON text of each row of an output. */
function rowTexts(output: Tensor, rows: number): string[] {
  const width = output.data.length / rows;
  if (!Number.isInteger(width)) return Array.from({ length: rows }, () => dataToJson(output));
  return Array.from({ length: rows }, (_, row) => {
    const data = output.data.slice(row * width, (row + 1) * width);
    const text = dataToJson({ ...output, data });
    return width === 1 ? text.slice(1, -1) : text;
  });
}

/** One output: a list of values. Several: a record a row, like a DataFrame's. */
function predictions(outputs: readonly Tensor[]): string {
  const first = outputs[0];
  if (first === undefined) return '[]';
  const rows = rowsOf(outputs);
  const columns = outputs.map((output) => rowTexts(output, rows));
  if (columns.length === 1) return `[${columns[0]?.join(',') ?? ''}]`;
  const names = outputs.map((output) => JSON.stringify(output.name));
  return `[${Array.from({ length: rows }, (_, row) => `{${names.map((name, index) => `${name}:${columns[index]?.[row] ?? 'null'}`).join(',')}}`).join(',')}]`;
}

function only(serving: Serving): string {
  const names = serving.endpoints().map((entry) => entry.endpoint);
  if (names.length === 1 && names[0] !== undefined) return names[0];
  throw new MillwrightError(
    names.length === 0 ? 'MW-NO-RELEASE' : 'MW-NOT-FOUND',
    names.length === 0 ? 'nothing is deployed' : 'there are several endpoints',
    {
      next:
        names.length === 0
          ? 'deploy a model with: mw deploy <model>'
          : `use /endpoints/<name>/invocations with one of ${names.join(', ')}`,
    },
  );
}

/** The media type alone; MLflow refuses parameters other than charset=utf-8. */
function mediaType(header: string | undefined): string {
  const [type = '', ...parameters] = (header ?? 'application/json').split(';').map((part) => part.trim().toLowerCase());
  const strange = parameters.find((parameter) => parameter !== '' && parameter.replaceAll('"', '') !== 'charset=utf-8');
  if (strange !== undefined)
    throw new MillwrightError('MW-MEDIA-TYPE', `the content type parameter ${strange} is not supported`, {
      where: 'Content-Type',
    });
  if (type === 'application/json' || type === 'text/csv') return type;
  throw new MillwrightError('MW-MEDIA-TYPE', `the content type ${type} is not supported`, {
    where: 'Content-Type',
    next: 'send application/json or text/csv',
  });
}

export function createScoringRoutes(serving: Serving, ready: () => boolean): HttpRoutes {
  async function invoke(call: HttpCall, name: string | undefined): Promise<HttpAnswer> {
    const type = mediaType(call.headers['content-type']);
    const body = await call.body();
    const endpoint = name ?? only(serving);
    if (type === 'text/csv') {
      const table = tableOfCsv(body.toString('utf8'));
      return reply(await serving.infer({ endpoint, inputs: (signature) => enforce(table, signature) }));
    }
    checkDepth(body, DEPTH_LIMIT);
    const root = parseJson(body.toString('utf8'));
    if (!isObject(root)) return refuse('the body must be a JSON object', 'body');
    const table = tableOf(root);
    const params = root['params'];
    const options = callOptions(isObject(params) ? params : undefined);
    return reply(await serving.infer({ endpoint, inputs: (signature) => enforce(table, signature), ...options }));
  }

  function reply(answer: Awaited<ReturnType<Serving['infer']>>): HttpAnswer {
    return { status: 200, headers: predictionHeaders(answer), body: `{"predictions":${predictions(answer.outputs)}}` };
  }

  return {
    owns([first, , third]) {
      return (
        first === 'invocations' ||
        first === 'ping' ||
        first === 'health' ||
        first === 'version' ||
        (first === 'endpoints' && third === 'invocations')
      );
    },
    handle(call) {
      const [first, name] = call.path;
      if (call.method === 'POST') {
        if (first === 'invocations') return invoke(call, undefined);
        return first === 'endpoints' ? invoke(call, name) : undefined;
      }
      if (call.method !== 'GET' && call.method !== 'HEAD') return undefined;
      if (first === 'version') return { status: 200, type: 'text/plain; charset=utf-8', body: MLFLOW_VERSION };
      if (first === 'ping' || first === 'health')
        return { status: ready() && serving.endpoints().length > 0 ? 200 : 404, body: '\n' };
      return undefined;
    },
    failed(error) {
      const { status, text } = errorText(error);
      const kind = error instanceof MillwrightError ? error.kind.mlflow : 'INTERNAL_ERROR';
      if (status === 415 || status === 504) return { status, type: 'text/plain; charset=utf-8', body: text };
      return { status, body: JSON.stringify({ error_code: kind, message: text }) };
    },
  };
}
