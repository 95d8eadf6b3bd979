/** Proto3 JSON as MLflow's clients send it: int64 as number or text, null for absent, NaN as text, one value for a list of one. */
import { z } from 'zod';
import { invalidValue, missingValue } from '../../modules/tracking/index.ts';

/** `null` is proto3's word for absent. */
export const optional = <S extends z.ZodType>(schema: S) => schema.nullish().transform((value) => value ?? undefined);

export const text = optional(z.string());
/** Required and not empty: proto3 cannot tell an absent string from an empty one. */
export const required = z.string().min(1);

/** What a double holds exactly: a row with a larger number could be written and never be read again. */
const integer = z.union([
  z.number().int(),
  z
    .string()
    .regex(/^-?\d{1,16}$/)
    .transform(Number)
    .refine(Number.isSafeInteger),
]);
export const int = optional(integer);
export const requiredInt = integer;

/** A double: JSON number, or text such as `NaN`, `Infinity`, `0.5`. Booleans are refused. */
export const double = z.union([
  z.number(),
  z
    .string()
    .regex(/^(?:NaN|-?Infinity|[-+]?(?:\d{1,400}\.?\d{0,400}|\.\d{1,400})(?:[eE][-+]?\d{1,4})?)$/)
    .transform(Number),
]);

export const flag = optional(
  z.union([z.boolean(), z.enum(['true', 'false', 'True', 'False']).transform((word) => word.toLowerCase() === 'true')]),
);

/** A repeated field; a query with one value carries no list. */
export const list = <S extends z.ZodType>(item: S) =>
  z.preprocess(
    (value) => (value === undefined || value === null ? [] : Array.isArray(value) ? value : [value]),
    z.array(item),
  );

/** A repeated message, which only comes in a body. */
export const messages = <S extends z.ZodType>(item: S) =>
  z
    .array(item)
    .nullish()
    .transform((value) => value ?? []);

export const entry = z.object({
  key: required,
  value: z
    .string()
    .nullish()
    .transform((value) => value ?? ''),
});

export const viewType = optional(z.enum(['ACTIVE_ONLY', 'DELETED_ONLY', 'ALL']));

/** `metrics[3].name`, as MLflow writes paths. */
function pathOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text_, part) => {
    if (typeof part === 'number') return `${text_}[${part}]`;
    return text_ === '' ? String(part) : `${text_}.${String(part)}`;
  }, '');
}

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  let value = raw;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = new Map<PropertyKey, unknown>(Object.entries(value)).get(String(part));
  }
  return value;
}

/** A JSON value's type as Python calls it: MLflow's texts name it. */
function pythonType(value: unknown): string {
  if (Array.isArray(value)) return 'list';
  switch (typeof value) {
    case 'string':
      return 'str';
    case 'number':
      return Number.isInteger(value) ? 'int' : 'float';
    case 'boolean':
      return 'bool';
    default:
      return 'dict';
  }
}

/** Throws MW-INVALID with MLflow's texts: missing or invalid, and where. */
export function parseInput<S extends z.ZodType>(schema: S, raw: unknown): z.output<S> {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path ?? [];
  const value = valueAt(raw, path);
  const name = pathOf(path);
  if (value === undefined || value === null || value === '') throw missingValue(name === '' ? 'body' : name);
  throw invalidValue(
    name,
    value,
    ` Hint: Value was of type '${pythonType(value)}'. See the API docs for more information about request parameters.`,
  );
}
