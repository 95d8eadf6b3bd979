/** How a route of MLflow's API is declared: never without the permission it needs and the shape it reads. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Permission } from '../../domain/identity.ts';
import type { Registry } from '../../modules/registry/index.ts';
import type { Tracking } from '../../modules/tracking/index.ts';
import type { Context } from '../../ports/context.ts';
import type { Audit } from '../audited.ts';
import { parseInput } from './fields.ts';

export interface MlflowDeps {
  readonly tracking: Tracking;
  readonly registry: Registry;
  /** Throws MW-UNAUTHENTICATED, MW-FORBIDDEN. Called before a body is read. */
  readonly authorize: (request: FastifyRequest, permission: Permission) => Context | Promise<Context>;
  /** Told of every move of an alias or stage: they decide what is served. */
  readonly audit?: Audit;
  /** Millwright's own version. Below 3.4 it tells MLflow's client to send spans as an artifact and not by OTLP. */
  readonly version: string;
  /** Bytes of one artifact; default 5 GiB. */
  readonly artifactLimitBytes?: number;
}

export type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

export interface Route {
  readonly method: Method;
  /** After `/api/` and `/ajax-api/`, e.g. `2.0/mlflow/runs/get`. */
  readonly path: string;
  readonly permission: Permission;
  readonly answer: (raw: Readonly<Record<string, unknown>>, ctx: Context) => Promise<unknown>;
}

interface Declaration<S extends z.ZodType> {
  readonly method: Method;
  /** Below `2.0/mlflow/`, or with its own version: `3.0/mlflow/traces`. */
  readonly path: string;
  readonly permission: Permission;
  readonly input: S;
  readonly handler: (input: z.output<S>, ctx: Context) => Promise<unknown>;
}

export function route<S extends z.ZodType>({ method, path, permission, input, handler }: Declaration<S>): Route {
  return {
    method,
    path: /^\d\.0\//.test(path) ? path : `2.0/mlflow/${path}`,
    permission,
    answer: (raw, ctx) => handler(parseInput(input, raw), ctx),
  };
}

/** A route that streams: it reads the request and writes the reply by itself. */
export interface StreamRoute {
  readonly method: Method;
  /** Absolute. */
  readonly path: string;
  readonly permission: Permission;
  readonly serve: (request: FastifyRequest, reply: FastifyReply, ctx: Context) => Promise<unknown>;
}
