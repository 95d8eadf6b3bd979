/** What a route is made of: its address, its permission, and the shapes of what goes in and out. */
import { z } from 'zod';
import type { Permission } from '../../domain/identity.ts';

export interface RouteContract {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** OpenAPI form: `/api/v1/runs/{id}` */
  readonly path: string;
  readonly summary: string;
  readonly permission: Permission;
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  readonly body: z.ZodType | undefined;
  readonly response: z.ZodType;
}

const none = z.object({});
export const name = z.string().min(1).max(250);
export const number = z.coerce.number().int().positive();
export const limit = z.coerce.number().int().min(1).max(1000);

export function route<
  P extends z.ZodObject,
  Q extends z.ZodObject,
  B extends z.ZodType | undefined,
  R extends z.ZodType,
>(
  method: RouteContract['method'],
  path: string,
  permission: Permission,
  summary: string,
  shape: { readonly params?: P; readonly query?: Q; readonly body?: B; readonly response: R },
) {
  return {
    method,
    path,
    permission,
    summary,
    params: (shape.params ?? none) as P,
    query: (shape.query ?? none) as Q,
    body: shape.body as B,
    response: shape.response,
  };
}

export const paging = z.object({ limit: limit.optional() });
export const byProject = z.object({ project: name.optional(), limit: limit.optional() });
export const id = z.object({ id: name });
export const endpointName = z.object({ name });
export const versionPath = z.object({ name, version: number });
