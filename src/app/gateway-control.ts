/** The gateway's control door: HTTP on a Unix socket that only the owner of the home can open. */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { chmod, unlink } from 'node:fs/promises';
import { connect, Server as NetServer } from 'node:net';
import { z } from 'zod';
import { errorBody, MillwrightError } from '../domain/errors.ts';
import type { PlaneRoute, PlaneStatus } from '../ports/data-plane.ts';
import type { Serving } from '../modules/serving/index.ts';
import { parseRoute, parseTokenHashes } from './plane-files.ts';

const BODY_LIMIT = 4 * 1024 * 1024;

export interface ControlDeps {
  readonly serving: Serving;
  readonly status: () => PlaneStatus;
  /** The documents as they are on disk. */
  readonly routes: () => Promise<readonly PlaneRoute[]>;
  readonly flush: () => Promise<void>;
  readonly setTokens: (hashes: readonly string[]) => Promise<void>;
  /** Begins the end of the process; returns at once. */
  readonly drain: () => void;
  /** Hands over to a successor; resolves when that one serves. The end of this process follows the answer. */
  readonly replace: (asked: ReplaceRequest) => Promise<void>;
}

const argument = z.string().max(32_768);
const replaceRequest = z.strictObject({
  /** Interpreter, program and arguments of the successor. Default: as this gateway was started. */
  command: z.array(argument).min(2).max(2_000).optional(),
  /** Interpreter and program alone: another installation with the same arguments. */
  program: z.array(argument).min(2).max(20).optional(),
});
export type ReplaceRequest = z.infer<typeof replaceRequest>;

export interface ControlDoor {
  /** Lets no more changes begin, waits for those under way, and frees the socket's path. */
  close(): Promise<void>;
  /** After a close. */
  open(): Promise<void>;
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > BODY_LIMIT) throw new MillwrightError('MW-BODY-TOO-LARGE', 'the control request is too large');
    chunks.push(bytes);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (error) {
    throw new MillwrightError('MW-INVALID', 'the control request is not JSON', { cause: error });
  }
}

async function act(deps: ControlDeps, request: IncomingMessage): Promise<unknown> {
  const path = (request.url ?? '').split('/').slice(1).map(decodeURIComponent);
  switch (`${request.method} ${path[0]}`) {
    case 'PUT routes':
      await deps.serving.apply(parseRoute(await bodyOf(request)));
      return {};
    case 'GET routes':
      return deps.routes();
    case 'DELETE routes':
      await deps.serving.remove(path[1] ?? '');
      return {};
    case 'GET status':
      return deps.status();
    case 'GET signature':
      return deps.serving.releaseSignature(path[1] ?? '');
    case 'POST flush':
      await deps.flush();
      return {};
    case 'PUT tokens':
      await deps.setTokens(parseTokenHashes(await bodyOf(request)));
      return {};
    case 'POST replace':
      await deps.replace(replaceRequest.parse(await bodyOf(request)));
      return {};
    case 'POST drain':
      deps.drain();
      return {};
    default:
      throw new MillwrightError('MW-ROUTE', `the control door has no ${request.method} ${request.url}`);
  }
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

/** Is somebody listening there? */
function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(socket);
    probe.on('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', () => resolve(false));
  });
}

/** Throws MW-HOME-IN-USE when another gateway of this home is alive. */
export async function openControl(socket: string, deps: ControlDeps): Promise<ControlDoor> {
  const changes = new Set<Promise<unknown>>();
  let server: Server | undefined;

  function listener(request: IncomingMessage, response: ServerResponse): void {
    const work = act(deps, request).then(
      (body) => reply(response, 200, body),
      (error: unknown) => {
        const coded =
          error instanceof MillwrightError
            ? error
            : error instanceof z.ZodError
              ? new MillwrightError('MW-INVALID', error.issues[0]?.message ?? 'not valid', { cause: error })
              : new MillwrightError('MW-INTERNAL', String(error), { cause: error });
        reply(response, coded.kind.status, errorBody(coded));
      },
    );
    // A replacement waits for all others, so it cannot wait for itself.
    if (request.url === '/replace') return;
    changes.add(work);
    void work.finally(() => changes.delete(work));
  }

  async function open(): Promise<void> {
    if (await answers(socket)) {
      throw new MillwrightError('MW-HOME-IN-USE', 'a gateway of this home is running already', {
        where: socket,
        next: 'see it with: mw status',
      });
    }
    await unlink(socket).catch(() => undefined);
    const next = createServer(listener);
    await new Promise<void>((resolve, reject) => {
      next.once('error', reject);
      next.listen(socket, resolve);
    });
    await chmod(socket, 0o600);
    next.unref();
    server = next;
  }

  await open();
  return {
    open,
    async close() {
      // Not its own close(), which waits for the connection that asked for all this. The path is free when it returns.
      NetServer.prototype.close.call(server);
      while (changes.size > 0) await Promise.allSettled(changes);
    },
  };
}
