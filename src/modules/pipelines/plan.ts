/** A project's file into the DAG of one run. Pure: the same file, champion and settings always give the same steps. */
import { MillwrightError } from '../../domain/errors.ts';
import type { PlannedStep } from '../../domain/pipelines.ts';
import type { ProjectSpec, StepSpec } from '../../domain/project.ts';
import { fillWords, splitWords } from './words.ts';

/** The accepted model of now, which a new one is judged against on the same data. */
export interface Champion {
  readonly version: number;
  /** Blob digest of the model file. */
  readonly artifactDigest: string;
  readonly artifactName: string;
}

export type ParamValue = string | number | boolean;

export interface PlanOptions {
  readonly champion?: Champion | undefined;
  /** `step.param` -> value, in place of the file's. */
  readonly set?: Readonly<Record<string, ParamValue>> | undefined;
}

export const ENVIRONMENT_STEP = 'environment';
/** Where the built-in export program is laid in the working folder; `python/export_onnx.py` of the package. */
export const EXPORT_PROGRAM = '.mw/export_onnx.py';
const TWIN = '@champion';
const BUILTIN_TIMEOUT_MS = 60 * 60_000;

/** Whether a step judges the champion: its failure is a finding of the gate, not a failure of the run. */
export const isTwin = (step: string): boolean => step.endsWith(TWIN);

function invalid(message: string, where: string, next: string): MillwrightError {
  return new MillwrightError('MW-CONFIG-VALUE', message, { where, next });
}

/** A text given on the command line becomes what the file has there. */
function likeFile(given: ParamValue, file: ParamValue, name: string): ParamValue {
  if (typeof given === typeof file) return given;
  const text = String(given);
  if (typeof file === 'string') return text;
  if (typeof file === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  if (typeof file === 'number' && text.trim() !== '' && Number.isFinite(Number(text))) return Number(text);
  throw new MillwrightError('MW-INVALID', `${name}: ${JSON.stringify(given)} is not a ${typeof file}`, {
    where: name,
    next: `the file has ${name} = ${String(file)}`,
  });
}

function paramsWith(
  spec: ProjectSpec,
  set: Readonly<Record<string, ParamValue>>,
): ReadonlyMap<string, Readonly<Record<string, ParamValue>>> {
  const params = new Map(Object.entries(spec.pipeline).map(([name, step]) => [name, { ...step.params }]));
  for (const [key, value] of Object.entries(set)) {
    // Step names may hold dots, param names may not.
    const step = params.get(key.slice(0, Math.max(0, key.lastIndexOf('.'))));
    const name = key.slice(key.lastIndexOf('.') + 1);
    const file = step !== undefined && Object.hasOwn(step, name) ? step[name] : undefined;
    if (step === undefined || file === undefined) {
      const known = [...params].flatMap(([one, values]) => Object.keys(values).map((param) => `${one}.${param}`));
      throw new MillwrightError('MW-INVALID', `"${key}" is not a param of the pipeline`, {
        where: key,
        next: `known: ${known.join(', ') || 'none'}`,
      });
    }
    step[name] = likeFile(value, file, key);
  }
  return params;
}

function makersOf(spec: ProjectSpec): ReadonlyMap<string, string> {
  const makers = new Map<string, string>();
  for (const [name, step] of Object.entries(spec.pipeline)) {
    for (const file of step.out) {
      const other = makers.get(file);
      if (other !== undefined) {
        throw invalid(
          `"${file}" is made by both "${other}" and "${name}"`,
          `pipeline.${name}.out`,
          'rename one of them',
        );
      }
      makers.set(file, name);
    }
  }
  return makers;
}

function inputsOf(
  name: string,
  step: StepSpec,
  spec: ProjectSpec,
  makers: ReadonlyMap<string, string>,
): PlannedStep['inputs'] {
  return step.in.map((input) => {
    if (Object.hasOwn(spec.datasets, input)) return { name: input, from: `data:${input}` };
    const maker = makers.get(input);
    if (maker !== undefined) return { name: input, from: maker };
    throw invalid(
      `step "${name}" takes "${input}", which no step makes and no dataset is called`,
      `pipeline.${name}.in`,
      `known: ${[...Object.keys(spec.datasets), ...makers.keys()].join(', ') || 'nothing'}`,
    );
  });
}

function argvOf(name: string, step: StepSpec, params: Readonly<Record<string, ParamValue>>): readonly string[] {
  if (step.uses === undefined) return fillWords(splitWords(step.run ?? ''), params, name);
  const [model, sample] = step.in;
  const [onnx, parity] = step.out;
  if (model === undefined || sample === undefined || onnx === undefined || parity === undefined) {
    throw invalid(
      `step "${name}" uses onnx, which needs two inputs and two outputs`,
      `pipeline.${name}`,
      'write in: [model.joblib, sample.parquet] and out: [model.onnx, parity.json]',
    );
  }
  return ['python', EXPORT_PROGRAM, model, sample, onnx, parity];
}

/** The champion's model in the place of the new one, everything else the same. */
function twinsOf(spec: ProjectSpec, steps: readonly PlannedStep[], champion: Champion): readonly PlannedStep[] {
  const { model } = spec;
  if (model === undefined) return [];
  const judged = new Set([model.metrics, ...(model.scores === undefined ? [] : [model.scores])]);
  const takes = (step: PlannedStep): boolean => step.inputs.some((input) => input.name === model.artifact);
  return steps
    .filter((step) => takes(step) && step.outputs.some((output) => judged.has(output)))
    .map((step) => ({
      ...step,
      name: `${step.name}${TWIN}`,
      inputs: step.inputs.filter((input) => input.name !== model.artifact),
      substitute: { [model.artifact]: champion.artifactDigest },
    }));
}

/** Every step after those it takes from; otherwise in the order of the file. Throws MW-CONFIG-CYCLE. */
function inOrder(steps: readonly PlannedStep[]): readonly PlannedStep[] {
  const ordered: PlannedStep[] = [];
  const done = new Set<string>();
  let waiting = steps;
  while (waiting.length > 0) {
    const ready = waiting.filter((step) => step.inputs.every((input) => done.has(input.from)));
    if (ready.length === 0) {
      const names = waiting.map((step) => step.name);
      throw new MillwrightError('MW-CONFIG-CYCLE', `these steps wait for each other: ${names.join(', ')}`, {
        where: `pipeline.${names[0]}.in`,
        next: 'remove one of the inputs',
      });
    }
    for (const step of ready) done.add(step.name);
    ordered.push(...ready);
    waiting = waiting.filter((step) => !done.has(step.name));
  }
  return ordered;
}

/** Throws MW-CONFIG-VALUE, MW-CONFIG-CYCLE, MW-INVALID (a setting that is no param). */
export function planRun(spec: ProjectSpec, options: PlanOptions = {}): readonly PlannedStep[] {
  const taken = Object.hasOwn(spec.pipeline, ENVIRONMENT_STEP);
  if (taken) {
    throw invalid(`a step cannot be called "${ENVIRONMENT_STEP}"`, `pipeline.${ENVIRONMENT_STEP}`, 'rename the step');
  }
  const makers = makersOf(spec);
  const params = paramsWith(spec, options.set ?? {});
  const environment: PlannedStep = {
    name: ENVIRONMENT_STEP,
    kind: 'environment',
    argv: [],
    inputs: [],
    outputs: [],
    params: {},
    timeoutMs: BUILTIN_TIMEOUT_MS,
    retries: 0,
    environment: spec.environment,
  };
  const user = Object.entries(spec.pipeline).map(([name, step]): PlannedStep => {
    const values = params.get(name) ?? {};
    return {
      name,
      kind: step.uses ?? 'command',
      argv: argvOf(name, step, values),
      inputs: [...inputsOf(name, step, spec, makers), { name: ENVIRONMENT_STEP, from: ENVIRONMENT_STEP }],
      outputs: step.out,
      params: values,
      timeoutMs: step.timeoutMs,
      retries: step.retries,
    };
  });
  const used = new Set(Object.values(spec.pipeline).flatMap((step) => step.in));
  const data = Object.entries(spec.datasets)
    .filter(([name]) => used.has(name))
    .map(
      ([name, dataset]): PlannedStep => ({
        name: `data:${name}`,
        kind: 'data',
        argv: [],
        inputs: [],
        outputs: [name],
        params: {},
        timeoutMs: BUILTIN_TIMEOUT_MS,
        retries: 0,
        dataset,
      }),
    );
  const twins = options.champion === undefined ? [] : twinsOf(spec, user, options.champion);
  return inOrder([...data, environment, ...user, ...twins]);
}
