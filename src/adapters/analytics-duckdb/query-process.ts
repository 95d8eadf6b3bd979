/** The query engine in a process of its own (worker.ts), which may take what memory and time it may have and not a bit of the server's. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type ErrorCode, MillwrightError } from '../../domain/errors.ts';
import type { ParsedQuery, QueryAnswer, QueryEngine, ScanRow, TableShape } from '../../ports/table-source.ts';
import { refused } from './parsed-query.ts';

export type QueryRequest =
  | { readonly id: number; readonly op: 'parse'; readonly sql: string }
  | {
      readonly id: number;
      readonly op: 'query';
      readonly sql: string;
      readonly limits: { readonly rows: number; readonly timeoutMs: number };
    }
  | { readonly id: number; readonly op: 'load'; readonly table: TableShape }
  /** What the load that waits asked for; without rows when there are no more, `broken` when they cannot be read. */
  | { readonly op: 'rows'; readonly rows?: readonly ScanRow[]; readonly broken?: true };

export interface QueryFailure {
  readonly message: string;
  readonly code?: ErrorCode;
  readonly where?: string;
  readonly next?: string;
}

interface QueryReply {
  readonly id: number;
  readonly value?: unknown;
  readonly failure?: QueryFailure;
  readonly wants?: true;
}

export interface QueryProcessOptions {
  /** Of the engine's tables. Default 512. */
  readonly memoryMiB?: number;
  /** Of the whole process; at more it ends. Default: 768 above the engine's. */
  readonly rssMiB?: number;
}

/** Distinct from the codes that Node and signals end with. */
export const MEMORY_EXIT = 77;
const WORKER = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url));
/** Some functions do not look whether they were interrupted. */
const GRACE_MS = 2_000;
const PARSE_MS = 10_000;

interface Waiting {
  readonly done: (reply: QueryReply) => void;
  readonly gone: (error: MillwrightError) => void;
}

function thrown({ message, code, where, next }: QueryFailure): Error {
  if (code === undefined) return new Error(message);
  const detail = { ...(where === undefined ? {} : { where }), ...(next === undefined ? {} : { next }) };
  return new MillwrightError(code, message, detail);
}

export function createQueryProcess({
  memoryMiB = 512,
  rssMiB = memoryMiB + 768,
}: QueryProcessOptions = {}): QueryEngine {
  const waiting = new Map<number, Waiting>();
  let child: ChildProcess | undefined;
  let over = false;
  let late = false;
  let last = 0;

  function ended(code: number | null): void {
    over = true;
    const error =
      code === MEMORY_EXIT
        ? refused(
            'the query needs more memory than it may have',
            undefined,
            'narrow it with WHERE, or aggregate before joining',
          )
        : late
          ? refused('the query took too long and was stopped', undefined, 'narrow it with WHERE or LIMIT')
          : refused('the query ended the process it ran in', undefined, 'write it in another way');
    for (const one of waiting.values()) one.gone(error);
    waiting.clear();
  }

  function process_(): ChildProcess {
    if (child !== undefined) return child;
    // Nothing of the server's environment: it holds secrets, and the engine needs none of it.
    const made = fork(WORKER, [String(memoryMiB), String(rssMiB)], {
      env: {},
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    made.on('message', (reply: QueryReply) => waiting.get(reply.id)?.done(reply));
    made.on('error', () => ended(null));
    made.on('exit', ended);
    child = made;
    return made;
  }

  /** `more`: called whenever the process asks for rows. */
  async function ask(
    request: Exclude<QueryRequest, { readonly op: 'rows' }>,
    timeoutMs?: number,
    more?: () => Promise<readonly ScanRow[] | undefined>,
  ): Promise<unknown> {
    if (over) throw new MillwrightError('MW-UNAVAILABLE', 'the query engine has ended', { next: 'ask again' });
    const running = process_();
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            late = true;
            running.kill('SIGKILL');
          }, timeoutMs);
    try {
      return await new Promise<unknown>((accept, reject) => {
        const feed = async (): Promise<void> => {
          const rows = await more?.();
          if (!over) running.send({ op: 'rows', ...(rows === undefined ? {} : { rows }) } satisfies QueryRequest);
        };
        waiting.set(request.id, {
          gone: reject,
          done(reply) {
            if (reply.wants === true) {
              feed().catch((error: unknown) => {
                reject(error instanceof Error ? error : new Error(String(error)));
                if (!over) running.send({ op: 'rows', broken: true } satisfies QueryRequest);
              });
            } else if (reply.failure === undefined) accept(reply.value);
            else reject(thrown(reply.failure));
          },
        });
        running.send(request);
      });
    } finally {
      clearTimeout(timer);
      waiting.delete(request.id);
    }
  }

  const next = (): number => (last += 1);
  return {
    parse: async (sql) => (await ask({ id: next(), op: 'parse', sql }, PARSE_MS)) as ParsedQuery,
    query: async (sql, limits) =>
      (await ask({ id: next(), op: 'query', sql, limits }, limits.timeoutMs + GRACE_MS)) as QueryAnswer,
    async load(table, batches) {
      const rows = batches[Symbol.asyncIterator]();
      try {
        await ask(
          { id: next(), op: 'load', table: { name: table.name, columns: table.columns } },
          undefined,
          async () => {
            const { value, done } = await rows.next();
            return done === true ? undefined : value;
          },
        );
      } finally {
        await rows.return?.();
      }
    },
    alive: () => !over,
    async close() {
      if (child === undefined || over) return;
      const gone = new Promise<void>((accept) => child?.once('exit', () => accept()));
      child.disconnect();
      await gone;
    },
  };
}
