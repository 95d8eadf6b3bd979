/**
 * What a version is served from: the ONNX artifact of its pipeline, the ONNX file or the folder that an MLflow client logged. The control
 * plane reads descriptions (MLmodel, requirements) and never the model itself: that is imported only in the model's own process.
 */
import { createHash } from 'node:crypto';
import type { Environment } from '../../domain/environments.ts';
import { MillwrightError } from '../../domain/errors.ts';
import type { ModelVersion } from '../../domain/registry.ts';
import type { EndpointLimits, RuntimeSpec } from '../../domain/serving.ts';
import type { ArtifactOwner, ArtifactRow } from '../../domain/tracking.ts';
import { readFileList, writeFileList } from '../../platform/file-list.ts';
import type { ArtifactStore } from '../../ports/artifact-store.ts';
import type { Context } from '../../ports/context.ts';
import type { BuildRequest } from '../../ports/environment-builder.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { fromLineage } from './plan.ts';
import type { Servable } from './plan.ts';
import { readMlmodel, readRequirements } from './servable-mlmodel.ts';
import type { Mlmodel } from './servable-mlmodel.ts';

type PythonSpec = Extract<RuntimeSpec, { kind: 'python' }>;
type Limits = Pick<EndpointLimits, 'memoryMib' | 'timeoutMs'>;

export interface ServablesDeps {
  readonly store: MetadataStore;
  readonly artifacts: ArtifactStore;
  /** Whose file the path after `mlflow-artifacts:/` is. Throws MW-PATH, MW-NOT-FOUND. */
  readonly locate: (path: string) => Promise<{ readonly owner: ArtifactOwner; readonly path: string }>;
  /** Locks, builds or reuses; `progress` gets the installer's lines. Throws MW-ENV-NO-PYTHON, MW-ENV-BUILD. */
  readonly environment: (
    ctx: Context,
    request: BuildRequest,
    progress: (line: string) => void,
  ) => Promise<Pick<Environment, 'id' | 'interpreter'>>;
}

export interface Servables {
  /**
   * For a plan: reads only. An environment that was not built for a release of this model before has no interpreter yet (`''`).
   * Throws MW-STATE for a version that cannot be served, with what to do.
   */
  describe(version: ModelVersion, endpoint: string, limits: Limits): Promise<Servable>;
  /** For a deployment: the environment is built (minutes at first, then it is there). Throws as `describe`, MW-ENV-NO-PYTHON, MW-ENV-BUILD. */
  prepare(ctx: Context, version: ModelVersion, limits: Limits, progress: (line: string) => void): Promise<Servable>;
}

/** Descriptions are small; a larger one is none. */
const TEXT_LIMIT = 1024 * 1024;
const SCHEME = 'mlflow-artifacts:/';

interface Folder {
  readonly rows: readonly ArtifactRow[];
  text(path: string): Promise<string | undefined>;
}

/** Everything but the built environment. */
interface Found {
  readonly base: Omit<Servable, 'runtime'>;
  /** A folder that Python serves. `list` names its files; its digest is the model's. */
  readonly python?: { readonly entry: PythonSpec['entry']; readonly request: BuildRequest; readonly list: Uint8Array };
}

function unfit(version: ModelVersion, why: string, next: string): never {
  throw new MillwrightError('MW-STATE', `${version.model} v${version.number} cannot be served: ${why}`, {
    where: version.id,
    next,
  });
}

/** MLflow's own files beside an ONNX model. With any other file its weights may be outside of it. */
const BESIDE_ONNX =
  /^(?:MLmodel|conda\.yaml|python_env\.yaml|requirements\.txt|(?:serving_)?input_example\.json|registered_model_meta)$/;

/** The ONNX file, when the folder is nothing else. */
function onnxFile(mlmodel: Mlmodel, rows: readonly ArtifactRow[]): ArtifactRow | undefined {
  const { data } = mlmodel.flavors['onnx'] ?? {};
  const file = typeof data === 'string' ? rows.find((row) => row.path === data) : undefined;
  return rows.every((row) => row === file || BESIDE_ONNX.test(row.path)) ? file : undefined;
}

export function createServables({ store, artifacts, locate, environment }: ServablesDeps): Servables {
  async function folderOf(version: ModelVersion): Promise<Folder> {
    const { location } = version;
    if (location === undefined || !location.startsWith(SCHEME)) {
      return unfit(
        version,
        `its files are at ${version.source.slice(0, 200)}, not in this server`,
        'log it to this server: mlflow.<flavour>.log_model(…, registered_model_name=…) with MLFLOW_TRACKING_URI set to it',
      );
    }
    const { owner, path } = await locate(location.slice(SCHEME.length));
    const below = path === '' ? '' : `${path}/`;
    const all = await store.tracking.listArtifacts(owner, path);
    const rows = all
      .filter((row) => row.path.startsWith(below))
      .map((row) => ({ ...row, path: row.path.slice(below.length) }));
    if (rows.length === 0) unfit(version, `there are no files at ${location}`, 'log the model again');
    return {
      rows,
      async text(name) {
        const row = rows.find((one) => one.path === name);
        if (row === undefined) return undefined;
        if (row.bytes > TEXT_LIMIT) unfit(version, `${name} is larger than 1 MiB`, 'log the model again');
        return new TextDecoder().decode(await artifacts.bytes(row.digest));
      },
    };
  }

  async function requestOf(folder: Folder): Promise<BuildRequest> {
    const [requirements, pythonEnv, conda] = await Promise.all(
      ['requirements.txt', 'python_env.yaml', 'conda.yaml'].map((name) => folder.text(name)),
    );
    const found = readRequirements({ requirements, pythonEnv, conda });
    if (found === undefined) return {};
    return {
      ...(found.python === undefined ? {} : { python: found.python }),
      requirements: { name: 'requirements.txt', text: found.text },
    };
  }

  async function find(version: ModelVersion): Promise<Found> {
    if (version.deletedAt !== undefined) unfit(version, 'it was deleted', 'list versions with: mw models');
    if (version.lineage !== undefined) return { base: fromLineage(version.lineage) };
    const folder = await folderOf(version);
    const text = await folder.text('MLmodel');
    const mlmodel = text === undefined ? undefined : readMlmodel(text);
    const onnx = mlmodel === undefined ? undefined : onnxFile(mlmodel, folder.rows);
    if (onnx !== undefined) return { base: { modelDigest: onnx.digest } };
    const plain = folder.rows.some((row) => row.path === 'predict.py');
    if (mlmodel === undefined && !plain) {
      return unfit(version, 'its folder has neither an MLmodel file nor a predict.py', 'log the model with MLflow');
    }
    if (mlmodel !== undefined && mlmodel.flavors['python_function'] === undefined) {
      const names = Object.keys(mlmodel.flavors).join(', ');
      return unfit(version, `it has no python_function flavour (only ${names})`, 'log it with a flavour that has one');
    }
    const list = new TextEncoder().encode(writeFileList(folder.rows));
    return {
      base: {
        modelDigest: `sha256:${createHash('sha256').update(list).digest('hex')}`,
        ...(mlmodel?.signature === undefined ? {} : { signature: mlmodel.signature }),
      },
      python: { entry: mlmodel === undefined ? 'predict.py' : 'mlflow', request: await requestOf(folder), list },
    };
  }

  const servable = (
    found: Found,
    limits: Limits,
    built: { id?: string | undefined; interpreter: string },
  ): Servable => {
    if (found.python === undefined) return found.base;
    const { memoryMib, timeoutMs } = limits;
    return {
      ...found.base,
      runtime: { kind: 'python', interpreter: built.interpreter, entry: found.python.entry, memoryMib, timeoutMs },
      ...(built.id === undefined ? {} : { environmentId: built.id }),
    };
  };

  return {
    async describe(version, endpoint, limits) {
      const found = await find(version);
      const before = await store.releases.find({ where: { endpoint, model: version.model }, limit: 100 });
      const same = before.find((release) => release.modelDigest === found.base.modelDigest);
      const interpreter = same?.runtime?.kind === 'python' ? same.runtime.interpreter : '';
      return servable(found, limits, { interpreter, id: same?.environmentId });
    },
    async prepare(ctx, version, limits, progress) {
      const found = await find(version);
      if (found.python === undefined) return found.base;
      const built = await environment(ctx, found.python.request, progress);
      await artifacts.put(found.python.list);
      return servable(found, limits, built);
    },
  };
}

/**
 * Lays the files of a folder out where the data plane reads them: `<folder>/<path>` each, then `<folder>.files`, the list, which makes it
 * whole. Returns the folder. Throws MW-NOT-FOUND for a blob that is gone, MW-PATH for a list that names other places.
 */
export async function layOut(artifacts: ArtifactStore, modelDigest: string, folder: string): Promise<string> {
  const list = readFileList(new TextDecoder().decode(await artifacts.bytes(modelDigest)));
  for (const { digest, path } of list) await artifacts.materialize(digest, `${folder}/${path}`);
  await artifacts.materialize(modelDigest, `${folder}.files`);
  return folder;
}
