/** Whole tables of the memory store, in batches as the port has it. */
import type { Cell, ScanName, ScanRow, TableSource } from '../../ports/table-source.ts';
import type { TrackingState } from './tracking-state.ts';

const BATCH = 5_000;
const orNull = (value: Cell | undefined): Cell => value ?? null;

const ROWS: Readonly<Record<ScanName, (state: TrackingState) => readonly ScanRow[]>> = {
  experiments: ({ experiments }) =>
    [...experiments.values()].map((one) => [one.id, one.name, one.lifecycle, one.createdAt, one.updatedAt]),
  runs: ({ runs, experiments }) =>
    [...runs.values()].map(({ info }) => {
      const deletedAt = info.deletedAt ?? experiments.get(info.experimentId)?.updatedAt;
      const { id, experimentId, name, userId, status, startTime, endTime, lifecycle } = info;
      return [
        id,
        experimentId,
        name,
        userId,
        status,
        startTime,
        orNull(endTime),
        lifecycle,
        lifecycle === 'deleted' ? orNull(deletedAt) : null,
      ];
    }),
  metrics: ({ runs }) =>
    [...runs.values()].flatMap(({ info, latest, points }) =>
      [...latest.values()].map(({ key, value, step, timestamp }) => [
        info.id,
        key,
        value,
        step,
        timestamp,
        points.get(key)?.size ?? 1,
      ]),
    ),
  params: ({ runs }) =>
    [...runs.values()].flatMap(({ info, params }) => [...params].map(([key, value]) => [info.id, key, value])),
  tags: ({ runs }) =>
    [...runs.values()].flatMap(({ info, tags }) => [...tags].map(([key, value]) => [info.id, key, value])),
  experimentTags: ({ experiments }) =>
    [...experiments.values()].flatMap(({ id, tags }) => Object.entries(tags).map(([key, value]) => [id, key, value])),
  runDatasets: ({ runs }) =>
    [...runs.values()].flatMap(({ info, datasets }) =>
      [...datasets.values()].map(({ dataset: { name, digest, sourceType, source }, tags }) => [
        info.id,
        name,
        digest,
        sourceType,
        source,
        JSON.stringify(tags),
      ]),
    ),
  runModels: ({ runs }) =>
    [...runs.values()].flatMap(({ info, modelInputs, modelOutputs }) => [
      ...[...modelInputs].map((model): ScanRow => [info.id, 'input', model, 0]),
      ...[...modelOutputs.values()].map((output): ScanRow => [info.id, 'output', output.modelId, output.step]),
    ]),
  loggedModels: ({ models }) =>
    [...models.values()].map(({ model }) => [
      model.id,
      model.experimentId,
      model.name,
      model.modelType,
      orNull(model.sourceRunId),
      model.status,
      model.createdAt,
      model.updatedAt,
      orNull(model.deletedAt),
    ]),
  artifacts: ({ artifacts }) =>
    [...artifacts].flatMap(([owner, rows]) => {
      const [kind = '', id = ''] = owner.split('/');
      return [...rows.values()].map(({ path, digest, bytes }) => [kind, id, path, digest, bytes]);
    }),
  traces: ({ traces }) =>
    [...traces.values()].map(({ info }) => [
      info.id,
      info.experimentId,
      info.requestTime,
      info.state,
      orNull(info.durationMs),
      orNull(info.name),
    ]),
};

export function memoryTableSource(state: () => TrackingState): TableSource {
  return {
    async *scan(table) {
      const rows = ROWS[table](state());
      for (let at = 0; at < rows.length; at += BATCH) yield rows.slice(at, at + BATCH);
    },
  };
}
