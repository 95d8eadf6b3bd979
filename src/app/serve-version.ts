/** The files of a registered version, from the home's own stores or from a running MLflow or Millwright server. */
import { createWriteStream, existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { MillwrightError } from '../domain/errors.ts';
import type { ModelSignature } from '../domain/registry.ts';
import { createTracking } from '../modules/tracking/index.ts';
import { systemClock } from '../platform/clock.ts';
import { type Config, metadataUrl } from '../platform/config.ts';
import { createIds } from '../platform/ids.ts';
import { digestOfFile } from '../platform/file-digest.ts';
import type { MetadataStore } from '../ports/metadata-store.ts';
import type { SourceFile } from '../ports/tracking-source.ts';
import { openArtifacts } from './open-artifacts.ts';
import { metadataPlugin, plugin } from './plugins.ts';

export interface FetchedVersion {
  readonly model: string;
  readonly version: number;
  /** A file or a folder. */
  readonly path: string;
  readonly signature?: ModelSignature;
}

interface Wanted {
  readonly model: string;
  readonly alias?: string;
  readonly version?: number;
}

const FILES_LIMIT = 10_000;

/** `models:/name@alias` or `models:/name/3`; MLflow's form. */
function parseUri(text: string): Wanted {
  const match = /^models:\/+([^@/]+)(?:@([^/]+)|\/(\d+))$/.exec(text);
  const [, model, alias, version] = match ?? [];
  if (model === undefined) {
    throw new MillwrightError('MW-USAGE', `"${text.slice(0, 200)}" names no version`, {
      where: text.slice(0, 200),
      next: 'models:/name@champion or models:/name/3',
    });
  }
  return {
    model: decodeURIComponent(model),
    ...(alias === undefined ? {} : { alias: decodeURIComponent(alias) }),
    ...(version === undefined ? {} : { version: Number(version) }),
  };
}

const missing = (what: string, next: string): MillwrightError => new MillwrightError('MW-NOT-FOUND', what, { next });

async function versionIn(store: MetadataStore, wanted: Wanted) {
  const registered = await store.models.get(wanted.model);
  const number = wanted.version ?? registered?.aliases[wanted.alias ?? ''];
  const version = number === undefined ? undefined : await store.versions.get(`${wanted.model}/${number}`);
  if (version !== undefined && version.deletedAt === undefined) return version;
  const what =
    registered === undefined
      ? `no model "${wanted.model}" is registered`
      : `"${wanted.model}" has no ${wanted.alias === undefined ? `version ${wanted.version ?? ''}` : `alias "${wanted.alias}"`}`;
  throw missing(what, 'mw models lists what is there; --home or --url say where to look');
}

/** A name inside a folder of ours; one that would lead out of it is refused. */
function inside(folder: string, name: string): string {
  const path = resolve(folder, name);
  if (path.startsWith(`${resolve(folder)}/`)) return path;
  throw new MillwrightError('MW-PATH', 'a file of the model has a name that leads out of its folder', {
    where: name.slice(0, 200),
  });
}

async function fromHome(wanted: Wanted, config: Config, scratch: string): Promise<FetchedVersion> {
  // Opening would make one.
  if (config.metadata === undefined && !existsSync(join(config.home, 'millwright.db')))
    throw missing(`there is no registry in the home ${config.home}`, 'give --home, or --url of a server');
  const { openMetadata } = await metadataPlugin(metadataUrl(config));
  const store = await openMetadata(metadataUrl(config));
  try {
    const found = await versionIn(store, wanted);
    const artifacts = await openArtifacts(config.artifacts, config.home, join(scratch, 'tmp'));
    const known = { model: found.model, version: found.number };
    if (found.lineage !== undefined) {
      const path = join(scratch, 'model.onnx');
      await artifacts.materialize(found.lineage.artifactDigest, path);
      const { signature } = found.lineage;
      return { ...known, path, ...(signature === undefined ? {} : { signature }) };
    }
    const ids = createIds(systemClock);
    const tracking = createTracking({ store, artifacts, clock: systemClock, ids });
    const at = /^mlflow-artifacts:\/*(?:[^/]+:\d+\/)?(.*)$/.exec(found.location ?? found.source)?.[1];
    if (at === undefined)
      throw new MillwrightError('MW-MODEL-LOAD', 'the files of this version are not in this home', {
        where: found.source,
        next: 'mw serve FOLDER, with the folder they are in',
      });
    const { owner, path: root } = await tracking.locate(at);
    const rows = await tracking.artifactRows(owner, root);
    const folder = join(scratch, 'model');
    for (const row of rows.slice(0, FILES_LIMIT)) {
      const target = inside(folder, root === '' ? row.path : row.path.slice(root.length + 1) || 'model');
      await mkdir(dirname(target), { recursive: true });
      await artifacts.materialize(row.digest, target);
    }
    return { ...known, path: folder };
  } finally {
    await store.close();
  }
}

const answer = z.object({
  model_version: z.object({
    version: z.coerce.number().int(),
    source: z.string().default(''),
    run_id: z.string().optional(),
    model_id: z.string().optional(),
  }),
});

async function askVersion(base: string, wanted: Wanted, authorization: string | undefined) {
  const query = new URLSearchParams({
    name: wanted.model,
    ...(wanted.alias === undefined ? { version: String(wanted.version) } : { alias: wanted.alias }),
  });
  const path = wanted.alias === undefined ? 'model-versions/get' : 'registered-models/alias';
  let response: Response;
  try {
    response = await fetch(`${base}/api/2.0/mlflow/${path}?${query.toString()}`, {
      headers: authorization === undefined ? {} : { authorization },
      signal: AbortSignal.timeout(30_000),
      redirect: 'error',
    });
  } catch (cause) {
    throw new MillwrightError('MW-UNAVAILABLE', 'the tracking server does not answer', { where: base, cause });
  }
  const text = await response.text();
  if (response.status === 401 || response.status === 403)
    throw new MillwrightError('MW-UNAUTHENTICATED', 'the tracking server asks for a token', {
      where: base,
      next: 'MILLWRIGHT_TOKEN=… mw serve …',
    });
  if (!response.ok) throw missing(`the tracking server has no such version: ${text.slice(0, 300)}`, `see ${base}`);
  return answer.parse(JSON.parse(text)).model_version;
}

async function download(files: AsyncIterable<SourceFile>, root: string, folder: string): Promise<number> {
  let count = 0;
  for await (const file of files) {
    if (root !== '' && file.path !== root && !file.path.startsWith(`${root}/`)) continue;
    const name = root === '' ? file.path : file.path.slice(root.length + 1) || file.path.split('/').at(-1);
    const target = inside(folder, name ?? 'model');
    await mkdir(dirname(target), { recursive: true });
    await pipeline(await file.open(), createWriteStream(target, { mode: 0o600 }));
    count += 1;
    if (count > FILES_LIMIT) throw new MillwrightError('MW-MODEL-LOAD', `the model has more than ${FILES_LIMIT} files`);
  }
  return count;
}

/** A version that a pipeline of a Millwright server made; false where there is none, or another kind of server. */
async function pipelineFile(address: string, path: string, authorization: string | undefined): Promise<boolean> {
  const response = await fetch(address, {
    headers: authorization === undefined ? {} : { authorization },
    signal: AbortSignal.timeout(300_000),
    redirect: 'error',
  });
  const digest = response.headers.get('x-content-digest');
  if (!response.ok || response.body === null || digest === null) {
    await response.body?.cancel();
    return false;
  }
  await pipeline(response.body, createWriteStream(path, { mode: 0o600 }));
  if ((await digestOfFile(path)).digest === digest) return true;
  throw new MillwrightError('MW-UNAVAILABLE', 'the downloaded file is not the one that the server names', {
    where: address,
  });
}

async function fromServer(wanted: Wanted, base: string, config: Config, scratch: string): Promise<FetchedVersion> {
  const authorization = config.token === undefined ? undefined : `Bearer ${config.token}`;
  const found = await askVersion(base, wanted, authorization);
  const single = join(scratch, 'model.onnx');
  await mkdir(scratch, { recursive: true });
  const file = `${base}/api/v1/model-files/${encodeURIComponent(wanted.model)}/${found.version}`;
  if (await pipelineFile(file, single, authorization))
    return { model: wanted.model, version: found.version, path: single };
  const modelId = /^models:\/(m-[0-9a-f]{32})$/.exec(found.source)?.[1] ?? found.model_id;
  const inRun = /^runs:\/+[^/]+\/(.+)$/.exec(found.source)?.[1] ?? /\/artifacts\/(.+)$/.exec(found.source)?.[1] ?? '';
  const owner =
    modelId !== undefined && modelId !== ''
      ? ({ kind: 'model', id: modelId } as const)
      : ({ kind: 'run', id: found.run_id ?? '' } as const);
  const { openMlflowSource } = await plugin('import', 'mlflow');
  const source = await openMlflowSource({
    address: base,
    ...(authorization === undefined ? {} : { authorization }),
  });
  try {
    const folder = join(scratch, 'model');
    await mkdir(folder, { recursive: true });
    const root = owner.kind === 'run' ? inRun.replace(/\/+$/, '') : '';
    const count = await download(source.artifacts(owner), root, folder);
    if (count === 0) throw missing('the version has no files on that server', found.source);
    const named = /[^/]+\.onnx$/.exec(root)?.[0];
    return {
      model: wanted.model,
      version: found.version,
      path: count === 1 && named !== undefined ? join(folder, named) : folder,
    };
  } finally {
    await source.close();
  }
}

/** Throws MW-USAGE, MW-NOT-FOUND, MW-UNAVAILABLE, MW-UNAUTHENTICATED. */
export function fetchVersion(text: string, config: Config, scratch: string): Promise<FetchedVersion> {
  const wanted = parseUri(text);
  return config.url === undefined
    ? fromHome(wanted, config, scratch)
    : fromServer(wanted, config.url.replace(/\/+$/, ''), config, scratch);
}
