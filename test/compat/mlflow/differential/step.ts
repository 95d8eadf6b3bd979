/** One request of the differential corpus. `{name}` in a path, query or body is what an earlier step saved under that name. */

export interface Step {
  readonly id: string;
  readonly method: string;
  /** Absolute, without the query. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[]>>;
  /** A string is sent as it is. */
  readonly body?: unknown;
  readonly type?: string;
  /** Name of a variable to a path into the JSON answer, such as `run.info.run_id`. */
  readonly save?: Readonly<Record<string, string>>;
  /** Steps to make a state; their answers are not compared. */
  readonly silent?: true;
}

type Extra = Pick<Step, 'save' | 'silent' | 'type'>;
type Query = Readonly<Record<string, string | readonly string[]>>;

const at = (path: string): string => (path.startsWith('/') ? path : `/api/2.0/mlflow/${path}`);

export const post = (id: string, path: string, body?: unknown, extra: Extra = {}): Step => ({
  id,
  method: 'POST',
  path: at(path),
  ...(body === undefined ? {} : { body }),
  ...extra,
});

export const get = (id: string, path: string, query: Query = {}, extra: Extra = {}): Step => ({
  id,
  method: 'GET',
  path: at(path),
  query,
  ...extra,
});

export const patch = (id: string, path: string, body?: unknown, extra: Extra = {}): Step => ({
  ...post(id, path, body, extra),
  method: 'PATCH',
});

export const remove = (id: string, path: string, body?: unknown, extra: Extra = {}): Step => ({
  ...post(id, path, body, extra),
  method: 'DELETE',
});

export const put = (id: string, path: string, body: string, extra: Extra = {}): Step => ({
  ...post(id, path, body, { type: 'application/octet-stream', ...extra }),
  method: 'PUT',
});
