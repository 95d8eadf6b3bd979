/** Turns a route contract and its handler into a Fastify route: parse once, check the permission, answer. Nothing else registers routes. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { MillwrightError } from '../../domain/errors.ts';
import { may, type Principal } from '../../domain/identity.ts';
import type { Context, Log } from '../../ports/context.ts';
import { type Audit, audited } from '../audited.ts';
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
  /** Told of every change after it was tried and before it is answered. */
  readonly audit?: Audit;
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

type Issue = NonNullable<ReturnType<z.ZodType['safeParse']>['error']>['issues'][number];

/** What is wrong, in words for whoever wrote the request. */
function problemOf(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.message.endsWith('received undefined')
        ? `is missing (${issue.expected})`
        : `must be a ${issue.expected}`;
    case 'too_small':
      return issue.origin === 'number' ? `must be at least ${issue.minimum}` : `needs at least ${issue.minimum}`;
    case 'too_big':
      return issue.origin === 'number' ? `must be at most ${issue.maximum}` : `has more than ${issue.maximum}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    default:
      return issue.message;
  }
}

function parse(schema: z.ZodType, value: unknown, part: string): unknown {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = [part, ...(issue?.path ?? [])].join('.').replace(/\.(\d+)/g, '[$1]');
  const message = issue === undefined ? 'not valid' : problemOf(issue);
  throw new MillwrightError('MW-INVALID', `${path}: ${message}`, {
    where: path,
    next: 'see docs/contracts/openapi.json',
  });
}

/** Reading, predicting and logging change nothing that anybody would have to answer for; their number would bury the rest. */
const UNAUDITED: ReadonlySet<Parameters<typeof may>[1]> = new Set(['public', 'read', 'predict', 'log']);

/** What was changed: the names in the address, or the name of what is made. */
function subjectOf(params: unknown, body: unknown): string {
  const names = Object.values(params ?? {}).map(String);
  if (names.length === 0 && typeof body === 'object' && body !== null && 'name' in body) names.push(String(body.name));
  return names.join('/');
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
        const input = {
          params: parse(contract.params, request.params, 'path'),
          query: parse(contract.query, request.query, 'query'),
          body: contract.body === undefined ? undefined : parse(contract.body, request.body, 'body'),
        };
        const quiet = contract.method === 'GET' || UNAUDITED.has(contract.permission);
        if (auth.audit === undefined || quiet) return handler(ctx, input);
        const fact = { action: name, subject: subjectOf(input.params, input.body) };
        return audited(auth.audit, ctx, fact, () => handler(ctx, input));
      },
    });
  }
}
