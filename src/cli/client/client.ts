/** The generated API client: finds the server of a home, sends the token, turns error bodies into errors. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import createClient, { type Client } from 'openapi-fetch';
import { ERRORS, type ErrorCode, MillwrightError } from '../../domain/errors.ts';
import type { components, paths } from './schema.d.ts';

export type Schemas = components['schemas'];
export type Api = Client<paths>;

export interface ServerRecord {
  readonly pid: number;
  readonly url: string;
  readonly rest: string;
  readonly grpc: string;
  readonly startedAt: number;
}

/** What the running server of a home wrote about itself; undefined when there is none. */
export async function serverOf(home: string): Promise<ServerRecord | undefined> {
  try {
    const record = JSON.parse(await readFile(join(home, 'server.json'), 'utf8')) as ServerRecord;
    process.kill(record.pid, 0);
    return record;
  } catch {
    return undefined;
  }
}

export function apiAt(url: string, token: string | undefined): Api {
  return createClient<paths>({
    baseUrl: url,
    ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
  });
}

/** The data of an answer, or its error as the server worded it. */
export async function unwrap<T>(
  answer: Promise<{ readonly data?: T; readonly error?: Schemas['ErrorResponse']; readonly response: Response }>,
): Promise<T> {
  let settled: Awaited<typeof answer>;
  try {
    settled = await answer;
  } catch (cause) {
    throw new MillwrightError('MW-NO-SERVER', 'the server does not answer', { cause, next: 'mw server' });
  }
  if (settled.data !== undefined) return settled.data;
  const problem = settled.error?.error;
  const code = problem !== undefined && problem.code in ERRORS ? (problem.code as ErrorCode) : 'MW-INTERNAL';
  throw new MillwrightError(code, problem?.message ?? `the server answered ${settled.response.status}`, {
    ...(problem?.where === undefined ? {} : { where: problem.where }),
    ...(problem?.next === undefined ? {} : { next: problem.next }),
  });
}
