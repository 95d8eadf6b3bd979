import createClient from 'openapi-fetch';
import { ApiProblem } from './problem.ts';
import type { paths } from './schema.d.ts';

const TOKEN = 'mw.token';

/** The bearer token of this tab, if the server asks for one. Kept for the tab only. */
function storedToken(): string | undefined {
  try {
    return sessionStorage.getItem(TOKEN) ?? undefined;
  } catch {
    return undefined;
  }
}

export function keepToken(token: string): void {
  sessionStorage.setItem(TOKEN, token);
}

export function authHeaders(): Record<string, string> {
  const token = storedToken();
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

export const client = createClient<paths>({
  baseUrl: '',
  // Bound late, so that a test can put its own fetch in place.
  fetch: (request) => fetch(request),
});

client.use({
  onRequest({ request }) {
    for (const [name, value] of Object.entries(authHeaders())) request.headers.set(name, value);
    return request;
  },
});

interface Answer<T> {
  readonly data?: T;
  readonly error?: unknown;
  readonly response: Response;
}

/** The body of a good answer; everything else is thrown as an ApiProblem with the server's code. */
export async function body<T>(call: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await call;
  if (data === undefined) throw new ApiProblem(response.status, error);
  return data;
}
