/** OpenAPI 3.1 of one model, typed by its signature, with a row that can be sent as it stands. */
import type { Tensor } from '../../domain/tensors.ts';
import type { ModelSignature, TensorSpec } from '../../domain/registry.ts';
import { fieldOf, rowOf } from './fields.ts';
import type { Cell, Field, Row } from './fields.ts';

type Schema = Readonly<Record<string, unknown>>;

export interface DocumentedModel {
  readonly name: string;
  readonly version: number;
  readonly signature: ModelSignature;
  /** Rows to show; empty = made up. */
  readonly example: readonly Tensor[];
}

const FORMATS: Readonly<Record<string, Schema>> = {
  FP32: { type: 'number', format: 'float' },
  FP64: { type: 'number', format: 'double' },
  INT64: { type: 'integer', format: 'int64' },
  INT32: { type: 'integer', format: 'int32' },
  BOOL: { type: 'boolean' },
  BYTES: { type: 'string' },
};
const CONTENT: Readonly<Record<string, Schema>> = {
  datetime: { format: 'date-time' },
  binary: { contentEncoding: 'base64' },
};

function element(field: Field): Schema {
  const { datatype, content } = field;
  if (content !== undefined) return { type: 'string', ...CONTENT[content] };
  const known = FORMATS[datatype];
  if (known !== undefined) return known;
  return datatype.startsWith('U') ? { type: 'integer', minimum: 0 } : { type: 'integer' };
}

/** One row's part of a field. A missing number is null. */
function cell(field: Field): Schema {
  const base = element(field);
  const nullable = field.kind === 'number' && field.size.length === 0 ? { ...base, type: ['number', 'null'] } : base;
  return field.size.reduceRight<Schema>(
    (items, size) => ({ type: 'array', items, ...(size === -1 ? {} : { minItems: size, maxItems: size }) }),
    nullable,
  );
}

function rowSchema(fields: readonly Field[]): Schema {
  return {
    type: 'object',
    properties: Object.fromEntries(fields.map((field) => [field.name, cell(field)])),
    required: fields.filter((field) => !field.optional).map((field) => field.name),
  };
}

function tensorSchema(spec: TensorSpec): Schema {
  return {
    type: 'object',
    properties: {
      name: { const: spec.name },
      datatype: { const: spec.datatype },
      shape: {
        type: 'array',
        prefixItems: spec.shape.map((size) => (size === -1 ? { type: 'integer', minimum: 1 } : { const: size })),
      },
      data: { type: 'array', items: {} },
    },
    required: ['name', 'datatype', 'shape', 'data'],
  };
}

const flat = (value: Cell | undefined): readonly Cell[] =>
  Array.isArray(value) ? value.flatMap((one: Cell) => flat(one)) : [value ?? null];

function tensorExample(spec: TensorSpec, row: Row): Schema {
  const data = flat(row[spec.name]);
  return {
    name: spec.name,
    datatype: spec.datatype,
    shape: spec.shape.map((size, index) => (size !== -1 ? size : index === 0 ? 1 : data.length)),
    data,
  };
}

const body = (schema: Schema, example: unknown, more: Readonly<Record<string, unknown>> = {}) => ({
  required: true,
  content: { 'application/json': { schema, example }, ...more },
});

/** Ids of one call: row i of it is logged as `<id>/<i>`. */
const HEADERS = {
  'mw-prediction-id': {
    description: 'Row i is logged as <id>/<i>; send its outcome under that.',
    schema: { type: 'string' },
  },
  'mw-model-version': { schema: { type: 'string' } },
};

function responses(schema: Schema, error: string): Schema {
  const failed = (description: string) => ({
    description,
    content: { 'application/json': { schema: { $ref: `#/components/schemas/${error}` } } },
  });
  return {
    200: { description: 'The answer', headers: HEADERS, content: { 'application/json': { schema } } },
    400: failed('A tensor or a column is wrong; the text names it'),
    429: failed('Too many calls; see Retry-After'),
    503: failed('Not ready; see Retry-After'),
  };
}

/** What one row is answered with by the row protocols: the only output's value, or an object. */
function predictionSchema(outputs: readonly Field[]): Schema {
  const [only] = outputs;
  return only !== undefined && outputs.length === 1 ? cell(only) : rowSchema(outputs);
}

/** Addresses are relative to the server the document was read from. */
export function modelOpenApi({ name, version, signature, example }: DocumentedModel): Schema {
  const inputs = signature.inputs.map(fieldOf);
  const outputs = signature.outputs.map(fieldOf);
  const row = rowOf(inputs, example, 0);
  const rows = { type: 'array', items: { $ref: '#/components/schemas/Row' }, minItems: 1 };
  const columns = {
    type: 'object',
    properties: Object.fromEntries(inputs.map((field) => [field.name, { type: 'array', items: cell(field) }])),
  };
  const predictions = {
    type: 'object',
    properties: { predictions: { type: 'array', items: { $ref: '#/components/schemas/Prediction' } } },
  };
  const text = (schema: Schema) => ({ content: { 'text/csv': { schema } } }).content;
  const path = encodeURIComponent(name);
  return {
    openapi: '3.1.0',
    info: { title: name, version: String(version), summary: `${inputs.length} inputs, ${outputs.length} outputs` },
    servers: [{ url: '/' }],
    security: [{}, { bearer: [] }],
    paths: {
      [`/v2/models/${path}/infer`]: {
        post: {
          operationId: 'infer',
          summary: 'Open Inference Protocol V2',
          requestBody: body(
            { $ref: '#/components/schemas/InferRequest' },
            { inputs: signature.inputs.map((spec) => tensorExample(spec, row)) },
          ),
          responses: responses({ $ref: '#/components/schemas/InferResponse' }, 'Error'),
        },
      },
      [`/endpoints/${path}/invocations`]: {
        post: {
          operationId: 'invocations',
          summary: 'MLflow scoring',
          requestBody: body(
            {
              oneOf: [
                { type: 'object', properties: { dataframe_records: rows }, required: ['dataframe_records'] },
                {
                  type: 'object',
                  properties: {
                    dataframe_split: {
                      type: 'object',
                      properties: {
                        columns: { type: 'array', items: { type: 'string' } },
                        data: { type: 'array', items: { type: 'array', items: {} } },
                      },
                      required: ['columns', 'data'],
                    },
                  },
                  required: ['dataframe_split'],
                },
                { type: 'object', properties: { inputs: columns }, required: ['inputs'] },
                { type: 'object', properties: { instances: rows }, required: ['instances'] },
              ],
            },
            { dataframe_records: [row] },
            text({ type: 'string' }),
          ),
          responses: responses(predictions, 'ScoringError'),
        },
      },
      [`/v1/models/${path}:predict`]: {
        post: {
          operationId: 'predict',
          summary: 'TensorFlow Serving and KServe V1',
          requestBody: body(
            {
              oneOf: [
                { type: 'object', properties: { instances: rows }, required: ['instances'] },
                { type: 'object', properties: { inputs: columns }, required: ['inputs'] },
              ],
            },
            { instances: [row] },
          ),
          responses: responses(predictions, 'Error'),
        },
      },
      [`/v2/models/${path}`]: {
        get: {
          operationId: 'metadata',
          summary: 'Inputs and outputs',
          responses: {
            200: { description: 'Model metadata', content: { 'application/json': { schema: { type: 'object' } } } },
          },
        },
      },
    },
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      schemas: {
        Row: { ...rowSchema(inputs), examples: [row] },
        Prediction: predictionSchema(outputs),
        InferRequest: {
          type: 'object',
          properties: {
            id: { type: 'string', maxLength: 200 },
            inputs: { type: 'array', items: { oneOf: signature.inputs.map(tensorSchema) } },
            outputs: {
              type: 'array',
              items: { type: 'object', properties: { name: { enum: outputs.map((one) => one.name) } } },
            },
            parameters: { type: 'object' },
          },
          required: ['inputs'],
        },
        InferResponse: {
          type: 'object',
          properties: {
            id: { type: 'string' },
            model_name: { const: name },
            model_version: { type: 'string' },
            outputs: { type: 'array', items: { oneOf: signature.outputs.map(tensorSchema) } },
          },
        },
        Error: { type: 'object', properties: { error: { type: 'string' } }, required: ['error'] },
        ScoringError: {
          type: 'object',
          properties: { error_code: { type: 'string' }, message: { type: 'string' } },
          required: ['error_code', 'message'],
        },
      },
    },
  };
}
