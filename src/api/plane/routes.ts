/**
 * What gateways on other machines ask and tell (ports/plane-fleet.ts): the book of routes by long poll, the files that it names,
 * what they have loaded, and the parts of their prediction log. A token of the role `gateway` opens these addresses and no other.
 */
import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { MillwrightError } from '../../domain/errors.ts';
import type { Permission } from '../../domain/identity.ts';
import type { GatewayReport, PlaneFleet } from '../../ports/plane-fleet.ts';
import { chunksOf } from '../body-chunks.ts';

const ROOT = '/api/v1/plane';
const WAIT_LIMIT_S = 55;
const REPORT_LIMIT = 4 * 1024 * 1024;
/** A gateway's log writes a part a second at most. */
const PART_LIMIT = 64 * 1024 * 1024;

const gateway = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'use 1 to 63 small letters, digits, dots, dashes, underscores');
const gatewayPath = z.object({ gateway });
const filePath = z.object({ file: z.string().regex(/^(?:model|golden)-[\w.-]{1,200}$/) });
const partPath = z.object({
  gateway,
  endpoint: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/),
  part: z.string().regex(/^part-[0-9a-z]{26}$/),
});
const bookQuery = z.object({
  gateway,
  after: z.string().max(100).default(''),
  wait: z
    .string()
    .regex(/^\d{1,3}s?$/)
    .default('25s')
    .transform((text) => Math.min(Number.parseInt(text, 10), WAIT_LIMIT_S)),
});

const count = z.number().nonnegative();
const counts = z.object({ bounds: z.array(z.number()).max(200), counts: z.array(count).max(201) });
const runtime = z.looseObject({
  waiting: count,
  queueMs: count,
  computeMs: count,
  batches: count,
  batchedRows: count,
  batchSizes: counts,
  shed: count,
  replicas: count,
  restarts: count,
});
const release = z.looseObject({
  releaseId: z.string().max(200),
  version: z.number(),
  calls: count,
  rows: count,
  errors: count,
  rejected: count,
  latency: counts,
  inFlight: count,
  state: z.string(),
  coldStarts: count,
  runtime,
});
const report = z.object({
  warm: z.array(z.string().max(200)).max(10_000),
  refused: z
    .array(
      z.object({
        announced: z.string().max(100).optional(),
        endpoint: z.string().max(200),
        epoch: z.number(),
        where: z.string().max(500),
        message: z.string().max(4000),
      }),
    )
    .max(1000),
  status: z.looseObject({
    pid: z.number(),
    startedAt: z.number(),
    rest: z.string().max(500),
    grpc: z.string().max(500),
    routes: z.array(z.object({ endpoint: z.string().max(200), epoch: z.number() })).max(10_000),
    stats: z.array(z.looseObject({ endpoint: z.string().max(200), releases: z.array(release).max(1000) })).max(10_000),
    log: z.looseObject({ written: count, dropped: count, pending: count }),
    rssBytes: count,
    cpuSeconds: count,
  }),
});

export interface PlaneDoorDeps {
  readonly fleet: PlaneFleet;
  readonly authorize: (request: FastifyRequest, permission: Permission) => Promise<unknown>;
  /** What follows byte `start`; `bytes` is of the whole file. */
  readonly readFrom: (path: string, start: number) => Promise<{ readonly bytes: number; readonly content: Readable }>;
  /** Keeps a part of an endpoint's prediction log; the same one twice is once. Throws MW-BODY-TOO-LARGE, MW-INVALID. */
  readonly keepPart: (
    endpoint: string,
    part: string,
    body: AsyncIterable<Uint8Array>,
    limitBytes: number,
  ) => Promise<void>;
}

function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new MillwrightError('MW-INVALID', issue?.message ?? 'not valid', { where: issue?.path.join('.') ?? '' });
}

/** The file, or what follows a byte of it: a download that broke off goes on. */
async function sendFrom(
  readFrom: PlaneDoorDeps['readFrom'],
  path: string,
  range: string | undefined,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const start = Number(/^bytes=(\d{1,15})-$/.exec(range ?? '')?.[1] ?? 0);
  const { bytes, content } = await readFrom(path, start);
  if (start > bytes) {
    content.destroy();
    throw new MillwrightError('MW-INVALID', 'the file is shorter than that', { where: 'range' });
  }
  reply.status(start > 0 ? 206 : 200).header('content-length', bytes - start);
  if (start > 0) reply.header('content-range', `bytes ${start}-${Math.max(bytes - 1, 0)}/${bytes}`);
  return reply.type('application/octet-stream').send(content);
}

export async function registerPlane(app: FastifyInstance, deps: PlaneDoorDeps): Promise<void> {
  const { fleet, authorize, readFrom, keepPart } = deps;

  app.get(`${ROOT}/routes`, async (request, reply) => {
    await authorize(request, 'follow');
    const { gateway: id, after, wait } = parse(bookQuery, request.query);
    const left = new AbortController();
    reply.raw.once('close', () => left.abort());
    return fleet.book(id, after, wait * 1000, left.signal);
  });

  app.get(`${ROOT}/models/:file`, async (request, reply) => {
    await authorize(request, 'follow');
    const { file } = parse(filePath, request.params);
    const path = fleet.file(file);
    if (path === undefined)
      throw new MillwrightError('MW-NOT-FOUND', 'no route names this file', {
        where: 'file',
        next: 'ask for the routes again',
      });
    return sendFrom(readFrom, path, request.headers.range, reply);
  });

  app.get(`${ROOT}/gateways`, async (request) => {
    await authorize(request, 'read');
    return { gateways: fleet.followers() };
  });

  app.post(`${ROOT}/gateways/:gateway`, { bodyLimit: REPORT_LIMIT }, async (request) => {
    await authorize(request, 'follow');
    const { gateway: id } = parse(gatewayPath, request.params);
    // Members of later versions pass through; those that are added up are checked above.
    fleet.report(id, parse(report, request.body) as unknown as GatewayReport);
    return {};
  });

  app.delete(`${ROOT}/gateways/:gateway`, async (request) => {
    await authorize(request, 'follow');
    fleet.leave(parse(gatewayPath, request.params).gateway);
    return {};
  });

  // In a context of its own: only here a body may be a stream of any bytes.
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('application/vnd.apache.parquet', (_request, payload, done) => done(null, payload));
    scope.put(`${ROOT}/gateways/:gateway/predictions/:endpoint/:part`, { bodyLimit: PART_LIMIT }, async (request) => {
      await authorize(request, 'follow');
      const { endpoint, part } = parse(partPath, request.params);
      await keepPart(endpoint, part, chunksOf(request.body), PART_LIMIT);
      return {};
    });
  });
}
