/** pipeline_run.succeeded → the model is judged against the champion on the same data, and registered with the verdict. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { judge, type Metrics, readMetrics, readScores, type Side } from '../../domain/judging.ts';
import type { PipelineRun, PlannedStep, StepRun } from '../../domain/pipelines.ts';
import type { ModelSpec, ProjectSpec } from '../../domain/project.ts';
import type { ModelSignature, VersionLineage } from '../../domain/registry.ts';
import { appendOnce } from '../append-once.ts';
import type { Reaction } from '../dispatcher.ts';
import { type LoopDeps, systemContext } from './deps.ts';
import { followAlias } from './follow-alias.ts';
import { championOf } from './start-pipeline.ts';

interface Outputs {
  digest(name: string, twin: boolean): string | undefined;
  text(name: string, twin: boolean): Promise<string | undefined>;
}

function outputsOf(deps: LoopDeps, steps: readonly StepRun[]): Outputs {
  const digest = (name: string, twin: boolean): string | undefined =>
    steps
      .filter((step) => step.step.endsWith('@champion') === twin)
      .flatMap((step) => step.outputs)
      .find((output) => output.name === name)?.digest;
  return {
    digest,
    async text(name, twin) {
      const found = digest(name, twin);
      return found === undefined ? undefined : new TextDecoder().decode(await deps.artifacts.bytes(found));
    },
  };
}

async function sideOf(outputs: Outputs, model: ModelSpec, twin: boolean): Promise<Side | undefined> {
  const metrics = await outputs.text(model.metrics, twin);
  if (metrics === undefined) return undefined;
  const scores = model.scores === undefined ? undefined : await outputs.text(model.scores, twin);
  return {
    metrics: readMetrics(metrics, model.metrics),
    ...(scores === undefined || model.scores === undefined ? {} : { scores: readScores(scores, model.scores) }),
  };
}

interface Parity {
  readonly rows: number;
  readonly max_abs_diff: number;
  readonly inputs?: readonly { readonly name: string; readonly type: string }[];
  /** Rows with answers that a data plane must see repeated: see modules/serving/golden. */
  readonly golden?: unknown;
}

/** The report of the built-in export step, if the pipeline has one. */
async function parityOf(outputs: Outputs, steps: readonly PlannedStep[]): Promise<Parity | undefined> {
  const report = steps.find((step) => step.kind === 'onnx')?.outputs.find((name) => name.endsWith('.json'));
  const text = report === undefined ? undefined : await outputs.text(report, false);
  return text === undefined ? undefined : (JSON.parse(text) as Parity);
}

function signatureOf(parity: Parity | undefined): ModelSignature | undefined {
  if (parity?.inputs === undefined) return undefined;
  const datatype = (type: string): string =>
    /string/i.test(type) ? 'BYTES' : /int64/i.test(type) ? 'INT64' : /double/i.test(type) ? 'FP64' : 'FP32';
  return {
    inputs: parity.inputs.map((input) => ({ name: input.name, datatype: datatype(input.type), shape: [-1, 1] })),
    outputs: [],
  };
}

/** Profile of the model's training inputs: what drift is measured against. The sample is the export step's second input. */
async function referenceOf(
  deps: LoopDeps,
  outputs: Outputs,
  steps: readonly PlannedStep[],
): Promise<string | undefined> {
  const sample = steps.find((step) => step.kind === 'onnx')?.inputs[1]?.name;
  const digest = sample === undefined ? undefined : outputs.digest(sample, false);
  if (sample === undefined || digest === undefined) return undefined;
  const folder = await mkdtemp(join(deps.scratch, 'reference-'));
  try {
    const path = join(folder, `sample${/\.[a-z]+$/.exec(sample)?.[0] ?? '.parquet'}`);
    await deps.artifacts.materialize(digest, path);
    const { profile } = await deps.analytics.summarize([path]);
    return (await deps.artifacts.put(new TextEncoder().encode(JSON.stringify(profile)))).digest;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function lineageOf(
  deps: LoopDeps,
  spec: ProjectSpec,
  run: PipelineRun,
  steps: readonly StepRun[],
  artifactDigest: string,
  artifactName: string,
): Promise<VersionLineage> {
  const outputs = outputsOf(deps, steps);
  const parity = await parityOf(outputs, run.steps);
  const signature = signatureOf(parity);
  const golden =
    parity?.golden === undefined
      ? undefined
      : await deps.artifacts.put(new TextEncoder().encode(JSON.stringify(parity.golden)));
  const referenceDigest = await referenceOf(deps, outputs, run.steps);
  const params = Object.assign(
    {},
    ...run.steps.filter((step) => !step.name.endsWith('@champion')).map((step) => step.params),
  ) as VersionLineage['params'];
  return {
    project: spec.project,
    pipelineRunId: run.id,
    artifactDigest,
    artifactName,
    datasetVersionIds: steps.flatMap((step) => (step.datasetVersionId === undefined ? [] : [step.datasetVersionId])),
    codeDigest: run.codeDigest,
    params,
    ...(run.environmentId === undefined ? {} : { environmentId: run.environmentId }),
    ...(run.commit === undefined ? {} : { commit: run.commit }),
    ...(signature === undefined ? {} : { signature }),
    ...(referenceDigest === undefined ? {} : { referenceDigest }),
    ...(golden === undefined ? {} : { goldenDigest: golden.digest }),
    ...(parity === undefined ? {} : { parity: { maxAbsDiff: parity.max_abs_diff, rows: parity.rows } }),
  };
}

export function judgeModel(deps: LoopDeps): Reaction {
  const { store, projects, registry, ids, clock } = deps;
  return {
    name: 'judge-model',
    types: ['pipeline_run.succeeded'],
    async handle(event, signal) {
      if (event.type !== 'pipeline_run.succeeded') return;
      const run = await store.pipelineRuns.get(event.data.runId);
      const { spec } = await projects.get(event.project);
      const { model } = spec;
      if (run === undefined || model === undefined) return;
      const steps = await store.stepRuns.find({ where: { pipelineRunId: run.id }, limit: 1000 });
      const outputs = outputsOf(deps, steps);
      const artifactDigest = outputs.digest(model.artifact, false);
      const candidate = await sideOf(outputs, model, false);
      if (artifactDigest === undefined || candidate === undefined) return;

      const known = await store.versions.find({ where: { model: model.name }, limit: 1000 });
      // Idempotent by run: a repeated event finds its version.
      if (known.some((version) => version.lineage?.pipelineRunId === run.id)) return;
      const champion = await championOf(store, model.name);
      const same = known.find(
        (version) => version.lineage?.artifactDigest === artifactDigest && version.deletedAt === undefined,
      );
      // The same bytes were judged before: no new judgement, unless other gates are asked of them now.
      const gates = model.gates.map((gate) => gate.text).join('\n');
      const judged = same?.gates.map((gate) => gate.text).join('\n') === gates;
      if (same !== undefined && (same.id === champion?.id || judged)) {
        await appendOnce(store.events, {
          id: `${event.id}-same`,
          type: 'model.unchanged',
          at: clock.now(),
          project: event.project,
          actor: 'system',
          cause: event.id,
          data: { runId: run.id, model: model.name, version: same.number },
        });
        return;
      }
      const lineage = await lineageOf(deps, spec, run, steps, artifactDigest, model.artifact);
      const extra: Metrics =
        lineage.parity === undefined
          ? {}
          : { 'parity.max_abs_diff': { value: lineage.parity.maxAbsDiff, n: lineage.parity.rows } };
      // A champion that was not measured (no step that takes the model makes the metrics) is unknown, which is not "no champion yet".
      const twin = champion === undefined ? undefined : ((await sideOf(outputs, model, true)) ?? { metrics: {} });
      const judgement = judge({ gates: model.gates, candidate, champion: twin, extra, subject: run.id });
      const ctx = systemContext(deps, signal, event);
      await registry.ensureModel(ctx, model.name);
      const version = await registry.createVersion(ctx, {
        model: model.name,
        source: `runs:/${run.trackingRunId}/${model.artifact}`,
        runId: run.trackingRunId,
        description: judgement.reason,
        metrics: judgement.metrics,
        championMetrics: judgement.championMetrics,
        gates: judgement.gates,
        verdict: judgement.verdict,
        reason: judgement.reason,
        lineage,
        project: event.project,
        pipelineRunId: run.id,
        eventId: ids.next('evt'),
        ...(champion === undefined ? {} : { championVersion: champion.number }),
      });
      await followAlias(deps, ctx, { model: model.name, alias: 'challenger', version: version.number });
    },
  };
}
