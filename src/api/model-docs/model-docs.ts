/**
 * What a model tells about itself to people: GET /v2/models/M/openapi.json, /docs (the playground), /client.ts and /client.py.
 * The page is the same bytes for every name and holds nothing; what it shows it reads from /docs.json with the caller's token.
 */
import type { Tensor } from '../../domain/tensors.ts';
import type { Serving } from '../../modules/serving/index.ts';
import type { HttpAnswer, HttpCall, HttpRoutes } from '../oip/http-server.ts';
import { pythonClient } from './client-python.ts';
import { typescriptClient } from './client-typescript.ts';
import { choicesOf, fieldOf, rowOf } from './fields.ts';
import { modelOpenApi } from './openapi.ts';
import type { DocumentedModel } from './openapi.ts';
import { PAGE } from './page.ts';
import { SCRIPT } from './page-script.ts';
import { STYLE } from './page-style.ts';

export interface ModelDocsDeps {
  readonly serving: Pick<Serving, 'view' | 'signature'>;
  /** Real rows of an endpoint without its redacted columns; empty = none known. */
  readonly example: (endpoint: string) => readonly Tensor[];
  readonly failed: HttpRoutes['failed'];
}

/** No inline script or style, nothing from elsewhere, in nobody's frame. */
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const MINE: ReadonlySet<string> = new Set([
  'openapi.json',
  'docs',
  'docs.json',
  'docs.js',
  'docs.css',
  'client.ts',
  'client.py',
]);

const text = (type: string, body: string, headers: Record<string, string> = {}): HttpAnswer => ({
  status: 200,
  type: `${type}; charset=utf-8`,
  headers: {
    'cache-control': 'no-cache',
    'content-security-policy': CSP,
    'referrer-policy': 'no-referrer',
    ...headers,
  },
  body,
});

/** The version that most calls go to. */
function mainVersion(serving: ModelDocsDeps['serving'], endpoint: string): number {
  const { versions } = serving.view(endpoint);
  return versions.reduce(
    (best, one) => (one.percent > best.percent ? one : best),
    versions[0] ?? { version: 0, percent: 0 },
  ).version;
}

function pageData({ name, version, signature, example }: DocumentedModel) {
  const inputs = signature.inputs.map(fieldOf);
  const rows = example[0]?.shape[0] ?? 0;
  return {
    name,
    version,
    inputs,
    outputs: signature.outputs.map(fieldOf),
    params: signature.params ?? [],
    real: rows > 0,
    row: rowOf(inputs, example, 0),
    choices: choicesOf(inputs, example),
  };
}

/** The address the caller reached us at: its host name was checked before. */
const ownAddress = (call: HttpCall): string => `http://${call.headers.host ?? 'localhost'}`;

/** `?control=http://…`: where outcomes go; anything but an address of a web server is left out. */
function controlAddress(query: string): string | undefined {
  const given = new URLSearchParams(query).get('control');
  if (given === null || given.length > 300 || !URL.canParse(given)) return undefined;
  const { protocol, origin } = new URL(given);
  return protocol === 'http:' || protocol === 'https:' ? origin : undefined;
}

export function createModelDocsRoutes(deps: ModelDocsDeps): HttpRoutes {
  const { serving } = deps;

  function documented(name: string): DocumentedModel {
    const version = mainVersion(serving, name);
    return { name, version, signature: serving.signature(name, version), example: deps.example(name) };
  }

  function answer(call: HttpCall, name: string, file: string): HttpAnswer {
    switch (file) {
      case 'docs':
        return text('text/html', PAGE);
      case 'docs.js':
        return text('text/javascript', SCRIPT);
      case 'docs.css':
        return text('text/css', STYLE);
      case 'openapi.json':
        return { status: 200, body: JSON.stringify(modelOpenApi(documented(name))) };
      case 'docs.json':
        return {
          status: 200,
          headers: { 'cache-control': 'no-store' },
          body: JSON.stringify(pageData(documented(name))),
        };
      default: {
        const control = controlAddress(call.query);
        const options = { baseUrl: ownAddress(call), ...(control === undefined ? {} : { controlUrl: control }) };
        const make = file === 'client.ts' ? typescriptClient : pythonClient;
        return text('text/plain', make(documented(name), options), {
          'content-disposition': `inline; filename="${file}"`,
        });
      }
    }
  }

  return {
    owns: (path) => path.length === 4 && path[0] === 'v2' && path[1] === 'models' && MINE.has(path[3] ?? ''),
    handle(call) {
      if (call.method !== 'GET' && call.method !== 'HEAD') return undefined;
      return answer(call, call.path[2] ?? '', call.path[3] ?? '');
    },
    failed: deps.failed,
  };
}
