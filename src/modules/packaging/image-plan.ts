/** What an image of a model version holds: pure data, which the CLI can print and a test can compare. */
import type { Environment } from '../../domain/environments.ts';
import { MillwrightError } from '../../domain/errors.ts';
import type { ModelVersion } from '../../domain/registry.ts';
import type { PlaneRoute } from '../../ports/data-plane.ts';
import type { FileSet, ImageLayoutCaps, ImagePlan, LayerPlan, LayerSource } from '../../ports/image-layout.ts';

/** The serving program: our own files and the packages they need. */
export interface Program {
  readonly files: FileSet;
  /** The file that Node runs, relative to the root of `files`. */
  readonly entry: string;
  /** After `--home /var/lib/millwright`, where the image keeps its route and may write. */
  readonly args: readonly string[];
}

const HOME = 'opt/millwright';
const NODE = `${HOME}/node`;
const MODEL = `${HOME}/model`;
const STATE = 'var/lib/millwright';

/** In every layer that puts something there: a layer's own entry of a folder decides who owns it. */
const STATE_FOLDERS: readonly LayerSource[] = [
  { kind: 'folder', path: STATE, owner: 'user' },
  { kind: 'folder', path: `${STATE}/plane`, owner: 'user' },
];

/** With sorted keys, so that the order of properties in memory does not decide a digest. */
function stableJson(value: unknown): string {
  const sorted = (_: string, item: unknown): unknown =>
    item !== null && typeof item === 'object' && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item;
  return `${JSON.stringify(value, sorted, 2)}\n`;
}

function baseLayer(program: Program, base: string | undefined, caps: ImageLayoutCaps): LayerPlan {
  const user: readonly LayerSource[] = [{ kind: 'folder', path: 'home/millwright', owner: 'user' }, ...STATE_FOLDERS];
  // A base that was given brings its own C library: ours on top of it would be half of two systems.
  if (base !== undefined) return { role: 'base', compression: 'gzip', sources: user };
  const { files } = program;
  const libraries = caps.runnable ? ([{ kind: 'libraries', list: `${HOME}/libraries.json`, files }] as const) : [];
  return { role: 'base', compression: 'gzip', sources: [{ kind: 'skeleton' }, ...user, ...libraries] };
}

function environmentLayer(environment: Environment | undefined, version: ModelVersion): LayerPlan {
  const record = environment === undefined ? { recorded: false } : { ...environment, interpreter: undefined };
  const { commit, codeDigest, datasetVersionIds } = version.lineage ?? {};
  return {
    role: 'environment',
    compression: 'gzip',
    sources: [
      { kind: 'text', path: `${HOME}/environment/environment.json`, text: stableJson(record) },
      { kind: 'text', path: `${HOME}/environment/requirements.lock`, text: environment?.lock ?? '' },
      {
        kind: 'text',
        path: `${HOME}/environment/source.json`,
        text: stableJson({ commit, codeDigest, datasetVersionIds }),
      },
    ],
  };
}

function labels(
  version: ModelVersion,
  environment: Environment | undefined,
  base: string | undefined,
  runnable: boolean,
): Record<string, string> {
  const { lineage } = version;
  const all: Readonly<Record<string, string | undefined>> = {
    'org.opencontainers.image.title': version.model,
    'org.opencontainers.image.version': String(version.number),
    'org.opencontainers.image.revision': lineage?.commit,
    'millwright.base': base === undefined ? 'minimal' : 'given',
    'millwright.runnable': String(runnable),
    'millwright.model': version.model,
    'millwright.model.digest': lineage?.artifactDigest,
    'millwright.code.digest': lineage?.codeDigest,
    'millwright.environment.digest': environment?.digest,
    'millwright.pipeline_run': lineage?.pipelineRunId,
    'millwright.health': '/v2/health/ready',
  };
  const set = Object.entries(all).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]));
  return Object.fromEntries(set.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A name of a file in the image; artifact names come from project files and must not climb. */
function fileName(name: string): string {
  const last = name.split('/').pop() ?? '';
  if (last === '' || last === '.' || last === '..' || last.includes('\0')) {
    throw new MillwrightError('MW-PATH', `"${name}" cannot be the name of a model file`, { where: 'model.artifact' });
  }
  return last;
}

/**
 * Layers from the least to the most changing: base, server, environment, model, so that another version of the same model adds
 * a few bytes and its weights. An ONNX model needs no Python: of the environment only the record and the lock go in.
 * Throws MW-STATE for a version without lineage (registered by a client: its model is not known to be servable).
 */
export function planImage(
  version: ModelVersion,
  environment: Environment | undefined,
  context: { readonly program: Program; readonly base: string | undefined; readonly caps: ImageLayoutCaps },
): ImagePlan {
  const { program, base, caps } = context;
  const { lineage } = version;
  if (lineage === undefined) {
    throw new MillwrightError(
      'MW-STATE',
      `${version.model} version ${version.number} was not made by a pipeline, so there is no ONNX file to package`,
      {
        where: version.id,
        next: 'mw run',
      },
    );
  }
  const model = `${MODEL}/${fileName(lineage.artifactName)}`;
  const about = {
    model: version.model,
    version: version.number,
    artifactDigest: lineage.artifactDigest,
    file: fileName(lineage.artifactName),
    signature: lineage.signature,
    parity: lineage.parity,
    params: lineage.params,
    metrics: version.metrics,
  };
  // The data plane serves its last routes by itself; in an image this is the first and the last one.
  const releaseId = `${version.model}-v${version.number}`;
  const route: PlaneRoute = {
    endpoint: version.model,
    epoch: 1,
    weights: [{ releaseId, percent: 100 }],
    models: [
      {
        releaseId,
        model: version.model,
        version: version.number,
        modelDigest: lineage.artifactDigest,
        path: `/${model}`,
      },
    ],
  };
  const { files } = program;
  const node = caps.runnable ? ([{ kind: 'node', path: NODE }] as const) : [];
  return {
    project: lineage.project,
    model: version.model,
    version: version.number,
    reference: `${version.model}:${version.number}`,
    created: new Date(version.createdAt).toISOString(),
    ...(base === undefined ? {} : { base }),
    layers: [
      baseLayer(program, base, caps),
      {
        role: 'server',
        compression: 'gzip',
        sources: [...node, { kind: 'tree', path: `${HOME}/program`, files }],
      },
      environmentLayer(environment, version),
      {
        role: 'model',
        compression: 'none',
        sources: [
          { kind: 'artifact', path: model, digest: lineage.artifactDigest },
          { kind: 'text', path: `${MODEL}/model.json`, text: stableJson(about) },
          ...STATE_FOLDERS,
          { kind: 'text', path: `${STATE}/plane/routes.json`, text: stableJson([route]) },
        ],
      },
    ],
    config: {
      env: [
        'HOME=/home/millwright',
        `MW_MODEL=/${model}`,
        `MW_MODEL_NAME=${version.model}`,
        `MW_MODEL_VERSION=${version.number}`,
        'NODE_ENV=production',
        `PATH=/${HOME}:/usr/local/bin:/usr/bin:/bin`,
        'SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt',
      ],
      entrypoint: [`/${NODE}`, `/${HOME}/program/${program.entry}`],
      cmd: ['--home', `/${STATE}`, ...program.args],
      workingDir: '/home/millwright',
      ports: [8080, 8081],
      labels: labels(version, environment, base, caps.runnable),
    },
  };
}
