/** What `mw serve` is given → what the data plane loads: an ONNX file, a model folder, a version of a registry, or another server. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { MillwrightError } from '../domain/errors.ts';
import type { ModelSignature } from '../domain/registry.ts';
import { ENDPOINT_LIMITS } from '../domain/serving.ts';
import type { Config } from '../platform/config.ts';
import { digestOfFile } from '../platform/file-digest.ts';
import { writeFileList } from '../platform/file-list.ts';
import { listFolder } from '../platform/folder-files.ts';
import type { PlaneModel } from '../ports/data-plane.ts';
import { fetchVersion } from './serve-version.ts';

export interface ServeTarget {
  /** As it was given. */
  readonly text: string;
  readonly model: PlaneModel;
}

export interface TargetOptions {
  /** The endpoint's name; default: after the file or the model. */
  readonly name?: string;
  /** Interpreter of the environment that a Python model needs. */
  readonly python?: string;
  readonly timeoutMs?: number;
  readonly memoryMib?: number;
  /** Where files of a registry are put. */
  readonly scratch: string;
}

const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;

function nameOf(given: string | undefined, from: string): string {
  if (given !== undefined) {
    if (NAME.test(given)) return given;
    throw new MillwrightError('MW-USAGE', `"${given.slice(0, 80)}" cannot be the name of an endpoint`, {
      where: '--name',
      next: 'use 1 to 63 small letters, digits, dots, dashes or underscores',
    });
  }
  const made = from
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 63);
  return made === '' ? 'model' : made;
}

/** What is no file has its name for a digest: there are no bytes to check. */
const digestOfText = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  try {
    const found = await stat(path);
    return found.isDirectory() ? 'folder' : 'file';
  } catch {
    return undefined;
  }
}

interface Source {
  readonly version: number;
  readonly signature?: ModelSignature;
}

async function onnxFile(path: string, name: string, source: Source): Promise<PlaneModel> {
  const { digest } = await digestOfFile(path);
  return {
    releaseId: `${name}-r${source.version}`,
    model: name,
    version: source.version,
    modelDigest: digest,
    path,
    runtime: { kind: 'onnx' },
  };
}

const mlmodel = z.looseObject({
  flavors: z.record(z.string(), z.unknown()),
});
const onnxFlavor = z.looseObject({ data: z.string().min(1) });

/** The ONNX file inside an MLflow folder of that flavor: it needs no Python. */
async function onnxInside(folder: string): Promise<string | undefined> {
  try {
    const { flavors } = mlmodel.parse(parse(await readFile(join(folder, 'MLmodel'), 'utf8')));
    const flavor = onnxFlavor.safeParse(flavors['onnx']);
    if (!flavor.success) return undefined;
    const file = resolve(folder, flavor.data.data);
    return file.startsWith(`${resolve(folder)}/`) && (await kindOf(file)) === 'file' ? file : undefined;
  } catch (cause) {
    throw new MillwrightError('MW-MODEL-LOAD', 'the MLmodel file cannot be read', {
      where: join(folder, 'MLmodel'),
      cause,
    });
  }
}

async function modelFolder(folder: string, name: string, options: TargetOptions, source: Source): Promise<PlaneModel> {
  const mlflow = (await kindOf(join(folder, 'MLmodel'))) === 'file';
  const onnx = mlflow ? await onnxInside(folder) : undefined;
  if (onnx !== undefined) return onnxFile(onnx, name, source);
  if (!mlflow && (await kindOf(join(folder, 'predict.py'))) !== 'file') {
    throw new MillwrightError('MW-USAGE', 'the folder holds neither MLmodel nor predict.py', {
      where: folder,
      next: 'give an .onnx file, a folder that MLflow saved a model in, or one with a predict.py',
    });
  }
  if (options.python === undefined) {
    throw new MillwrightError('MW-USAGE', 'a Python model needs the interpreter of its environment', {
      where: '--python',
      next: mlflow
        ? `uv venv .model-env && uv pip install --python .model-env -r ${join(folder, 'requirements.txt')} && mw serve ${folder} --python .model-env/bin/python`
        : `mw serve ${folder} --python .venv/bin/python`,
    });
  }
  return {
    releaseId: `${name}-r${source.version}`,
    model: name,
    version: source.version,
    modelDigest: digestOfText(writeFileList(await listFolder(folder))),
    path: folder,
    runtime: {
      kind: 'python',
      interpreter: resolve(options.python),
      entry: mlflow ? 'mlflow' : 'predict.py',
      memoryMib: options.memoryMib ?? ENDPOINT_LIMITS.memoryMib,
      timeoutMs: options.timeoutMs ?? ENDPOINT_LIMITS.timeoutMs,
    },
    ...(source.signature === undefined ? {} : { signature: source.signature }),
  };
}

function proxied(url: string, given: string | undefined): PlaneModel {
  const match = /^(https?:\/\/.+?)\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?\/?$/.exec(url);
  const [, base, model, version] = match ?? [];
  if (base === undefined || model === undefined || !URL.canParse(url)) {
    throw new MillwrightError(
      'MW-USAGE',
      'the address of a model on another server is http://host:port/v2/models/NAME',
      {
        where: url.slice(0, 200),
      },
    );
  }
  const name = nameOf(given, decodeURIComponent(model));
  return {
    releaseId: `${name}-r1`,
    model: name,
    version: 1,
    modelDigest: digestOfText(url),
    path: '/',
    runtime: {
      kind: 'proxy',
      url: base,
      model: decodeURIComponent(model),
      ...(version === undefined ? {} : { version: decodeURIComponent(version) }),
    },
  };
}

async function fromDisk(path: string, name: string, options: TargetOptions, source: Source): Promise<PlaneModel> {
  const kind = await kindOf(path);
  if (kind === 'folder') return modelFolder(path, name, options, source);
  if (kind === 'file') return onnxFile(path, name, source);
  throw new MillwrightError('MW-NOT-FOUND', 'there is no such file or folder', {
    where: path,
    next: 'mw serve model.onnx, mw serve models:/name@champion, or mw serve http://host:8080/v2/models/name',
  });
}

/** Throws MW-USAGE, MW-NOT-FOUND, MW-MODEL-LOAD and what the registry throws. The model itself is not read yet. */
export async function serveTarget(text: string, config: Config, options: TargetOptions): Promise<ServeTarget> {
  if (/^https?:\/\//.test(text)) return { text, model: proxied(text, options.name) };
  if (!text.startsWith('models:')) {
    const path = resolve(text);
    const name = nameOf(options.name, basename(path).replace(/\.onnx$/i, ''));
    return { text, model: await fromDisk(path, name, options, { version: 1 }) };
  }
  const found = await fetchVersion(text, config, options.scratch);
  const name = nameOf(options.name, found.model);
  return { text, model: await fromDisk(found.path, name, options, found) };
}
