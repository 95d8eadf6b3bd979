/** Content types and bodies of the scoring protocols, by MLflow's rules. Messages never quote the body: it is the caller's data. */
import { MillwrightError } from '../../domain/errors.ts';
import type { HttpCall } from '../oip/http-server.ts';
import { checkDepth, isObject, parseJson } from '../oip/json-body.ts';
import { tableOfCsv } from './csv.ts';
import { refuse, tableOf } from './table.ts';
import type { Table } from './table.ts';

const DEPTH_LIMIT = 64;
const TYPES = ['application/json', 'text/csv'] as const;

function unsupported(message: string, next: string): never {
  throw new MillwrightError('MW-MEDIA-TYPE', message, { where: 'Content-Type', next });
}

/** The media type alone; MLflow refuses parameters other than charset=utf-8. Throws MW-MEDIA-TYPE. */
function mediaType(header: string | undefined): (typeof TYPES)[number] {
  const [type = '', ...parameters] = (header ?? 'application/json').split(';').map((part) => part.trim().toLowerCase());
  for (const parameter of parameters) {
    const [key = '', value = ''] = parameter.split('=').map((part) => part.trim().replaceAll('"', ''));
    if (parameter === '' || (key === 'charset' && value === 'utf-8')) continue;
    if (key === 'charset') unsupported('the scoring server only supports UTF-8', 'send charset=utf-8');
    unsupported('the content type has a parameter that is not supported', 'send no parameter, or charset=utf-8');
  }
  return (
    TYPES.find((known) => known === type) ??
    unsupported('the content type is not supported', `send ${TYPES.join(' or ')}`)
  );
}

function utf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return refuse('the body is not valid UTF-8', 'body');
  }
}

export interface JsonBody {
  readonly root: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** Throws MW-INVALID with the place but without the text that stands there. */
export async function jsonObject(call: HttpCall): Promise<JsonBody> {
  const body = await call.body();
  checkDepth(body, DEPTH_LIMIT);
  const text = utf8(body);
  let root: unknown;
  try {
    root = parseJson(text);
  } catch (error) {
    const at = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
    return refuse(`the body is not JSON${at === undefined ? '' : `: it breaks at character ${at}`}`, 'body');
  }
  if (!isObject(root))
    return refuse(`the body must be a JSON object, not ${Array.isArray(root) ? 'a list' : 'a value'}`, 'body');
  return { root, text };
}

export interface ScoringRequest {
  readonly table: Table;
  /** As sent; checked when the model is known. */
  readonly params: unknown;
}

/** JSON in one of MLflow's four forms, or CSV. Throws MW-MEDIA-TYPE, MW-INVALID. */
export async function scoringRequest(call: HttpCall): Promise<ScoringRequest> {
  if (mediaType(call.headers['content-type']) === 'text/csv')
    return { table: tableOfCsv(utf8(await call.body())), params: undefined };
  const { root } = await jsonObject(call);
  return { table: tableOf(root), params: root['params'] };
}
