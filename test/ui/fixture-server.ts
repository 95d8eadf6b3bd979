/** Serves ui/dist and canned answers of the API, typed by the generated contract: for the tests of the web app only. */
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { emptyHome, events, home, NOW, resources, server } from './fixtures/loop.ts';
import { collected, lineage, sqlAnswer, sqlTables, storage, trash, views } from './fixtures/records.ts';
import { abAnswer, detailOf, endpoints, found, shadowAnswer, tried } from './fixtures/endpoints.ts';
import { aliasMoves, model, versionDetail, versions } from './fixtures/models.ts';
import { endpoint, predictions, series } from './fixtures/serving.ts';
import { spanDetail, traceDetail, tracesPage } from './fixtures/traces.ts';
import { alert, closed, columns, evaluations, monitors } from './fixtures/watch.ts';
import { createRunsFixture, refused } from './fixtures/runs.ts';
import { datasets, logText, pipelineRunDetail, pipelineRuns, runs } from './fixtures/work.ts';

const DIST = fileURLToPath(new URL('../../ui/dist/', import.meta.url));
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};
/** The policy that the real server sends, so that a style or script it forbids fails here. */
const POLICY =
  "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

export interface Fixture {
  readonly url: string;
  /** Requests that changed something, newest last. */
  readonly commands: readonly string[];
  /** Sends an event to every open stream. */
  readonly send: (type: string) => void;
  /** Cuts the streams and refuses new ones until called with true. */
  readonly setStream: (open: boolean) => void;
  readonly close: () => Promise<void>;
}

type Answer = unknown;
function read(path: string, query: URLSearchParams, empty: boolean): Answer {
  const parts = path.split('/').slice(3).map(decodeURIComponent);
  const [resource, id, sub] = parts;
  switch (resource) {
    case 'server':
      return server;
    case 'home':
      return empty ? emptyHome : home;
    case 'events':
      return { events: empty ? [] : events };
    case 'resources':
      return empty ? { samples: [] } : resources;
    case 'experiments':
      return {
        experiments: empty
          ? []
          : [
              { id: '1', name: 'flights', createdAt: NOW, runs: runs.length },
              { id: '0', name: 'Default', createdAt: NOW, runs: 0 },
            ],
      };
    case 'traces':
      if (id === undefined) return empty ? { traces: [], total: 0, queryMs: 0.4 } : tracesPage(query);
      return sub === 'spans' ? spanDetail(parts[3]) : traceDetail(id);
    case 'datasets':
      return { datasets: empty ? [] : datasets };
    case 'pipeline-runs':
      if (sub === 'steps')
        return Number(query.get('offset') ?? 0) > 0
          ? { text: '', next: logText.length, done: false }
          : { text: logText, next: logText.length, done: false };
      return id === undefined
        ? { pipelineRuns: empty ? [] : pipelineRuns }
        : pipelineRunDetail(Number(id.split('-').at(-1)));
    case 'models':
      if (id === undefined) return { models: empty ? [] : [model] };
      if (sub === 'alias-moves') return aliasMoves;
      return sub === 'versions' ? versionDetail(Number(parts[3])) : { model, versions };
    case 'endpoints':
      if (id === undefined) return { endpoints: empty ? [] : endpoints };
      if (sub === 'series') return series(Number(query.get('windowMs') ?? 3_600_000));
      if (sub === 'predictions')
        return parts[3] === undefined ? { predictions, total: 296_447 } : { prediction: predictions[6] };
      if (sub === 'shadow') return shadowAnswer(id);
      if (sub === 'ab') return abAnswer(id);
      return detailOf(id);
    case 'predictions':
      return found(id ?? '') ?? refused('MW-NOT-FOUND', `no prediction "${id}" at any endpoint`, 404, 'id');
    case 'monitors':
      return { monitors: empty ? [] : monitors };
    case 'projects': {
      const monitor = monitors.find((one) => one.name === parts[3]) ?? monitors[0];
      const kind = monitor?.kind ?? 'performance';
      return {
        monitor,
        evaluations: evaluations(kind),
        columns: kind === 'drift' ? columns : [],
        alerts: kind === 'drift' ? [] : [alert, closed],
      };
    }
    case 'alerts':
      return id === undefined
        ? { alerts: empty ? [] : [alert, closed] }
        : { alert: id === closed.id ? closed : alert, monitor: monitors[0], evaluations: evaluations('performance') };
    case 'lineage':
      return lineage(query.get('node') ?? '') ?? refused('MW-NOT-FOUND', 'nothing here is named "nothing"', 404, 'mw');
    case 'sql':
      return sqlTables;
    case 'views':
      return empty ? { views: [] } : views;
    case 'storage':
      return empty ? { blobs: 0, blobBytes: 0, namedBytes: 0, namedBlobBytes: 0, artifacts: 0 } : storage;
    case 'trash':
      return empty ? { items: [], total: 0 } : trash;
    default:
      return refused('MW-ROUTE', `no route ${path}`, 404, 'see docs/contracts/openapi.json');
  }
}

function command(path: string, sent: Record<string, unknown>): Answer {
  if (path.endsWith('/sql')) return sqlAnswer(String(sent['sql']));
  if (path.endsWith('/gc')) return collected(sent['apply'] === true);
  if (path.endsWith('/versions/3/promote'))
    return refused('MW-GATE-REFUSED', 'v3 did not pass the gates of champion', 422, 'mw models flights/3');
  if (path.endsWith('/alias-gates') && String(sent['gates']).includes('?'))
    return {
      status: 400,
      body: { error: { code: 'MW-INVALID', message: 'no operator in "auc ? 1"', where: 'gates[1]' } },
    };
  if (path.endsWith('/rollback')) return { endpoint, from: 5, to: 4, ms: 0.8 };
  if (path.endsWith('/plan'))
    return {
      changes: [
        { sign: '+', text: 'release flights-r6  v5' },
        { sign: '~', text: 'endpoint flights  v5 0% → 10% → 50% → 100%' },
        { sign: '=', text: 'v4 stays loaded for undo' },
      ],
      unchanged: false,
      command: 'mw deploy flights/5',
    };
  if (path.endsWith('/deploy')) return { endpoint, unchanged: false };
  if (path.endsWith('/try')) return tried(sent['rows'] as Record<string, unknown>[]);
  if (path.endsWith('/pipeline-runs')) return { pipelineRun: pipelineRuns[0] };
  return { ok: true };
}

type Files = ReadonlyMap<string, Buffer>;

/** Read once: a build that goes on beside the tests may not take the files away. */
function readDist(): Files {
  const names = readdirSync(DIST, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    names.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [`/${relative(DIST, path)}`, readFileSync(path)];
    }),
  );
}

function file(files: Files, path: string, response: ServerResponse): void {
  const name = files.has(path) ? path : '/index.html';
  response.writeHead(200, {
    'content-type': TYPES[extname(name)] ?? 'application/octet-stream',
    'content-security-policy': POLICY,
    // Named by their content, as the real server says of them: a page after another need not read them again.
    ...(name.startsWith('/assets/') ? { 'cache-control': 'public, max-age=31536000, immutable' } : {}),
  });
  response.end(files.get(name));
}

/** Starts on a free port of the loopback. `empty`: a server on which nothing has happened yet. */
export async function startFixture(empty = false): Promise<Fixture> {
  const files = readDist();
  const commands: string[] = [];
  const ofRuns = createRunsFixture(empty);
  const streams = new Set<ServerResponse>();
  let streaming = true;
  let seq = events.length;
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    if (!pathname.startsWith('/api/')) return file(files, pathname, response);
    if (pathname === '/api/v1/stream') {
      if (!streaming) {
        response.writeHead(503).end();
        return;
      }
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.write(': hello\n\n');
      streams.add(response);
      request.on('close', () => streams.delete(response));
      return;
    }
    const parts = pathname.split('/').slice(3).map(decodeURIComponent);
    if (request.method === 'GET')
      return reply(response, ofRuns.read(parts, searchParams) ?? read(pathname, searchParams, empty));
    let text = '';
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    request.on('end', () => {
      if (!/\/(?:sql|series)$/.test(pathname)) commands.push(pathname);
      const sent = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
      reply(response, ofRuns.change(request.method ?? '', parts, sent) ?? command(pathname, sent));
    });
  };
  const reply = (response: ServerResponse, value: Answer): void => {
    const coded = value as { status?: unknown; body?: unknown };
    const failed = typeof coded.status === 'number' && coded.body !== undefined;
    response.writeHead(failed ? Number(coded.status) : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(failed ? coded.body : value));
  };
  const http = createServer(answer);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    commands,
    send: (type) => {
      seq += 1;
      for (const stream of streams)
        stream.write(`id: ${seq}\nevent: ${type}\ndata: ${JSON.stringify({ seq, type })}\n\n`);
    },
    setStream: (open) => {
      streaming = open;
      if (!open) for (const stream of streams) stream.destroy();
    },
    close: async () => {
      http.closeAllConnections();
      await new Promise<void>((resolve) => http.close(() => resolve()));
    },
  };
}
