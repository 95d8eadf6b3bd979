/** How a route of MLflow's API is declared: never without the permission it needs and the shape it reads. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Permission } from '../../domain/identity.ts';
import type { Registry } from '../../modules/registry/index.ts';
import type { Tracking } from '../../modules/tracking/index.ts';
import type { Context } from '../../ports/context.ts';
import type { Audit } from '../audited.ts';
import type { Signer } from '../../platform/signing.ts';
import { parseInput } from './fields.ts';

export interface MlflowDeps {
  readonly tracking: Tracking;
  readonly registry: Registry;
  /** Throws MW-UNAUTHENTICATED, MW-FORBIDDEN. Called before a body is read. */
  readonly authorize: (request: FastifyRequest, permission: Permission) => Context | Promise<Context>;
  /** Makes and judges the addresses that are handed out for one file or part. */
  readonly signer: Signer;
  /** Told of every move of an alias or stage: they decide what is served. */
  readonly audit?: Audit;
  /** Bytes of one artifact; default 5 GiB. */
  readonly artifactLimitBytes?: number;
}

export type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

export interface Route {
  readonly method: Method;
  /** After `/api/` and `/ajax-api/`, e.g. `2.0/mlflow/runs/get`. */
  readonly path: string;
  readonly permission: Permission;
  /** Bytes of the body, where it may be larger than other routes' 8 MiB. */
  readonly bodyLimit?: number;
  /** `base`: how this server was called, such as `http://127.0.0.1:5000`. */
  readonly answer: (raw: Readonly<Record<string, unknown>>, ctx: Context, base: string) => Promise<unknown>;
}

interface Declaration<S extends z.ZodType> {
  readonly method: Method;
  /** Below `2.0/mlflow/`, or with its own version: `3.0/mlflow/traces`. */
  readonly path: string;
  readonly permission: Permission;
  readonly bodyLimit?: number;
  readonly input: S;
  /** Reads the usual form of the input without the schema; undefined: the schema judges. For routes that are called all the time. */
  readonly quick?: (raw: Readonly<Record<string, unknown>>) => z.output<S> | undefined;
  readonly handler: (input: z.output<S>, ctx: Context, base: string) => Promise<unknown>;
}

/** `run_uuid` is what clients before 1.0 call a run's id, and some pages of MLflow still. */
function withRunId(raw: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return raw['run_uuid'] === undefined || raw['run_id'] !== undefined ? raw : { ...raw, run_id: raw['run_uuid'] };
}

export function route<S extends z.ZodType>(declaration: Declaration<S>): Route {
  const { method, path, permission, bodyLimit, input, quick, handler } = declaration;
  return {
    method,
    ...(bodyLimit === undefined ? {} : { bodyLimit }),
    path: /^\d\.0(?:\/|mlflow\/)/.test(path) ? path : `2.0/mlflow/${path}`,
    permission,
    answer: (raw, ctx, base) => handler(quick?.(raw) ?? parseInput(input, withRunId(raw)), ctx, base),
  };
}

/** A route whose address is its permission: `admit` throws before the body is read. */
export interface SignedRoute {
  readonly method: Method;
  /** Absolute. */
  readonly path: string;
  readonly admit: (request: FastifyRequest) => void;
  readonly serve: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;
}

/** A route that streams: it reads the request and writes the reply by itself. */
export interface StreamRoute {
  readonly method: Method;
  /** Absolute. */
  readonly path: string;
  readonly permission: Permission;
  readonly serve: (request: FastifyRequest, reply: FastifyReply, ctx: Context) => Promise<unknown>;
}
