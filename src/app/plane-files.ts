/** What the gateway keeps on disk: its routes and tokens (it serves them with no control plane) and where it is to be found. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { chmod, lstat, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { MillwrightError } from '../domain/errors.ts';
import { errnoOf } from '../platform/coded-error.ts';
import { writeFileDurable } from '../platform/durable-file.ts';
import { readFileList, writeFileList } from '../platform/file-list.ts';
import { listFolder } from '../platform/folder-files.ts';
import type { PlaneModel, PlaneRoute } from '../ports/data-plane.ts';

const tensorSpec = z.strictObject({
  name: z.string(),
  datatype: z.string(),
  shape: z.array(z.number().int()),
  optional: z.boolean().optional(),
  content: z.enum(['datetime', 'binary']).optional(),
});
const paramSpec = z.strictObject({
  name: z.string(),
  type: z.string(),
  default: z.unknown(),
  shape: z.array(z.number().int()).optional(),
});
const signature = z.strictObject({
  inputs: z.array(tensorSpec),
  outputs: z.array(tensorSpec),
  params: z.array(paramSpec).optional(),
});

const runtime = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('onnx') }),
  z.strictObject({
    kind: z.literal('python'),
    interpreter: z.string().min(1),
    entry: z.enum(['mlflow', 'predict.py']),
    memoryMib: z.number().positive(),
    timeoutMs: z.number().positive(),
  }),
  z.strictObject({ kind: z.literal('proxy'), url: z.url(), model: z.string().min(1), version: z.string().optional() }),
]);

const limits = z.strictObject({
  timeoutMs: z.number().positive(),
  queue: z.number().int().positive(),
  perClient: z.strictObject({ perSecond: z.number().positive(), burst: z.number().int().positive() }).optional(),
  replicas: z.strictObject({ min: z.number().int().positive(), max: z.number().int().positive() }),
  idleMs: z.number().nonnegative(),
  memoryMib: z.number().positive(),
});

const share = z.number().min(0).max(100);

const model = z.strictObject({
  releaseId: z.string().min(1),
  model: z.string(),
  version: z.number().int(),
  modelDigest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  path: z.string().min(1),
  runtime: runtime.optional(),
  signature: signature.optional(),
  golden: z.string().min(1).optional(),
});

const route = z.strictObject({
  endpoint: z.string(),
  epoch: z.number().int().nonnegative(),
  weights: z.array(z.strictObject({ releaseId: z.string(), percent: z.number() })),
  models: z.array(model),
  mirror: z.strictObject({ releaseId: z.string(), percent: share }).optional(),
  experiment: z.string().max(200).optional(),
  limits: limits.optional(),
  log: z.strictObject({ sample: share, redact: z.array(z.string()) }).optional(),
});

/** Throws MW-INVALID. */
export function parseRoute(value: unknown): PlaneRoute {
  const parsed = route.safeParse(value);
  // Whether an absent member is absent or undefined makes no difference to its readers.
  if (parsed.success) return parsed.data as PlaneRoute;
  const issue = parsed.error.issues[0];
  throw new MillwrightError('MW-INVALID', `not a route document: ${issue?.message ?? ''}`, {
    where: issue?.path.join('.') ?? 'body',
  });
}

/** What `read` makes of the JSON of a file; `absent` without one. Throws MW-STATE for a file that is broken or none of ours. */
async function readState<T>(path: string, read: (value: unknown) => T, absent: T): Promise<T> {
  try {
    return read(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return absent;
    const reason =
      error instanceof MillwrightError ? `: ${error.message}${error.where ? ` (at ${error.where})` : ''}` : '';
    throw new MillwrightError('MW-STATE', `${path} cannot be read${reason}`, {
      where: path,
      next: 'delete it; the control plane writes it again',
      cause: error,
    });
  }
}

export function readRoutes(home: string): Promise<readonly PlaneRoute[]> {
  const list = (value: unknown): readonly PlaneRoute[] => z.array(z.unknown()).parse(value).map(parseRoute);
  return readState(join(home, 'plane', 'routes.json'), list, []);
}

export function writeRoutes(home: string, routes: readonly PlaneRoute[]): Promise<void> {
  return writeFileDurable(join(home, 'plane', 'routes.json'), `${JSON.stringify(routes, undefined, 1)}\n`);
}

const hashes = z.array(z.string().regex(/^[0-9a-f]{64}$/)).max(10_000);

export const parseTokenHashes = (value: unknown): readonly string[] => hashes.parse(value);

export function readTokenHashes(home: string): Promise<readonly string[]> {
  return readState(join(home, 'plane', 'tokens.json'), parseTokenHashes, []);
}

export function writeTokenHashes(home: string, list: readonly string[]): Promise<void> {
  return writeFileDurable(join(home, 'plane', 'tokens.json'), `${JSON.stringify(list)}\n`);
}

export interface PlaneRecord {
  readonly pid: number;
  /** Of the process, so that a later process with this pid is not taken for the gateway. */
  readonly processStart: string;
  readonly startedAt: number;
  readonly rest: string;
  readonly grpc: string;
  readonly socket: string;
  readonly key: string;
  /** The process that starts it again after a fault. */
  readonly keeper?: { readonly pid: number; readonly start: string };
}

const addresses = z.object({ rest: z.string(), grpc: z.string() });

/** Ports of the last gateway of the home; 0 where that is not known. One that was given free ports comes back at the same. */
export async function lastPorts(home: string): Promise<{ readonly rest: number; readonly grpc: number }> {
  const read = (value: unknown) => addresses.safeParse(value);
  const last = await readState(join(home, 'plane', 'plane.json'), read, read(undefined)).catch(() => read(undefined));
  const portOf = (address: string): number => Number(/:(\d+)$/.exec(address)?.[1] ?? 0);
  return last.success ? { rest: portOf(last.data.rest), grpc: portOf(last.data.grpc) } : { rest: 0, grpc: 0 };
}

export function writePlaneRecord(home: string, record: PlaneRecord): Promise<void> {
  return writeFileDurable(join(home, 'plane', 'plane.json'), `${JSON.stringify(record)}\n`);
}

/** The folder of the control socket: ours, and nobody else's to enter. */
export async function prepareSocketFolder(socket: string): Promise<void> {
  const folder = dirname(socket);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const found = await lstat(folder);
  if (!found.isDirectory() || (process.getuid !== undefined && found.uid !== process.getuid())) {
    throw new MillwrightError('MW-STATE', `${folder} belongs to somebody else`, {
      where: folder,
      next: 'use a home with a shorter path',
    });
  }
  await chmod(folder, 0o700);
}

const GOLDEN_BYTES = 16 * 1024 * 1024;

/** Text of a file of golden rows. Throws MW-MODEL-LOAD. */
export async function readGolden(path: string): Promise<string> {
  try {
    const { size } = await lstat(path);
    if (size <= GOLDEN_BYTES) return await readFile(path, 'utf8');
  } catch (error) {
    throw new MillwrightError('MW-MODEL-LOAD', `the golden rows cannot be read: ${errnoOf(error) ?? String(error)}`, {
      where: 'golden',
      cause: error,
    });
  }
  throw new MillwrightError('MW-MODEL-LOAD', 'the file of golden rows is larger than 16 MiB', { where: 'golden' });
}

async function digestOf(path: string, releaseId: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk);
  } catch (error) {
    throw new MillwrightError('MW-MODEL-LOAD', `the model file cannot be read: ${errnoOf(error) ?? String(error)}`, {
      where: releaseId,
      cause: error,
    });
  }
  return `sha256:${hash.digest('hex')}`;
}

function mustBe(wanted: string, digest: string, what: string, releaseId: string): void {
  if (digest === wanted) return;
  throw new MillwrightError(
    'MW-MODEL-LOAD',
    `${what} is ${digest.slice(0, 19)}…, the release names ${wanted.slice(0, 19)}…`,
    {
      where: releaseId,
      next: 'the file was changed on disk; register the model again',
    },
  );
}

/**
 * Throws MW-MODEL-LOAD when the bytes are not what the release names. Of a folder (Python) the list beside it names the files; without
 * one (somebody's own folder, see serve-target.ts) all that is in it is listed.
 */
export async function verifyDigest(source: PlaneModel): Promise<void> {
  const { path, modelDigest, releaseId } = source;
  if (source.runtime?.kind === 'proxy') return;
  if (source.runtime?.kind !== 'python') {
    mustBe(modelDigest, await digestOf(path, releaseId), 'the model file', releaseId);
    return;
  }
  if (!existsSync(`${path}.files`)) {
    const digest = `sha256:${createHash('sha256')
      .update(writeFileList(await listFolder(path)))
      .digest('hex')}`;
    mustBe(modelDigest, digest, "the model's folder", releaseId);
    return;
  }
  mustBe(modelDigest, await digestOf(`${path}.files`, releaseId), "the list of the model's files", releaseId);
  for (const file of readFileList(await readFile(`${path}.files`, 'utf8'))) {
    mustBe(file.digest, await digestOf(join(path, file.path), releaseId), `${file.path} of the model`, releaseId);
  }
}
