/** One run or logged model of another server, written with all that belongs to it and compared with what was read. */
import { modelLocation, runLocation } from '../../domain/tracking.ts';
import type { ArtifactOwner, ArtifactRow, Metric, Run } from '../../domain/tracking.ts';
import type { ArtifactStore } from '../../ports/artifact-store.ts';
import type { MetadataStore, Stores } from '../../ports/metadata-store.ts';
import type { SourceFile, SourceVersion, TrackingSource } from '../../ports/tracking-source.ts';
import { artifactPath, checkRunId, invalidValue } from '../tracking/index.ts';

/** Set on a run when all of it is there: a run without it was cut off and is written again. */
export const IMPORTED_TAG = 'millwright.imported_from';

const MODEL_ID = /^m-[\w-]{1,250}$/;
const PIECE = 5_000;
const KEYS_AT_ONCE = 8;

export interface Copied {
  readonly files: number;
  readonly bytes: number;
  readonly points: number;
  /** What is not as it was read, in words. */
  readonly differences: readonly string[];
}

export interface Place {
  readonly store: MetadataStore;
  readonly artifacts: ArtifactStore;
  readonly source: TrackingSource;
  /** Called when files cannot be reached: the rest goes on. */
  readonly unreachable: (owner: ArtifactOwner, error: unknown) => void;
}

export async function filesOf(
  place: Pick<Place, 'artifacts' | 'unreachable'>,
  owner: ArtifactOwner,
  files: AsyncIterable<SourceFile>,
): Promise<readonly ArtifactRow[]> {
  const rows: ArtifactRow[] = [];
  try {
    for await (const file of files) {
      let path: string;
      try {
        path = artifactPath(file.path);
      } catch (error) {
        // One bad name is no reason to leave the files behind it.
        place.unreachable(owner, error);
        continue;
      }
      const blob = await place.artifacts.put(await file.open());
      rows.push({ path, digest: blob.digest, bytes: blob.bytes });
    }
  } catch (error) {
    place.unreachable(owner, error);
  }
  return rows;
}

export const total = (rows: readonly ArtifactRow[]): number => rows.reduce((sum, row) => sum + row.bytes, 0);

async function logMetrics(tx: Stores, runId: string, points: readonly Metric[]): Promise<void> {
  for (let at = 0; at < points.length; at += PIECE) {
    await tx.tracking.logBatch(runId, { metrics: points.slice(at, at + PIECE) });
  }
}

const identity = (point: Metric): string =>
  [point.key, point.timestamp, point.step, Number.isNaN(point.value) ? 'NaN' : point.value].join('\u0000');

const sorted = (values: readonly { readonly key: string; readonly value: string }[]): string =>
  JSON.stringify(values.map(({ key, value }) => [key, value]).sort((a, b) => ((a[0] ?? '') < (b[0] ?? '') ? -1 : 1)));

/** What the target says of the run, beside what the source said. */
async function compared(place: Place, run: Run, points: readonly Metric[], files: readonly ArtifactRow[]) {
  const { tracking } = place.store;
  const found = await tracking.getRun(run.info.id);
  if (found === undefined) return ['it is not there'];
  const differences: string[] = [];
  const { info } = found;
  for (const field of ['name', 'status', 'startTime', 'endTime', 'lifecycle', 'userId'] as const) {
    if (info[field] !== run.info[field]) differences.push(`${field} is ${info[field]} and was ${run.info[field]}`);
  }
  if (sorted(found.params) !== sorted(run.params)) differences.push('params differ');
  // The source may have been brought over itself.
  const own = ({ tags }: Run) => sorted(tags.filter((tag) => tag.key !== IMPORTED_TAG));
  if (own(found) !== own(run)) differences.push('tags differ');
  const distinct = new Set(points.map(identity)).size;
  const kept = (await tracking.metricKeys(run.info.id)).reduce((sum, key) => sum + key.points, 0);
  if (kept !== distinct) differences.push(`${kept} of ${distinct} points`);
  const rows = await tracking.listArtifacts({ kind: 'run', id: run.info.id }, '');
  if (rows.length !== files.length || total(rows) !== total(files)) {
    differences.push(`${rows.length} of ${files.length} files`);
  }
  return differences;
}

/** Several keys at once: a server answers each in a request of its own. */
async function historyOf({ source }: Place, run: Run): Promise<readonly Metric[]> {
  const points: Metric[] = [];
  const keys = run.metrics.map((metric) => metric.key);
  for (let at = 0; at < keys.length; at += KEYS_AT_ONCE) {
    const asked = keys.slice(at, at + KEYS_AT_ONCE).map((key) => Array.fromAsync(source.history(run.info.id, key)));
    for (const found of await Promise.all(asked)) for (const point of found) points.push(point);
  }
  return points;
}

/** Everything of the run in one transaction; its blobs before. */
export async function importRun(place: Place, run: Run, experimentId: string): Promise<Copied> {
  const { id } = run.info;
  checkRunId(id);
  const owner: ArtifactOwner = { kind: 'run', id };
  const files = await filesOf(place, owner, place.source.artifacts(owner));
  const points = await historyOf(place, run);
  // Names must agree with the tag, and older servers have one without the other.
  const name = run.info.name;
  const tags = [
    ...run.tags.filter((tag) => tag.key !== 'mlflow.runName'),
    ...(name === '' ? [] : [{ key: 'mlflow.runName', value: name }]),
  ];
  const said: Run = { ...run, info: { ...run.info, experimentId }, tags };
  await place.store.transaction(async (tx) => {
    const { lifecycle: _lifecycle, endTime, deletedAt, ...rest } = said.info;
    if ((await tx.tracking.getRunInfo(id)) === undefined) {
      await tx.tracking.createRun({ ...rest, lifecycle: 'active' }, {});
    }
    await logMetrics(tx, id, points);
    await tx.tracking.logBatch(id, { params: run.params, tags });
    await tx.tracking.logInputs(id, run.datasets, run.modelInputs);
    await tx.tracking.logOutputs(id, run.modelOutputs);
    for (const file of files) await tx.tracking.putArtifact(owner, file);
    await tx.tracking.logBatch(id, { tags: [{ key: IMPORTED_TAG, value: place.source.name }] });
    await tx.tracking.updateRun(id, { name, status: rest.status, endTime: endTime ?? null });
    if (said.info.lifecycle === 'deleted') {
      await tx.tracking.updateRun(id, { lifecycle: 'deleted', deletedAt: deletedAt ?? endTime ?? rest.startTime });
    }
  });
  return {
    files: files.length,
    bytes: total(files),
    points: points.length,
    differences: await compared(place, said, points, files),
  };
}

/** A logged model: its files, params, tags, and the metrics that name it. */
export async function importLoggedModel(
  place: Place,
  model: Parameters<MetadataStore['tracking']['createLoggedModel']>[0],
  experimentId: string,
): Promise<Copied> {
  if (!MODEL_ID.test(model.id)) throw invalidValue('model_id', model.id.slice(0, 100));
  const owner: ArtifactOwner = { kind: 'model', id: model.id };
  const files = await filesOf(place, owner, place.source.artifacts(owner));
  await place.store.transaction(async (tx) => {
    await tx.tracking.createLoggedModel({ ...model, experimentId, metrics: [] });
    for (const file of files) await tx.tracking.putArtifact(owner, file);
  });
  const found = await place.store.tracking.getLoggedModel(model.id);
  const differences = [
    ...(found === undefined ? ['it is not there'] : []),
    ...(found !== undefined && sorted(found.params) !== sorted(model.params) ? ['params differ'] : []),
    ...(found !== undefined && sorted(found.tags) !== sorted(model.tags) ? ['tags differ'] : []),
  ];
  return { files: files.length, bytes: total(files), points: 0, differences };
}

/**
 * Where a version's files are here. Its source may name a run, a logged model, or the old server's own folder or bucket with the run's
 * or the model's id in it; undefined when none of these was brought over.
 */
export async function locationOf(store: Stores, version: SourceVersion) {
  const { source } = version;
  const model = /(?:^models:\/|\/models\/)(m-[0-9a-f]{32})(?:\/artifacts)?(\/.*)?$/.exec(source);
  const found = model?.[1] === undefined ? undefined : await store.tracking.getLoggedModel(model[1]);
  if (found !== undefined) {
    const location = `${modelLocation(found.experimentId, found.id)}${model?.[2] ?? ''}`;
    return { location, modelId: found.id, source: source.startsWith('models:/') ? source : `models:/${found.id}` };
  }
  const run = /(?:^runs:\/+|\/)([0-9a-zA-Z][\w-]{0,255})\/(?:artifacts\/)?(.*)$/.exec(source);
  const id = /\/([0-9a-f]{32})\/artifacts\//.exec(source)?.[1] ?? run?.[1];
  const info = id === undefined ? undefined : await store.tracking.getRunInfo(id);
  if (info === undefined || id === undefined) return undefined;
  const below = source.slice(source.indexOf(id) + id.length).replace(/^\/(?:artifacts\/)?/, '');
  const location = `${runLocation(info.experimentId, id)}${below === '' ? '' : `/${below}`}`;
  return { location, source: source.startsWith('runs:/') ? source : location };
}
