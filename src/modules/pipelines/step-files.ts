/** What a step gets: its files, its variables, and the digests that its cache key is made of. */
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { DatasetVersion } from '../../domain/datasets.ts';
import type { Environment } from '../../domain/environments.ts';
import { MillwrightError } from '../../domain/errors.ts';
import type { PipelineRun, PlannedStep } from '../../domain/pipelines.ts';
import type { PipelineDeps } from './deps.ts';
import { ENVIRONMENT_STEP, EXPORT_PROGRAM, isTwin } from './plan.ts';
import { stepRunsOf } from './transitions.ts';

const PROJECT_FILE = 'millwright.yaml';

interface LaidFile {
  readonly path: string;
  readonly digest: string;
}

export interface StepFiles {
  readonly files: readonly LaidFile[];
  /** Of the code that the step gets. */
  readonly codeDigest: string;
  /** Input name -> digest, substitutes included. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly environment: Environment;
  readonly programDigest?: string | undefined;
}

function gone(what: string, run: PipelineRun): MillwrightError {
  return new MillwrightError('MW-NOT-FOUND', `${what} of run ${run.id} is no longer in the store`, {
    next: 'start the pipeline again: mw run',
  });
}

function isLaidFile(value: unknown): value is LaidFile {
  if (typeof value !== 'object' || value === null || !('path' in value) || !('digest' in value)) return false;
  return typeof value.path === 'string' && typeof value.digest === 'string';
}

async function codeFiles(deps: PipelineDeps, run: PipelineRun): Promise<readonly LaidFile[]> {
  if (run.codeManifest === undefined) throw gone('the list of code files', run);
  const bytes = await deps.artifacts.bytes(run.codeManifest);
  const files: unknown = JSON.parse(new TextDecoder().decode(bytes));
  return Array.isArray(files) ? files.filter(isLaidFile) : [];
}

/** The steps that a step takes from, and those that they take from. */
function ancestors(run: PipelineRun, step: PlannedStep): ReadonlySet<string> {
  const found = new Set<string>();
  const waiting = [step];
  for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
    for (const { from } of one.inputs) {
      if (found.has(from)) continue;
      found.add(from);
      const before = run.steps.find((other) => other.name === from);
      if (before !== undefined) waiting.push(before);
    }
  }
  return found;
}

/**
 * The code alone. The project file (its commands and params are parts of the key by themselves), data, and results that were
 * left in the project are no code: laid out they would be inputs that nobody declared, and a change of them would
 * make every step run again.
 */
async function codeOnly(
  deps: PipelineDeps,
  run: PipelineRun,
  dataFiles: ReadonlySet<string>,
): Promise<readonly LaidFile[]> {
  const made = new Set(run.steps.flatMap((one) => (one.kind === 'data' ? [] : one.outputs)));
  const files = await codeFiles(deps, run);
  return files.filter(({ path }) => path !== PROJECT_FILE && !made.has(path) && !dataFiles.has(path));
}

function digestOf(files: readonly LaidFile[]): string {
  const hash = createHash('sha256');
  for (const path of files.map((file) => `${file.path}\0${file.digest}\n`).sort()) hash.update(path);
  return `sha256:${hash.digest('hex')}`;
}

/** Reads tables and blobs only. Throws MW-NOT-FOUND when something that was made is gone. */
export async function collectFiles(deps: PipelineDeps, run: PipelineRun, step: PlannedStep): Promise<StepFiles> {
  const steps = await stepRunsOf(deps.store, run.id);
  const before = ancestors(run, step);
  const versions = new Map<string, DatasetVersion>();
  for (const made of steps.values()) {
    if (made.kind !== 'data' || !before.has(made.step)) continue;
    const version = await deps.store.datasetVersions.get(made.datasetVersionId ?? '');
    if (version === undefined) throw gone(`the dataset of ${made.step}`, run);
    versions.set(made.step, version);
  }
  const dataFiles = new Set([...versions.values()].flatMap((version) => version.files.map((file) => file.path)));
  const code = await codeOnly(deps, run, dataFiles);
  const laid = new Map(code.map((file) => [file.path, file.digest]));
  const inputs: Record<string, string> = {};
  for (const { name, from } of step.inputs) {
    if (from === ENVIRONMENT_STEP) continue;
    const made = steps.get(from);
    const version = versions.get(from);
    if (version !== undefined) {
      inputs[name] = version.digest;
      for (const file of version.files) laid.set(file.path, file.digest);
      continue;
    }
    const output = made?.outputs.find((one) => one.name === name);
    if (output === undefined) throw gone(`the input ${name}`, run);
    inputs[name] = output.digest;
    laid.set(name, output.digest);
  }
  for (const [name, digest] of Object.entries(step.substitute ?? {})) {
    inputs[name] = digest;
    laid.set(name, digest);
  }
  let programDigest: string | undefined;
  if (step.kind === 'onnx') {
    programDigest = (await deps.artifacts.putFile(join(deps.python, 'export_onnx.py'))).digest;
    laid.set(EXPORT_PROGRAM, programDigest);
  }
  const environment = await deps.store.environments.get(run.environmentId ?? '');
  if (environment === undefined) throw gone('the environment', run);
  const files = [...laid].map(([path, digest]) => ({ path, digest }));
  return { files, codeDigest: digestOf(code), inputs, environment, programDigest };
}

/** The variables of a step: the contract with the user's program, see docs/guide. */
export function stepVariables(
  deps: PipelineDeps,
  run: PipelineRun,
  step: PlannedStep,
  environment: Environment,
): Readonly<Record<string, string>> {
  const params: Record<string, string> = {};
  for (const [name, value] of Object.entries(step.params)) {
    params[`MW_PARAM_${name.toUpperCase().replace(/\W/g, '_')}`] = String(value);
  }
  const bin = dirname(environment.interpreter);
  const token = deps.trackingToken?.();
  return {
    // Without it a Python program keeps its lines back until it ends, and the live log stays empty.
    PYTHONUNBUFFERED: '1',
    // Sets of text in the same order every time: equal inputs should make equal files.
    PYTHONHASHSEED: '0',
    ...deps.env,
    ...params,
    PATH: deps.env['PATH'] === undefined ? bin : `${bin}:${deps.env['PATH']}`,
    MLFLOW_TRACKING_URI: deps.trackingUri(),
    MLFLOW_RUN_ID: (isTwin(step.name) ? run.championRunId : undefined) ?? run.trackingRunId,
    MLFLOW_EXPERIMENT_NAME: run.project,
    MW_PROJECT: run.project,
    MW_RUN: run.id,
    MW_STEP: step.name,
    MW_PARAMS: JSON.stringify(step.params),
    ...(token === undefined ? {} : { MLFLOW_TRACKING_TOKEN: token }),
  };
}
