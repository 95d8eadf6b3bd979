/** Where a version's files are. A source that points into this server must belong to the run or logged model it names. */
import { MillwrightError } from '../../domain/errors.ts';
import type { ModelVersion } from '../../domain/registry.ts';
import { modelLocation, runLocation } from '../../domain/tracking.ts';
import type { TrackingStore } from '../../ports/tracking-store.ts';
import { artifactPath } from '../tracking/index.ts';

export interface Source {
  readonly source: string;
  readonly location?: string | undefined;
  readonly runId?: string | undefined;
  readonly modelId?: string | undefined;
}

const SCHEME = /^([a-zA-Z][a-zA-Z0-9+.-]*):/;
/** Elsewhere: kept as it is, never opened by this server. */
const ELSEWHERE = new Set([
  's3',
  's3a',
  'gs',
  'wasbs',
  'abfss',
  'hdfs',
  'dbfs',
  'http',
  'https',
  'ftp',
  'sftp',
  'oci',
  'huggingface',
]);

function refuse(source: string, reason: string): never {
  throw new MillwrightError('MW-INVALID', `Invalid model version source: '${source.slice(0, 200)}'. ${reason}`, {
    where: 'source',
  });
}

const mustIdentify = (source: string, field: string): never =>
  refuse(source, `The ${field} request parameter must identify the resource that contains the source.`);

/** Throws MW-INVALID for a local path, a foreign owner, a path that climbs, or an unknown scheme. */
export async function resolveSource(
  given: Source,
  tracking: TrackingStore,
  versionOf: (name: string, version: string) => Promise<ModelVersion>,
): Promise<Source> {
  const { source, runId, modelId } = given;
  const scheme = SCHEME.exec(source)?.[1]?.toLowerCase();
  if (scheme === undefined || scheme === 'file') {
    return refuse(
      source,
      'A local path is not a place this server may read: log the model to a run and register runs:/… or models:/….',
    );
  }
  const rest = source.slice(scheme.length + 1);
  if (/(?:^|[/\\])\.\.(?:[/\\]|$)/.test(decodeSafely(rest))) refuse(source, 'It has a relative path.');
  if (ELSEWHERE.has(scheme)) return given;
  if (rest.startsWith('//')) refuse(source, 'It names another host.');
  const path = artifactPath(rest.replace(/^\//, ''));
  const run = runId === undefined ? undefined : await tracking.getRunInfo(runId);
  const model = modelId === undefined ? undefined : await tracking.getLoggedModel(modelId);
  const first = path.split('/', 1)[0] ?? '';
  const below = path.slice(first.length);

  if (scheme === 'runs') {
    if (run === undefined || first !== runId) return mustIdentify(source, 'run_id');
    return { ...given, location: `${runLocation(run.experimentId, run.id)}${below}` };
  }
  if (scheme === 'models') {
    if (/^m-[0-9a-f]{32}$/.test(first)) {
      if (model === undefined || first !== modelId) return mustIdentify(source, 'model_id');
      const from = runId ?? model.sourceRunId;
      const location = `${modelLocation(model.experimentId, model.id)}${below}`;
      return { ...given, location, ...(from === undefined ? {} : { runId: from }) };
    }
    const version = await versionOf(first, below.slice(1));
    const copied = { runId: runId ?? version.runId, modelId: modelId ?? version.modelId };
    return {
      source,
      location: version.location ?? version.source,
      ...(copied.runId === undefined ? {} : { runId: copied.runId }),
      ...(copied.modelId === undefined ? {} : { modelId: copied.modelId }),
    };
  }
  if (scheme === 'mlflow-artifacts') {
    const roots = [
      ...(run === undefined ? [] : [runLocation(run.experimentId, run.id)]),
      ...(model === undefined ? [] : [modelLocation(model.experimentId, model.id)]),
    ];
    const location = `mlflow-artifacts:/${path}`;
    if (!roots.some((root) => location === root || location.startsWith(`${root}/`)))
      return mustIdentify(source, 'run_id');
    return { ...given, location };
  }
  return refuse(source, `Its scheme '${scheme}' is not known.`);
}

function decodeSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
