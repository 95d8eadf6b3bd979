/** One self-contained TypeScript file for one model: typed rows and answers, `fetch` and nothing else. */
import { fieldOf } from './fields.ts';
import type { Field } from './fields.ts';
import type { DocumentedModel } from './openapi.ts';

export interface ClientOptions {
  readonly baseUrl: string;
  /** Of the control plane, for outcomes. */
  readonly controlUrl?: string;
}

const BASE: Readonly<Record<Field['kind'], string>> = {
  number: 'number | null',
  integer: 'number',
  boolean: 'boolean',
  text: 'string',
};

/** A missing number is null; in lists too. */
function typeOf(field: Field): string {
  return field.size.reduce((inner) => `readonly (${inner})[]`, BASE[field.kind]);
}

function remark(field: Field): string {
  const size = field.size.length === 0 ? '' : `[${field.size.map((one) => (one === -1 ? 'any' : one)).join(', ')}]`;
  const content = field.content === 'datetime' ? ', ISO 8601' : field.content === 'binary' ? ', base64' : '';
  return `${field.datatype}${size}${content}`;
}

const members = (fields: readonly Field[]): string =>
  fields
    .map(
      (field) =>
        `  /** ${remark(field)} */\n  readonly ${JSON.stringify(field.name)}${field.optional ? '?' : ''}: ${typeOf(field)};`,
    )
    .join('\n');

/** What is the same for every model. Without template literals: it stands in one. */
const RUNTIME = `
export interface Predicted {
  readonly prediction: Prediction;
  /** Of this row; outcomes are reported under it. */
  readonly id: string;
  readonly version: string;
}

export interface Outcome {
  readonly id: string;
  /** What came true, as the monitor names it. */
  readonly name: string;
  readonly value: number;
  /** When it was known; default: now. */
  readonly time?: Date;
}

export interface ClientOptions {
  readonly baseUrl?: string;
  /** Bearer token. */
  readonly token?: string;
  /** Of one attempt, ms. */
  readonly timeoutMs?: number;
  /** Further attempts after 429, 502, 503, 504 or a broken connection. */
  readonly retries?: number;
  /** Rows of one request. */
  readonly batchRows?: number;
  /** Requests under way at once. */
  readonly concurrency?: number;
  /** The control plane, for reportOutcome. */
  readonly controlUrl?: string;
  readonly fetch?: typeof fetch;
}

export interface Client {
  /** Answers in the order of the rows. */
  predict(rows: readonly Row[], signal?: AbortSignal): Promise<Predicted[]>;
  predictOne(row: Row, signal?: AbortSignal): Promise<Predicted>;
  reportOutcome(...outcomes: readonly Outcome[]): Promise<void>;
}

export class ModelError extends Error {
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  /** MW-TENSOR, MW-OVERLOADED, … */
  readonly code: string;
  constructor(status: number, message: string) {
    super(message);
    this.name = 'ModelError';
    this.status = status;
    this.code = /\\bMW-[A-Z-]+/.exec(message)?.[0] ?? '';
  }
}

const AGAIN: ReadonlySet<number> = new Set([429, 502, 503, 504]);

const pause = (ms: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        reject(signal.reason);
      },
      { once: true },
    );
  });

/** Retry-After in seconds or as a date, else doubling from 100 ms; at most 30 s. */
function waitMs(answer: Response | undefined, attempt: number): number {
  const header = answer?.headers.get('retry-after') ?? '';
  const told = /^\\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  const ms = Number.isNaN(told) ? 100 * 2 ** attempt * (0.5 + Math.random()) : told;
  return Math.min(Math.max(ms, 0), 30_000);
}

function textOf(body: string): string {
  try {
    const found: unknown = JSON.parse(body);
    if (typeof found === 'object' && found !== null) {
      for (const value of Object.values(found)) if (typeof value === 'string' && value.includes('MW-')) return value;
      if ('message' in found) return String(found.message);
    }
  } catch {
    // Not JSON: as it stands.
  }
  return body;
}

export function createClient(options: ClientOptions = {}): Client {
  const send = options.fetch ?? fetch;
  const base = (options.baseUrl ?? BASE_URL).replace(/\\/+$/, '');
  const control = (options.controlUrl ?? CONTROL_URL ?? '').replace(/\\/+$/, '');
  const batchRows = Math.max(1, options.batchRows ?? 1000);
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (options.token !== undefined) headers['authorization'] = 'Bearer ' + options.token;

  async function post(url: string, body: unknown, signal: AbortSignal | undefined): Promise<Response> {
    const text = JSON.stringify(body);
    const retries = options.retries ?? 3;
    for (let attempt = 0; ; attempt += 1) {
      const limit = AbortSignal.timeout(options.timeoutMs ?? 30_000);
      let answer: Response | undefined;
      let broken: unknown;
      try {
        const both = signal === undefined ? limit : AbortSignal.any([signal, limit]);
        answer = await send(url, { method: 'POST', headers, body: text, signal: both });
        if (answer.ok) return answer;
      } catch (error) {
        if (signal?.aborted === true) throw error;
        broken = error;
      }
      const again = answer === undefined || AGAIN.has(answer.status);
      if (!again || attempt >= retries) {
        if (answer === undefined) throw new ModelError(0, broken instanceof Error ? broken.message : String(broken));
        throw new ModelError(answer.status, textOf(await answer.text()));
      }
      await answer?.body?.cancel();
      await pause(waitMs(answer, attempt), signal);
    }
  }

  async function batch(rows: readonly Row[], signal: AbortSignal | undefined): Promise<Predicted[]> {
    const inputs: Record<string, unknown> = {};
    for (const name of COLUMNS) {
      if (rows.some((row) => row[name] !== undefined)) inputs[name] = rows.map((row) => row[name] ?? null);
    }
    const answer = await post(base + '/endpoints/' + encodeURIComponent(ENDPOINT) + '/invocations', { inputs }, signal);
    const { predictions } = (await answer.json()) as { readonly predictions: readonly Prediction[] };
    const id = answer.headers.get('mw-prediction-id') ?? '';
    const version = answer.headers.get('mw-model-version') ?? '';
    return predictions.map((prediction, row) => ({ prediction, id: id + '/' + String(row), version }));
  }

  async function predict(rows: readonly Row[], signal?: AbortSignal): Promise<Predicted[]> {
    const parts: (readonly Row[])[] = [];
    for (let at = 0; at < rows.length; at += batchRows) parts.push(rows.slice(at, at + batchRows));
    const done: Predicted[][] = [];
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let at = next++; at < parts.length; at = next++) done[at] = await batch(parts[at] ?? [], signal);
    };
    await Promise.all(Array.from({ length: Math.min(options.concurrency ?? 4, parts.length) }, worker));
    return done.flat();
  }

  return {
    predict,
    async predictOne(row, signal) {
      const [only] = await predict([row], signal);
      if (only === undefined) throw new ModelError(0, 'the model gave no answer');
      return only;
    },
    async reportOutcome(...outcomes) {
      if (control === '') throw new ModelError(0, 'reportOutcome needs controlUrl: the address of the control plane');
      const url = control + '/api/v1/endpoints/' + encodeURIComponent(ENDPOINT) + '/outcomes';
      const list = outcomes.map(({ id, name, value, time }) => ({
        prediction_id: id,
        name,
        value,
        ...(time === undefined ? {} : { time: time.getTime() }),
      }));
      const answer = await post(url, { outcomes: list }, undefined);
      await answer.body?.cancel();
    },
  };
}
`;

/** `tsc --strict` accepts it with the libraries es2022 and dom (or Node's types). */
export function typescriptClient(model: DocumentedModel, options: ClientOptions): string {
  const inputs = model.signature.inputs.map(fieldOf);
  const outputs = model.signature.outputs.map(fieldOf);
  const [only] = outputs;
  const prediction =
    only !== undefined && outputs.length === 1
      ? `/** ${remark(only)} */\nexport type Prediction = ${typeOf(only)};`
      : `/** What one row is answered with. */\nexport interface Prediction {\n${members(outputs)}\n}`;
  const columns = inputs.map((field) => JSON.stringify(field.name)).join(', ');
  return `/** Client of a model served by Millwright, made from the signature of version ${model.version}. Make it anew rather than edit it. */

const ENDPOINT = ${JSON.stringify(model.name)};
const BASE_URL = ${JSON.stringify(options.baseUrl)};
const CONTROL_URL: string | undefined = ${options.controlUrl === undefined ? 'undefined' : JSON.stringify(options.controlUrl)};

/** What the model takes. */
export interface Row {
${members(inputs)}
}

${prediction}

const COLUMNS: readonly (keyof Row)[] = [${columns}];
${RUNTIME}`;
}
