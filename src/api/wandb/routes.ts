/** What `WANDB_BASE_URL` needs to point here: `/graphql`, the file streams, and the places where files are put. */
import { gunzipSync } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { MillwrightError, recognized } from '../../domain/errors.ts';
import type { Permission } from '../../domain/identity.ts';
import type { Wandb, WandbArtifacts } from '../../modules/tracking/index.ts';
import type { Signer } from '../../platform/signing.ts';
import type { Context } from '../../ports/context.ts';
import { chunksOf } from '../body-chunks.ts';
import { operations } from './operations.ts';

export interface WandbRoutes {
  readonly wandb: Wandb & WandbArtifacts;
  readonly signer: Signer;
  readonly authorize: (request: FastifyRequest, permission: Permission) => Promise<Context>;
  readonly fileLimitBytes?: number;
}

const BODY_LIMIT = 16 * 1024 * 1024;
const FILE_LIMIT = 5 * 1024 ** 3;
const ADDRESS_SECONDS = 3_600;
const OPERATION = /\b(?:query|mutation)\s+(\w+)/;
const READS = new Set([
  'Viewer',
  'RunResumeStatus',
  'ServerFeaturesQuery',
  'ArtifactType',
  'OrganizationCoreWeaveOrganizationID',
]);

const graphql = z.object({
  query: z.string().max(100_000),
  variables: z.unknown().optional(),
  operationName: z.string().max(200).nullish(),
});
const stream = z.object({
  files: z
    .record(z.string(), z.object({ offset: z.number().int().min(0), content: z.array(z.string()).max(100_000) }))
    .nullish(),
  complete: z.boolean().nullish(),
  exitcode: z.number().int().nullish(),
});
/** JSON of a list of texts. */
const texts = z
  .string()
  .transform((text, ctx) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      ctx.addIssue('not JSON');
      return z.NEVER;
    }
  })
  .pipe(z.array(z.string()));
const runPath = z.object({ entity: z.string(), project: z.string(), run: z.string() });

/** The error as wandb's client shows it; it tries again after 5xx and 429 only. */
function answerErrors(app: FastifyInstance, log: () => Context | undefined): void {
  app.setErrorHandler((error, _request, reply) => {
    const known = recognized(error);
    if (known === undefined) {
      const status = (error as { readonly statusCode?: number }).statusCode ?? 500;
      if (status < 500) return reply.status(status).send({ error: (error as Error).message });
      log()?.log.error({ err: error }, 'a wandb request failed');
      return reply.status(500).send({ error: 'something failed inside the server; its log has the details' });
    }
    return reply.status(known.kind.status).send({ error: known.message, code: known.code });
  });
}

export async function registerWandb(app: FastifyInstance, deps: WandbRoutes): Promise<void> {
  const { wandb, signer, authorize, fileLimitBytes = FILE_LIMIT } = deps;
  const contexts = new WeakMap<FastifyRequest, Context>();
  const permitted = (permission: Permission) => async (request: FastifyRequest) => {
    contexts.set(request, await authorize(request, permission));
  };
  const contextOf = (request: FastifyRequest): Context => {
    const ctx = contexts.get(request);
    if (ctx === undefined) throw new MillwrightError('MW-INTERNAL', 'a route answered without asking who calls');
    return ctx;
  };

  /** Clients reach us under many names; the address they are given must be the one they used. */
  const baseOf = (request: FastifyRequest): string => `${request.protocol}://${request.headers.host ?? request.host}`;

  function addresses(request: FastifyRequest) {
    const address = (kind: string, what: readonly string[]): string => {
      const { expires, signature } = signer.sign([`wandb ${kind}`, ...what], ADDRESS_SECONDS);
      const query = new URLSearchParams({ what: JSON.stringify(what), expires: String(expires), signature });
      return `${baseOf(request)}/wandb/${kind}?${query.toString()}`;
    };
    return {
      fileAddress: (run: string, path: string) => address('file', [run, path]),
      artifactAddress: (id: string, name: string, md5: string) => address('artifact', [id, name, md5]),
    };
  }

  await app.register(async (scope) => {
    let last: Context | undefined;
    answerErrors(scope, () => last);
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
      try {
        const bytes = typeof body === 'string' ? Buffer.from(body) : body;
        const plain =
          request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes, { maxOutputLength: BODY_LIMIT }) : bytes;
        done(null, plain.byteLength === 0 ? undefined : JSON.parse(plain.toString('utf8')));
      } catch {
        done(new MillwrightError('MW-INVALID', 'the body is not JSON, or too large', { where: 'body' }));
      }
    });

    scope.post(
      '/graphql',
      { bodyLimit: BODY_LIMIT, onRequest: permitted('read') },
      async (request: FastifyRequest, reply: FastifyReply) => {
        const ctx = (last = contextOf(request));
        const asked = graphql.safeParse(request.body);
        if (!asked.success) throw new MillwrightError('MW-INVALID', 'not a GraphQL request', { where: 'body' });
        const operation = asked.data.operationName || (OPERATION.exec(asked.data.query)?.[1] ?? '');
        if (!READS.has(operation)) await authorize(request, 'log');
        const answers = operations({ wandb, ...addresses(request) });
        // The client chooses the name: `constructor` and its like are in every object.
        const answer = Object.hasOwn(answers, operation) ? answers[operation] : undefined;
        if (answer === undefined) {
          const message = `Millwright records runs of wandb; it does not answer ${operation || 'this query'}`;
          return reply.send({ data: null, errors: [{ message }] });
        }
        return reply.send({ data: await answer(asked.data.variables, ctx) });
      },
    );

    scope.post(
      '/files/:entity/:project/:run/file_stream',
      { bodyLimit: BODY_LIMIT, onRequest: permitted('log') },
      async (request: FastifyRequest, _reply: FastifyReply) => {
        last = contextOf(request);
        const { entity, project, run } = runPath.parse(request.params);
        const chunk = stream.safeParse(request.body ?? {});
        if (!chunk.success) {
          const issue = chunk.error.issues[0];
          throw new MillwrightError('MW-INVALID', issue?.message ?? 'not valid', {
            where: issue?.path.join('.') ?? '',
          });
        }
        const { files, complete, exitcode } = chunk.data;
        await wandb.takeChunk(
          { entity, project, name: run },
          {
            files: files ?? {},
            ...(complete === true ? { complete } : {}),
            ...(typeof exitcode === 'number' ? { exitcode } : {}),
          },
        );
        return { exitcode: exitcode ?? null, limits: {} };
      },
    );
  });

  await app.register(async (scope) => {
    answerErrors(scope, () => undefined);
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    const target = z.object({
      what: z.string().max(4000),
      expires: z.coerce.number(),
      signature: z.string().max(200),
    });

    /** The signature is the permission: clients send no token with a file. Checked before the body is read. */
    function told(request: FastifyRequest, kind: string): readonly string[] {
      const query = target.safeParse(request.query);
      const parts = texts.safeParse(query.data?.what);
      if (!query.success || !parts.success) throw new MillwrightError('MW-INVALID', 'not an address of ours');
      if (!signer.holds([`wandb ${kind}`, ...parts.data], query.data)) {
        throw new MillwrightError('MW-FORBIDDEN', 'this address is not valid, or not any more', {
          next: 'wandb sync the run again',
        });
      }
      return parts.data;
    }
    // Whoever was given the address was authorized when it was made; before the body, so that nobody else can send one.
    const onRequest = (kind: string) => async (request: FastifyRequest) => {
      told(request, kind);
    };

    scope.put('/wandb/file', { onRequest: onRequest('file') }, async (request, reply) => {
      const [run = '', path = ''] = told(request, 'file');
      const [entity = '', project = '', name = ''] = run.split('/');
      await wandb.writeFile({ entity, project, name }, path, chunksOf(request.body), fileLimitBytes);
      return reply.status(200).send();
    });
    scope.put('/wandb/artifact', { onRequest: onRequest('artifact') }, async (request, reply) => {
      const [id = '', name = '', md5 = ''] = told(request, 'artifact');
      await wandb.writeArtifactFile(id, name, md5, chunksOf(request.body), fileLimitBytes);
      return reply.status(200).send();
    });
  });
}
