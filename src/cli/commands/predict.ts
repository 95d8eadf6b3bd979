import { readFile } from 'node:fs/promises';
import { MillwrightError } from '../../domain/errors.ts';
import { unwrap } from '../client/client.ts';
import type { Flags, Session } from '../session.ts';
import { whichEndpoint } from '../which-endpoint.ts';

type Row = Record<string, string | number | boolean | null>;

async function fileText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new MillwrightError('MW-USAGE', `the file with the rows cannot be read: ${path}`, {
      where: path,
      next: `mw predict NAME '{"column": value, …}'`,
      cause,
    });
  }
}

async function rowsOf(name: string, text: string | undefined, example: Row | undefined): Promise<Row[]> {
  if (text === undefined) {
    if (example !== undefined) return [example];
    throw new MillwrightError('MW-USAGE', 'this endpoint has answered nothing yet, so there is no row to repeat', {
      next: `mw predict ${name} '{"column": value, …}'`,
    });
  }
  const json = text.trim().startsWith('{') || text.trim().startsWith('[') ? text : await fileText(text);
  try {
    const value: unknown = JSON.parse(json);
    return (Array.isArray(value) ? value : [value]) as Row[];
  } catch (cause) {
    throw new MillwrightError('MW-USAGE', `the rows are not JSON: ${cause instanceof Error ? cause.message : ''}`, {
      where: text.slice(0, 60),
      cause,
    });
  }
}

export async function run(session: Session, args: readonly string[], flags: Flags): Promise<void> {
  if (flags['batch'] !== undefined) return (await import('./predict-batch.ts')).run(session, args, flags);
  const { api, out } = session;
  const client = await api();
  const named = args.length > 1 || !/^[[{]|\.json$/.test(args[0] ?? '') ? args[0] : undefined;
  const name = await whichEndpoint(client, named);
  const detail = await unwrap(client.GET('/api/v1/endpoints/{name}', { params: { path: { name } } }));
  const rows = await rowsOf(name, named === undefined ? args[0] : args[1], detail.example);
  const answer = await unwrap(
    client.POST('/api/v1/endpoints/{name}/try', { params: { path: { name } }, body: { rows } }),
  );
  out.result(answer, () => [
    JSON.stringify(answer.response, null, 2),
    out.paint.dim(`v${answer.version}, ${answer.latencyMs} ms, prediction ${answer.id}/0`),
    out.paint.dim(
      `curl -s ${detail.endpoint.restUrl} -H 'content-type: application/json' -d '${JSON.stringify(answer.request)}'`,
    ),
  ]);
}
