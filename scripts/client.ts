/** TypeScript types of the OpenAPI document in the form openapi-fetch reads (`paths`). Our schemas need only this much of JSON Schema. */

type Schema = {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  items?: Schema;
  /** A tuple. */
  prefixItems?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  description?: string;
};

interface Parameter {
  name: string;
  in: string;
  required: boolean;
  schema: Schema;
}

interface Operation {
  parameters: Parameter[];
  requestBody?: { content: { 'application/json': { schema: Schema } } };
  responses: { '200': { content: { 'application/json': { schema: Schema } } } };
}

interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

const key = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name));

function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return `components['schemas']['${schema.$ref.split('/').at(-1)}']`;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const union = schema.anyOf ?? schema.oneOf;
  if (union !== undefined) return [...new Set(union.map(typeOf))].join(' | ');
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ ...schema, type })).join(' | ');
  switch (schema.type) {
    case 'string':
      return 'string';
    case 'number':
    case 'integer':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'null':
      return 'null';
    case 'array':
      if (schema.prefixItems !== undefined) return `[${schema.prefixItems.map(typeOf).join(', ')}]`;
      return `(${typeOf(schema.items ?? {})})[]`;
    case 'object':
      return objectOf(schema);
    default:
      return 'unknown';
  }
}

function objectOf(schema: Schema): string {
  const required = new Set(schema.required ?? []);
  const fields = Object.entries(schema.properties ?? {}).map(
    ([name, property]) => `${key(name)}${required.has(name) ? '' : '?'}: ${typeOf(property)};`,
  );
  if (fields.length === 0 && typeof schema.additionalProperties === 'object') {
    return `{ [key: string]: ${typeOf(schema.additionalProperties)} }`;
  }
  return fields.length === 0 ? '{ [key: string]: never }' : `{ ${fields.join(' ')} }`;
}

function parameters(all: readonly Parameter[]): string {
  const group = (where: string): string => {
    const some = all.filter((parameter) => parameter.in === where);
    if (some.length === 0) return `${where}?: never;`;
    const fields = some.map((p) => `${key(p.name)}${p.required ? '' : '?'}: ${typeOf(p.schema)};`).join(' ');
    return `${where}${some.some((p) => p.required) ? '' : '?'}: { ${fields} };`;
  };
  return `parameters: { ${group('query')} header?: never; ${group('path')} cookie?: never };`;
}

function operationOf(operation: Operation): string {
  const body =
    operation.requestBody === undefined
      ? 'requestBody?: never;'
      : `requestBody: { content: { 'application/json': ${typeOf(operation.requestBody.content['application/json'].schema)} } };`;
  const json = typeOf(operation.responses['200'].content['application/json'].schema);
  return (
    `{ ${parameters(operation.parameters)} ${body} responses: { ` +
    `200: { headers: { [name: string]: unknown }; content: { 'application/json': ${json} } }; ` +
    `default: { headers: { [name: string]: unknown }; content: { 'application/json': components['schemas']['ErrorResponse'] } } } }`
  );
}

/** The text of `schema.d.ts`. */
export function clientTypes(document: Document): string {
  const paths = Object.entries(document.paths).map(([path, methods]) => {
    const operations = Object.entries(methods).map(
      ([method, operation]) => `    ${method}: ${operationOf(operation)};`,
    );
    return `  ${JSON.stringify(path)}: {\n${operations.join('\n')}\n  };`;
  });
  const schemas = Object.entries(document.components.schemas).map(
    ([name, schema]) => `    ${key(name)}: ${typeOf(schema)};`,
  );
  return [
    '// Generated from docs/contracts/openapi.json by `npm run contracts`. Do not edit.',
    'export interface paths {',
    ...paths,
    '}',
    'export interface components {',
    '  schemas: {',
    ...schemas,
    '  };',
    '}',
    '',
  ].join('\n');
}
