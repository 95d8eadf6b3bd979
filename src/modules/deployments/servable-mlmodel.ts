/** Reads an MLmodel file, MLflow's description of a model folder, and what says which Python and packages it needs. Runs nothing of it. */
import { parse } from 'yaml';
import { z } from 'zod';
import { MillwrightError } from '../../domain/errors.ts';
import type { ModelSignature, ParamSpec, TensorSpec } from '../../domain/registry.ts';

const column = z.looseObject({
  type: z.string(),
  name: z.union([z.string(), z.number()]).nullish(),
  required: z.boolean().nullish(),
  'tensor-spec': z.looseObject({ dtype: z.string(), shape: z.array(z.number().int()).max(16) }).optional(),
});
const param = z.looseObject({
  name: z.string(),
  type: z.string().nullish(),
  dtype: z.string().nullish(),
  default: z.unknown().optional(),
  shape: z.array(z.number().int()).nullish(),
});
const columns = z.array(column).max(10_000);
/** JSON in YAML: MLflow writes its schemas as text. */
const jsonText = z.string().transform((text, ctx): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    ctx.addIssue('not JSON');
    return z.NEVER;
  }
});
const mlmodel = z.looseObject({
  flavors: z.record(z.string(), z.record(z.string(), z.unknown())),
  signature: z
    .looseObject({
      inputs: jsonText.pipe(columns).nullish(),
      outputs: jsonText.pipe(columns).nullish(),
      params: jsonText.pipe(z.array(param).max(1000)).nullish(),
    })
    .nullish(),
});

export interface Mlmodel {
  readonly flavors: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Absent: the model was logged without one. */
  readonly signature?: ModelSignature;
}

/** As python/mw_runner/mlflow_schema.py maps them: datetime is ISO 8601 text, binary base64, every nested type JSON text. */
const COLUMN_TYPES: Readonly<Record<string, string>> = {
  long: 'INT64',
  integer: 'INT32',
  double: 'FP64',
  float: 'FP32',
  boolean: 'BOOL',
};
const NUMPY_TYPES: Readonly<Record<string, string>> = {
  bool: 'BOOL',
  uint8: 'UINT8',
  uint16: 'UINT16',
  uint32: 'UINT32',
  uint64: 'UINT64',
  int8: 'INT8',
  int16: 'INT16',
  int32: 'INT32',
  int64: 'INT64',
  float16: 'FP32',
  float32: 'FP32',
  float64: 'FP64',
};

function tensorsOf(
  schema: z.infer<typeof columns>,
  prefix: string,
  columnShape: readonly number[],
): readonly TensorSpec[] {
  return schema.map((item, index) => {
    const name = item.name === null || item.name === undefined ? `${prefix}-${index}` : String(item.name);
    const tensor = item['tensor-spec'];
    if (tensor !== undefined) return { name, datatype: NUMPY_TYPES[tensor.dtype] ?? 'BYTES', shape: tensor.shape };
    return {
      name,
      datatype: COLUMN_TYPES[item.type] ?? 'BYTES',
      shape: columnShape,
      ...(item.required === false ? { optional: true } : {}),
      ...(item.type === 'datetime' || item.type === 'binary' ? { content: item.type } : {}),
    };
  });
}

function paramsOf(list: readonly z.infer<typeof param>[]): readonly ParamSpec[] {
  return list.map((item) => ({
    name: item.name,
    type: item.type ?? item.dtype ?? 'string',
    default: item.default ?? null,
    ...(item.shape === null || item.shape === undefined ? {} : { shape: item.shape }),
  }));
}

function broken(where: string, why: string): never {
  throw new MillwrightError('MW-STATE', `the model's ${where} cannot be read: ${why}`, {
    where,
    next: 'log the model again with mlflow.<flavour>.log_model',
  });
}

/** YAML with no tags and few aliases: it comes from whoever may log a model. */
function yamlOf(name: string, text: string): unknown {
  try {
    return parse(text, { maxAliasCount: 20, schema: 'core' });
  } catch (error) {
    return broken(name, error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
  }
}

/** Throws MW-STATE for a text that is no MLmodel file. */
export function readMlmodel(text: string): Mlmodel {
  const read = mlmodel.safeParse(yamlOf('MLmodel', text));
  if (!read.success) {
    const issue = read.error.issues[0];
    return broken('MLmodel', `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
  }
  const { flavors, signature } = read.data;
  const { inputs, outputs, params } = signature ?? {};
  if (!inputs && !outputs) return { flavors };
  return {
    flavors,
    signature: {
      inputs: tensorsOf(inputs ?? [], 'input', [-1, 1]),
      outputs: tensorsOf(outputs ?? [], 'output', [-1]),
      ...(params === null || params === undefined || params.length === 0 ? {} : { params: paramsOf(params) }),
    },
  };
}

export interface Requirements {
  /** A constraint such as `3.11`. */
  readonly python?: string;
  /** Lines of a requirements.txt. */
  readonly text: string;
}

const pythonEnv = z.looseObject({ python: z.union([z.string(), z.number()]).nullish() });
const condaEnv = z.looseObject({ dependencies: z.array(z.unknown()).nullish() });

/** Patch releases of Python take the same packages, and few machines have the very one: 3.11.7 asks for 3.11. */
function minor(version: string): string | undefined {
  return /^(\d+\.\d+)/.exec(version)?.[1];
}

function condaRequirements(text: string): Requirements {
  const read = condaEnv.safeParse(yamlOf('conda.yaml', text));
  const dependencies = read.success ? (read.data.dependencies ?? []) : [];
  const names = dependencies.filter((item): item is string => typeof item === 'string');
  const pip = dependencies.flatMap((item): unknown[] => {
    if (typeof item !== 'object' || item === null || !('pip' in item)) return [];
    return Array.isArray(item.pip) ? item.pip : [];
  });
  const python = names.map((name) => /^python\s*=+\s*([\d.]+)/.exec(name)?.[1]).find((found) => found !== undefined);
  const constraint = python === undefined ? undefined : minor(python);
  const lines = pip.filter((item): item is string => typeof item === 'string');
  return {
    text: lines.length === 0 ? '' : `${lines.join('\n')}\n`,
    ...(constraint === undefined ? {} : { python: constraint }),
  };
}

/** From the folder's files: requirements.txt with python_env.yaml, else the pip part of conda.yaml. Undefined: it names no packages. */
export function readRequirements(files: {
  readonly requirements: string | undefined;
  readonly pythonEnv: string | undefined;
  readonly conda: string | undefined;
}): Requirements | undefined {
  const conda = files.conda === undefined ? undefined : condaRequirements(files.conda);
  const env =
    files.pythonEnv === undefined ? undefined : pythonEnv.safeParse(yamlOf('python_env.yaml', files.pythonEnv));
  const named = env?.success === true && env.data.python ? minor(String(env.data.python)) : undefined;
  const python = named ?? conda?.python;
  const text = files.requirements ?? conda?.text;
  if (text === undefined || text.trim() === '') return undefined;
  return { text, ...(python === undefined ? {} : { python }) };
}
