import { MillwrightError } from '../../domain/errors.ts';
import { type Api, unwrap } from '../client/client.ts';
import { gateLines } from '../gates-table.ts';
import { safe } from '../output.ts';
import { type Flags, type Session, textFlag } from '../session.ts';

/** What the gates of the alias said of the version, last. */
async function judged(client: Api, name: string, version: number, alias: string) {
  const path = { name, version };
  const found = await unwrap(client.GET('/api/v1/models/{name}/versions/{version}', { params: { path } }));
  return found.aliasResults.find((result) => result.alias === alias);
}

async function move({ out }: Session, client: Api, name: string, version: number, alias: string): Promise<void> {
  const before = (await judged(client, name, version, alias))?.at ?? 0;
  try {
    await unwrap(
      client.POST('/api/v1/models/{name}/versions/{version}/promote', {
        params: { path: { name, version } },
        body: { alias },
      }),
    );
  } catch (error) {
    const result =
      error instanceof MillwrightError && error.code === 'MW-GATE-REFUSED'
        ? await judged(client, name, version, alias)
        : undefined;
    // The error has the failed gates in words; the table has all of them.
    if (!out.json && result !== undefined) for (const line of gateLines(out, result.gates)) out.note(line);
    throw error;
  }
  const kept = await judged(client, name, version, alias);
  const result = kept !== undefined && kept.at > before ? kept : undefined;
  out.result({ model: name, version, alias, ...(result === undefined ? {} : { gates: result.gates }) }, () => [
    `${safe(alias)} of ${safe(name)} is v${version}.`,
    ...gateLines(out, result?.gates ?? []),
    out.paint.dim(
      `next: mw deploy ${name} --version ${version} (take it back: mw promote ${name} --alias ${alias} --undo)`,
    ),
  ]);
}

async function undo(session: Session, name: string, alias: string): Promise<void> {
  const client = await session.api();
  const { moves } = await unwrap(client.GET('/api/v1/models/{name}/alias-moves', { params: { path: { name } } }));
  const last = moves.find((one) => one.alias === alias);
  if (last === undefined) {
    throw new MillwrightError('MW-NOT-FOUND', `alias ${alias} of ${name} never moved`, { next: `mw models ${name}` });
  }
  if (last.from !== undefined) return move(session, client, name, last.from, alias);
  await unwrap(client.DELETE('/api/v1/models/{name}/aliases/{alias}', { params: { path: { name, alias } } }));
  session.out.result({ model: name, alias, removed: true }, () => [
    `${safe(alias)} of ${safe(name)} is taken away: before, it pointed nowhere.`,
  ]);
}

export async function run(session: Session, args: readonly string[], flags: Flags): Promise<void> {
  const [name = '', number = ''] = (args[0] ?? '').split('/');
  const alias = textFlag(flags, 'alias') ?? 'champion';
  if (flags['undo'] === true && name !== '') return undo(session, name, alias);
  const version = Number(number.replace(/^v/, ''));
  if (name === '' || !Number.isInteger(version) || version < 1) {
    throw new MillwrightError('MW-USAGE', `"${args[0] ?? ''}" is not a model and version`, {
      next: 'mw promote flights/3',
    });
  }
  await move(session, await session.api(), name, version, alias);
}
