/** The generated API client: finds the server of a home, sends the token, turns error bodies into errors. */
import createClient, { type Client } from 'openapi-fetch';
import { ERRORS, type ErrorCode, MillwrightError } from '../../domain/errors.ts';
import type { components, paths } from './schema.d.ts';

export type Schemas = components['schemas'];
export type Api = Client<paths>;

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
