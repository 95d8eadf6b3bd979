/**
 * Brings another tracking server over, whole: experiments by name, runs and logged models by their own ids, every point of every
 * metric, files into the content-addressed store, models with their version numbers and aliases. Doing it again brings what is new
 * and repeats nothing.
 */
import { MillwrightError } from '../../domain/errors.ts';
import type { ModelVersion } from '../../domain/registry.ts';
import type { Experiment, Metric } from '../../domain/tracking.ts';
import type { ArtifactStore } from '../../ports/artifact-store.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import type { SourceModel, SourceVersion, TrackingSource } from '../../ports/tracking-source.ts';
import { type Copied, IMPORTED_TAG, importLoggedModel, importRun, locationOf, type Place } from './import-runs.ts';
import { importTrace } from './import-traces.ts';

export interface ImportCount {
  /** What the source has. */
  found: number;
  /** Written now. */
  imported: number;
  /** Were here already. */
  present: number;
}

export interface ImportReport {
  readonly source: string;
  readonly counts: Readonly<
    Record<'experiments' | 'runs' | 'logged models' | 'traces' | 'models' | 'versions' | 'aliases', ImportCount>
  >;
  readonly points: number;
  readonly files: number;
  readonly bytes: number;
  /** What is not here as it was there, at most 1,000; empty is what one wants. */
  readonly differences: readonly string[];
}

export interface ImportOptions {
  /** Only these experiments, by name. */
  readonly experiments?: readonly string[];
  readonly progress: (done: { readonly runs: number; readonly points: number; readonly label: string }) => void;
  readonly signal: AbortSignal;
}

const MAX_DIFFERENCES = 1_000;
/** What another server says may be anything; a thing that cannot be here is told of, and the others come. */
const REFUSALS: ReadonlySet<string> = new Set(['MW-INVALID', 'MW-PATH']);
const MODEL_NAME = /^[^/:\p{Cc}]{1,256}$/u;

function stopIf(signal: AbortSignal): void {
  if (signal.aborted) {
    throw new MillwrightError('MW-CANCELLED', 'the import was stopped; what is there is whole', {
      next: 'start it again to go on',
    });
  }
}

export interface Importer {
  /** Throws MW-CANCELLED between two runs or traces when `signal` fires. */
  importFrom(source: TrackingSource, options: ImportOptions): Promise<ImportReport>;
}

export function createImporter(store: MetadataStore, artifacts: ArtifactStore): Importer {
  return {
    async importFrom(source, options) {
      const count = (): ImportCount => ({ found: 0, imported: 0, present: 0 });
      const counts = {
        experiments: count(),
        runs: count(),
        'logged models': count(),
        traces: count(),
        models: count(),
        versions: count(),
        aliases: count(),
      };
      const sums = { points: 0, files: 0, bytes: 0 };
      const differences: string[] = [];
      const differs = (text: string): void => {
        if (differences.length < MAX_DIFFERENCES) differences.push(text);
      };
      const place: Place = {
        store,
        artifacts,
        source,
        unreachable: (owner, error) =>
          differs(`files of ${owner.kind} ${owner.id}: ${error instanceof Error ? error.message : 'not readable'}`),
      };
      const add = (what: string, copied: Copied): void => {
        sums.points += copied.points;
        sums.files += copied.files;
        sums.bytes += copied.bytes;
        for (const text of copied.differences) differs(`${what}: ${text}`);
      };

      /** False when the thing was refused for what it is. */
      async function brought(what: string, work: () => Promise<Copied>): Promise<boolean> {
        try {
          add(what, await work());
          return true;
        } catch (error) {
          if (!(error instanceof MillwrightError) || !REFUSALS.has(error.code)) throw error;
          differs(`${what.slice(0, 300)} cannot be here: ${error.message}`);
          return false;
        }
      }

      async function importExperiment(theirs: string, { id, lifecycle }: Experiment): Promise<void> {
        const modelMetrics: Metric[] = [];
        for await (const model of source.loggedModels(theirs)) {
          counts['logged models'].found += 1;
          modelMetrics.push(...model.metrics);
          if ((await store.tracking.getLoggedModel(model.id)) !== undefined) {
            counts['logged models'].present += 1;
            continue;
          }
          if (await brought(`logged model ${model.id}`, () => importLoggedModel(place, model, id)))
            counts['logged models'].imported += 1;
        }
        for await (const run of source.runs(theirs)) {
          stopIf(options.signal);
          counts.runs.found += 1;
          const known = await store.tracking.getRun(run.info.id);
          if (known?.tags.some((tag) => tag.key === IMPORTED_TAG) === true) {
            counts.runs.present += 1;
          } else if (known !== undefined && known.info.startTime !== run.info.startTime) {
            differs(`run ${run.info.id}: another run of this id is here`);
          } else if (lifecycle === 'deleted') {
            differs(`run ${run.info.id}: its experiment is deleted here: restore it first`);
          } else {
            const whole = await brought(`run ${run.info.id}`, () => importRun(place, run, id));
            if (whole) counts.runs.imported += 1;
          }
          options.progress({ runs: counts.runs.found, points: sums.points, label: run.info.name });
        }
        await logModelMetrics(modelMetrics);
        for await (const trace of source.traces(theirs)) {
          stopIf(options.signal);
          counts.traces.found += 1;
          const known = await store.tracking.getTrace(trace.info.id);
          if (known?.tags[IMPORTED_TAG] !== undefined) counts.traces.present += 1;
          else if (lifecycle === 'deleted') {
            differs(`trace ${trace.info.id}: its experiment is deleted here: restore it first`);
          } else if (known !== undefined && known.requestTime !== trace.info.requestTime) {
            differs(`trace ${trace.info.id}: another trace of this id is here`);
          } else {
            const whole = await brought(`trace ${trace.info.id}`, () => importTrace(place, trace, id));
            if (whole) counts.traces.imported += 1;
          }
          options.progress({ runs: counts.runs.found, points: sums.points, label: trace.info.id });
        }
      }

      /** Metrics of logged models name their run, so they wait until the runs are there. */
      async function logModelMetrics(metrics: readonly Metric[]): Promise<void> {
        for (const [runId, own] of Map.groupBy(metrics, (metric) => metric.runId ?? '')) {
          const info = runId === '' ? undefined : await store.tracking.getRunInfo(runId);
          if (info?.lifecycle === 'active') await store.tracking.logBatch(runId, { metrics: own });
        }
      }

      async function importModel(model: SourceModel): Promise<void> {
        counts.models.found += 1;
        const versions: SourceVersion[] = [];
        if (!MODEL_NAME.test(model.id))
          return differs(`model ${JSON.stringify(model.id.slice(0, 100))}: no name of a model`);
        for await (const version of source.versions(model.id)) {
          if (version.number >= 1) versions.push(version);
          else differs(`a version of ${model.id} has no number`);
        }
        const here = await store.models.get(model.id);
        counts.models[here === undefined ? 'imported' : 'present'] += 1;
        await store.transaction(async (tx) => {
          if ((await tx.models.get(model.id)) === undefined) {
            await tx.models.insert({ ...model, aliases: {}, lastVersion: 0 });
          }
          for (const version of versions) {
            counts.versions.found += 1;
            const id = `${model.id}/${version.number}`;
            if ((await tx.versions.get(id)) !== undefined) {
              counts.versions.present += 1;
              continue;
            }
            const located = await locationOf(tx, version);
            if (located === undefined) differs(`version ${id}: its files (${version.source}) are not here`);
            await tx.versions.insert(versionOf(model.id, version, located));
            counts.versions.imported += 1;
          }
          await tx.models.update(model.id, (found) => ({
            ...found,
            lastVersion: Math.max(found.lastVersion, ...versions.map((version) => version.number)),
            // An alias that was moved here since stays where it is.
            aliases: { ...model.aliases, ...found.aliases },
          }));
        });
        const aliases = Object.keys(model.aliases).length;
        counts.aliases.found += aliases;
        counts.aliases[here === undefined ? 'imported' : 'present'] += aliases;
      }

      for await (const experiment of source.experiments()) {
        if (options.experiments !== undefined && !options.experiments.includes(experiment.name)) continue;
        counts.experiments.found += 1;
        const known = await store.tracking.getExperimentByName(experiment.name);
        counts.experiments[known === undefined ? 'imported' : 'present'] += 1;
        const { id: theirs, lifecycle, ...rest } = experiment;
        const target = known ?? (await store.tracking.createExperiment({ ...rest, lifecycle: 'active' }));
        // Deleted there and here: an earlier import ended with it.
        if (target.lifecycle === 'deleted' && lifecycle === 'active') {
          differs(`experiment "${experiment.name}" is deleted here: restore it first`);
          continue;
        }
        await importExperiment(theirs, target);
        if (lifecycle === 'deleted' && target.lifecycle === 'active') {
          await store.tracking.updateExperiment(target.id, { lifecycle, updatedAt: experiment.updatedAt });
        }
      }
      if (options.experiments === undefined) for await (const model of source.models()) await importModel(model);
      return { source: source.name, counts, ...sums, differences };
    },
  };
}

function versionOf(
  model: string,
  version: SourceVersion,
  located: Awaited<ReturnType<typeof locationOf>>,
): ModelVersion {
  const { runId, runLink, userId, description, statusMessage } = version;
  return {
    id: `${model}/${version.number}`,
    createdAt: version.createdAt,
    updatedAt: version.updatedAt,
    model,
    number: version.number,
    status:
      version.status === 'FAILED_REGISTRATION' || version.status === 'PENDING_REGISTRATION' ? version.status : 'READY',
    stage: version.stage,
    source: located?.source ?? version.source,
    ...(located === undefined ? {} : { location: located.location }),
    ...(located?.modelId === undefined ? {} : { modelId: located.modelId }),
    ...(runId === undefined ? {} : { runId }),
    ...(runLink === undefined ? {} : { runLink }),
    ...(userId === undefined ? {} : { userId }),
    ...(description === undefined ? {} : { description }),
    ...(statusMessage === undefined ? {} : { statusMessage }),
    tags: version.tags,
    metrics: {},
    championMetrics: {},
    gates: [],
    verdict: 'unjudged',
  };
}
