/** `mw client`: the typed client of one model, as the data plane that serves it writes it. */
import { readFile, writeFile } from 'node:fs/promises';
import { MillwrightError } from '../../domain/errors.ts';
import { unwrap } from '../client/client.ts';
import { type Flags, type Session, textFlag } from '../session.ts';
import { whichEndpoint } from '../which-endpoint.ts';

const FILES = { typescript: 'client.ts', python: 'client.py' } as const;
type Language = keyof typeof FILES;
const ENDINGS: Readonly<Record<string, Language>> = { ts: 'typescript', mts: 'typescript', py: 'python' };
const MARK = 'Client of a model served by Millwright';
const TIMEOUT_MS = 10_000;

function languageOf(asked: string | undefined, out: string | undefined): Language {
  const language = asked ?? ENDINGS[out?.split('.').at(-1) ?? ''] ?? 'typescript';
  if (language === 'typescript' || language === 'python') return language;
  throw new MillwrightError('MW-USAGE', 'there is no client in that language', {
    where: '--language',
    next: 'use typescript or python',
  });
}

async function get(url: string, token: string | undefined): Promise<Response> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  try {
    return await fetch(url, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (cause) {
    throw new MillwrightError('MW-UNAVAILABLE', `${new URL(url).origin} does not answer`, {
      where: url,
      next: 'see what runs with: mw status',
      cause,
    });
  }
}

async function member(answer: Response, name: string): Promise<unknown> {
  const found: unknown = await answer.json().catch(() => undefined);
  return typeof found === 'object' && found !== null
    ? Object.entries(found).find(([key]) => key === name)?.[1]
    : undefined;
}

/** Only a data plane has GET /v2 with extensions; a control plane answers with its pages. */
async function isPlane(url: string, token: string | undefined): Promise<boolean> {
  const answer = await get(`${url}/v2`, token);
  return answer.ok && Array.isArray(await member(answer, 'extensions'));
}

/** The only model of a data plane. */
async function onlyModel(plane: string, token: string | undefined): Promise<string> {
  const models = await member(await get(`${plane}/v2/models`, token), 'models');
  const names: readonly unknown[] = Array.isArray(models) ? models : [];
  const [only] = names;
  if (typeof only === 'string' && names.length === 1) return only;
  throw new MillwrightError('MW-USAGE', names.length === 0 ? 'nothing is served there' : 'which model?', {
    next: names.length === 0 ? 'mw serve model.onnx' : `one of ${names.map(String).join(', ')}`,
  });
}

interface Place {
  readonly plane: string;
  readonly name: string;
  readonly control?: string;
}

async function placeOf({ config, api, server }: Session, named: string | undefined): Promise<Place> {
  const url = config.url?.replace(/\/+$/, '');
  if (url !== undefined && (await isPlane(url, config.token)))
    return { plane: url, name: named ?? (await onlyModel(url, config.token)) };
  const client = await api();
  const name = await whichEndpoint(client, named);
  const { endpoint } = await unwrap(client.GET('/api/v1/endpoints/{name}', { params: { path: { name } } }));
  const control = url ?? (await server())?.url;
  return { plane: new URL(endpoint.restUrl).origin, name, ...(control === undefined ? {} : { control }) };
}

async function sourceOf(
  { plane, name, control }: Place,
  language: Language,
  token: string | undefined,
): Promise<string> {
  const query = control === undefined ? '' : `?control=${encodeURIComponent(control)}`;
  const answer = await get(`${plane}/v2/models/${encodeURIComponent(name)}/${FILES[language]}${query}`, token);
  if (answer.ok) return answer.text();
  const message = await member(answer, 'error');
  throw new MillwrightError(
    answer.status === 401 ? 'MW-UNAUTHENTICATED' : answer.status === 404 ? 'MW-NOT-FOUND' : 'MW-UNAVAILABLE',
    typeof message === 'string' ? message : `${plane} answered ${answer.status}`,
    { where: name, next: answer.status === 401 ? 'set MILLWRIGHT_TOKEN' : 'mw status' },
  );
}

/** A file that we did not write is somebody's work. */
async function write(path: string, source: string): Promise<void> {
  const there = await readFile(path, 'utf8').catch(() => undefined);
  if (there !== undefined && there !== '' && !there.includes(MARK)) {
    throw new MillwrightError('MW-EXISTS', `${path} is there and is no client that mw has made`, {
      where: path,
      next: 'choose another file with --out',
    });
  }
  try {
    await writeFile(path, source);
  } catch (cause) {
    throw new MillwrightError('MW-USAGE', `${path} cannot be written`, {
      where: path,
      next: 'choose another --out',
      cause,
    });
  }
}

export async function run(session: Session, args: readonly string[], flags: Flags): Promise<void> {
  const path = textFlag(flags, 'out');
  const language = languageOf(textFlag(flags, 'language'), path);
  const place = await placeOf(session, args[0]);
  const source = await sourceOf(place, language, session.config.token);
  if (path !== undefined) await write(path, source);
  const told = {
    endpoint: place.name,
    language,
    url: place.plane,
    ...(path === undefined ? { source } : { file: path }),
  };
  session.out.result(told, () =>
    path === undefined ? [source.trimEnd()] : [`${path}: ${language} client of ${place.name} at ${place.plane}`],
  );
}
