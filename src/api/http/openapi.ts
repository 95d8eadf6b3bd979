/** OpenAPI 3.1 from the route contracts: the one source of the generated clients. */
import { z } from 'zod';
import { errorResponse } from './schemas/scalars.ts';
import { type RouteContract } from './contract-route.ts';
import { ROUTES } from './contract.ts';

type Json = Record<string, unknown>;

function parametersOf(shape: z.ZodObject, where: 'path' | 'query'): Json[] {
  const schema = z.toJSONSchema(shape, { io: 'input', unrepresentable: 'any' }) as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(schema.properties ?? {}).map(([name, property]) => ({
    name,
    in: where,
    required: where === 'path' || (schema.required ?? []).includes(name),
    schema: property,
  }));
}

/** Moves the `$defs` of one schema into the document's components and rewrites the references. */
function hoist(schema: z.ZodType, io: 'input' | 'output', components: Json): Json {
  const raw = JSON.stringify(z.toJSONSchema(schema, { io, unrepresentable: 'any' }));
  const { $defs, $schema: _, id, ...rest } = JSON.parse(raw.replaceAll('#/$defs/', '#/components/schemas/')) as Json;
  for (const [name, value] of Object.entries(($defs ?? {}) as Record<string, Json>)) {
    const { id: _id, ...definition } = value;
    components[name] = definition;
  }
  if (typeof id !== 'string') return rest;
  components[id] = rest;
  return { $ref: `#/components/schemas/${id}` };
}

function operation(name: string, contract: RouteContract, components: Json): Json {
  const failure = {
    description: 'Error',
    content: { 'application/json': { schema: hoist(errorResponse, 'output', components) } },
  };
  return {
    operationId: name,
    summary: contract.summary,
    'x-permission': contract.permission,
    parameters: [...parametersOf(contract.params, 'path'), ...parametersOf(contract.query, 'query')],
    ...(contract.body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: hoist(contract.body, 'input', components) } },
          },
        }),
    responses: {
      '200': {
        description: 'OK',
        content: { 'application/json': { schema: hoist(contract.response, 'output', components) } },
      },
      default: failure,
    },
  };
}

export function openapi(version: string): Json {
  const components: Json = {};
  const paths: Record<string, Json> = {};
  for (const [name, contract] of Object.entries(ROUTES)) {
    const entry = (paths[contract.path] ??= {});
    entry[contract.method.toLowerCase()] = operation(name, contract, components);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Millwright', version, description: 'The control plane. Times are ms since the epoch.' },
    paths,
    components: { schemas: Object.fromEntries(Object.entries(components).sort(([a], [b]) => (a < b ? -1 : 1))) },
  };
}
