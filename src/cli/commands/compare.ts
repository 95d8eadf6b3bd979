import { MillwrightError } from '../../domain/errors.ts';
import { type Api, type Schemas, unwrap } from '../client/client.ts';
import { type Cell, safe } from '../output.ts';
import type { Flags, Session } from '../session.ts';
import { compareGroups } from './compare-groups.ts';

/** Runs may be named by the first characters of their id. */
async function find(client: Api, id: string): Promise<Schemas['Run']> {
  if (id.length >= 32) return (await unwrap(client.GET('/api/v1/runs/{id}', { params: { path: { id } } }))).run;
  const { runs } = await unwrap(client.GET('/api/v1/runs', { params: { query: { limit: 1000 } } }));
  const matches = runs.filter((one) => one.id.startsWith(id));
  const [only] = matches;
  if (only === undefined || matches.length > 1) {
    throw new MillwrightError(
      'MW-NOT-FOUND',
      `${matches.length === 0 ? 'no run starts' : `${matches.length} runs start`} with "${id}"`,
      { where: id, next: 'mw runs' },
    );
  }
  return only;
}

export async function run(session: Session, args: readonly string[], flags: Flags): Promise<void> {
  if (flags['group'] === true) return compareGroups(session, flags);
  const { api, out } = session;
  if (args.length < 2)
    throw new MillwrightError('MW-USAGE', 'compare needs two runs or more', {
      next: 'mw runs, or mw compare --group --metric auc',
    });
  const client = await api();
  const runs = await Promise.all(args.map((id) => find(client, id)));
  const keys = (pick: (one: Schemas['Run']) => object): string[] =>
    [...new Set(runs.flatMap((one) => Object.keys(pick(one))))].toSorted();
  const lines = (kind: string, pick: (one: Schemas['Run']) => Record<string, string | number>): (readonly Cell[])[] =>
    keys(pick).flatMap((key) => {
      const values = runs.map((one) => pick(one)[key]);
      return new Set(values).size > 1
        ? [[`${kind}.${safe(key)}`, ...values.map((value) => (typeof value === 'string' ? safe(value) : value))]]
        : [];
    });
  const equal = keys((one) => one.params).filter(
    (key) => new Set(runs.map((one) => one.params[key])).size === 1,
  ).length;
  const rows = [...lines('metrics', (one) => one.metrics), ...lines('params', (one) => one.params)];
  out.result({ runs, differs: rows.map((row) => row[0]) }, () => [
    ...out.table(['', ...runs.map((one) => one.id.slice(0, 12))], rows),
    out.paint.dim(`${equal} params are equal`),
  ]);
}
