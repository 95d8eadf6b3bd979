/** Turns a route contract and its handler into a Fastify route: parse once, check the permission, answer. Nothing else registers routes. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { MillwrightError } from '../../domain/errors.ts';
import { may, type Principal } from '../../domain/identity.ts';
import type { Context, Log } from '../../ports/context.ts';
import { ROUTES, type RouteName, type Routes } from './contract.ts';

type BodyOf<N extends RouteName> = Routes[N]['body'] extends z.ZodType ? z.output<Routes[N]['body']> : undefined;

export interface Input<N extends RouteName> {
  readonly params: z.output<Routes[N]['params']>;
  readonly query: z.output<Routes[N]['query']>;
  readonly body: BodyOf<N>;
}

/** Every route has exactly one handler: a missing one does not compile. Answers are checked against the contract's type. */
export type Handlers = {
  readonly [N in RouteName]: (ctx: Context, input: Input<N>) => Promise<z.input<Routes[N]['response']>>;
};

export interface Auth {
  /** Throws MW-UNAUTHENTICATED. */
  principal(request: FastifyRequest): Promise<Principal>;
  readonly log: Log;
}

const contexts = new WeakMap<FastifyRequest, Context>();

/** The request's context, after checking that its principal holds the permission. Throws MW-UNAUTHENTICATED or MW-FORBIDDEN. */
export async function authorize(
  auth: Auth,
  request: FastifyRequest,
  permission: Parameters<typeof may>[1],
): Promise<Context> {
  let context = contexts.get(request);
  if (context === undefined) {
    const principal = await auth.principal(request);
    const abort = new AbortController();
    request.raw.once('close', () => {
      if (!request.raw.complete) abort.abort();
    });
    context = { principal, log: auth.log, signal: abort.signal };
    contexts.set(request, context);
  }
  if (!may(context.principal, permission)) {
    throw new MillwrightError(
      'MW-FORBIDDEN',
      `${context.principal.role}s may not ${permission} (you are ${context.principal.name})`,
      {
        next: 'ask an admin for a token with another role',
      },
    );
  }
  return context;
}

function parse(schema: z.ZodType, value: unknown, part: string): unknown {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = [part, ...(issue?.path ?? [])].join('.').replace(/\.(\d+)/g, '[$1]');
  throw new MillwrightError('MW-INVALID', `${path}: ${issue?.message ?? 'not valid'}`, { where: path });
}

export function bindRoutes(app: FastifyInstance, auth: Auth, handlers: Handlers): void {
  for (const [name, contract] of Object.entries(ROUTES)) {
    // One loop over a union of contracts: the pairing of contract and handler is checked by the type of Handlers.
    const handler = handlers[name as RouteName] as (ctx: Context, input: unknown) => Promise<unknown>;
    app.route({
      method: contract.method,
      url: contract.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      handler: async (request) => {
        const ctx = await authorize(auth, request, contract.permission);
        return handler(ctx, {
          params: parse(contract.params, request.params, 'path'),
          query: parse(contract.query, request.query, 'query'),
          body: contract.body === undefined ? undefined : parse(contract.body, request.body, 'body'),
        });
      },
    });
  }
}
