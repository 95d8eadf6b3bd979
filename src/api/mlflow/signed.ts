/**
 * Multipart and presigned forms over our own addresses, whatever keeps the files. An address that is handed out carries what it is
 * for, its end and a signature: whoever has it may do exactly that, without a token, until then.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { MillwrightError } from '../../domain/errors.ts';
import type { ArtifactOwner } from '../../domain/tracking.ts';
import { artifactPath, missingValue } from '../../modules/tracking/index.ts';
import type { Signed } from '../../platform/signing.ts';
import { chunksOf } from '../body-chunks.ts';
import { DEFAULT_LIMIT, PROXY_ROOT, sendFile } from './artifact-bytes.ts';
import { int, messages, parseInput, required, requiredInt, text } from './fields.ts';
import { route } from './route.ts';
import type { MlflowDeps, Route, SignedRoute } from './route.ts';

const PARTS = `/api/${PROXY_ROOT}/parts`;
const FILES = `/api/${PROXY_ROOT}/signed`;
/** A part of a large file over a slow line: long, but not for ever. */
const PART_SECONDS = 6 * 3600;
const UPLOAD_SECONDS = 900;
const DOWNLOAD_SECONDS = 300;
const MAX_SECONDS = 604_800;

const OWNERS = ['run', 'model', 'trace'] as const;
const signedQuery = z.object({ expires: requiredInt, signature: required });
const fileQuery = signedQuery.extend({ kind: z.enum(OWNERS), id: required, path: required });

const query = (fields: Readonly<Record<string, string | number>>): string =>
  new URLSearchParams(Object.entries(fields).map(([key, value]): [string, string] => [key, String(value)])).toString();

const partOf = (upload: string, number: string): readonly string[] => ['part', upload, number];
const fileOf = (verb: 'PUT' | 'GET', { kind, id }: ArtifactOwner, path: string): readonly string[] => [
  verb,
  kind,
  id,
  path,
];

function refused(): MillwrightError {
  return new MillwrightError(
    'MW-FORBIDDEN',
    'the address is not signed by this server, was changed, or its time is over',
    {
      where: 'signature',
      next: 'ask for a new address',
    },
  );
}

/** Client libraries send the path of their own disk; its last part names the file. */
function fileName(path: string): string {
  const name = path.split(/[\\/]/).at(-1) ?? '';
  if (name === '') throw missingValue('path');
  return name;
}

function lifetime(seconds: number | undefined, fallback: number): number {
  const value = seconds ?? fallback;
  if (value >= 1 && value <= MAX_SECONDS) return value;
  throw new MillwrightError('MW-INVALID', `expiration must be between 1 and ${MAX_SECONDS} seconds (got ${value}).`, {
    where: 'expiration',
  });
}

export function signedRoutes({ tracking, signer, artifactLimitBytes = DEFAULT_LIMIT }: MlflowDeps): readonly Route[] {
  const addressOf = (
    base: string,
    verb: 'PUT' | 'GET',
    owner: ArtifactOwner,
    path: string,
    seconds: number,
  ): string => {
    const signed = signer.sign(fileOf(verb, owner, path), seconds);
    return `${base}${FILES}?${query({ kind: owner.kind, id: owner.id, path, ...signed })}`;
  };
  const located = async (folder: string | undefined, name: string) => {
    const { owner, path } = await tracking.locate(artifactPath((folder ?? '').replace(/\/+$/, '')));
    return { owner, path: artifactPath(path === '' ? name : `${path}/${name}`) };
  };
  const place = { '*': text, path: required };
  const mpu = (verb: string) => [`${PROXY_ROOT}/mpu/${verb}`, `${PROXY_ROOT}/mpu/${verb}/*`];
  return [
    ...mpu('create').map((path) =>
      route({
        method: 'POST',
        path,
        permission: 'log',
        input: z.object({ ...place, num_parts: int }),
        handler: async (input, _ctx, base) => {
          const at = await located(input['*'], fileName(input.path));
          const count = input.num_parts ?? 1;
          const { id } = await tracking.createUpload(at.owner, at.path, count);
          const credentials = Array.from({ length: count }, (_, i) => {
            const signed = signer.sign(partOf(id, String(i + 1)), PART_SECONDS);
            return { url: `${base}${PARTS}/${id}/${i + 1}?${query({ ...signed })}`, part_number: i + 1, headers: {} };
          });
          return { upload_id: id, credentials };
        },
      }),
    ),
    ...mpu('complete').map((path) =>
      route({
        method: 'POST',
        path,
        permission: 'log',
        input: z.object({
          ...place,
          upload_id: required,
          parts: messages(z.object({ part_number: requiredInt, etag: required })),
        }),
        handler: async (input) => {
          const at = await located(input['*'], fileName(input.path));
          const parts = input.parts.map(({ part_number: number, etag }) => ({ number, etag }));
          await tracking.completeUpload(input.upload_id, at.owner, at.path, parts, artifactLimitBytes);
          return {};
        },
      }),
    ),
    ...mpu('abort').map((path) =>
      route({
        method: 'POST',
        path,
        permission: 'log',
        input: z.object({ ...place, upload_id: required }),
        handler: async (input) => {
          const at = await located(input['*'], fileName(input.path));
          await tracking.abortUpload(input.upload_id, at.owner, at.path);
          return {};
        },
      }),
    ),
    route({
      method: 'POST',
      path: 'artifacts/presigned-upload-url',
      permission: 'log',
      input: z.object({ run_id: text, model_id: text, path: required, expiration: int }),
      handler: async (input, _ctx, base) => {
        const { run_id: run = '', model_id: model = '' } = input;
        if ((run === '') === (model === '')) {
          throw new MillwrightError('MW-INVALID', 'Exactly one of run_id and model_id must be provided.', {
            where: 'run_id',
          });
        }
        const owner: ArtifactOwner =
          run === ''
            ? { kind: 'model', id: (await tracking.getLoggedModel(model)).id }
            : { kind: 'run', id: (await tracking.getRunInfo(run)).id };
        await tracking.checkWritable(owner, input.path);
        const seconds = lifetime(input.expiration, UPLOAD_SECONDS);
        return { presigned_url: addressOf(base, 'PUT', owner, artifactPath(input.path), seconds) };
      },
    }),
    route({
      method: 'POST',
      path: 'artifacts/presigned-download-url',
      permission: 'read',
      input: z.object({ run_id: required, path: required, expiration: int }),
      handler: async (input, _ctx, base) => {
        const seconds = lifetime(input.expiration, DOWNLOAD_SECONDS);
        const owner: ArtifactOwner = { kind: 'run', id: (await tracking.getRunInfo(input.run_id)).id };
        const { bytes } = await tracking.statArtifact(owner, input.path);
        return { presigned_url: addressOf(base, 'GET', owner, artifactPath(input.path), seconds), file_size: bytes };
      },
    }),
    route({
      method: 'GET',
      path: `${PROXY_ROOT}/presigned/*`,
      permission: 'read',
      input: z.object({ '*': required }),
      handler: async (input, _ctx, base) => {
        const { owner, path } = await tracking.locate(artifactPath(input['*']));
        const { bytes } = await tracking.statArtifact(owner, path);
        return { url: addressOf(base, 'GET', owner, path, DOWNLOAD_SECONDS), headers: {}, file_size: bytes };
      },
    }),
  ];
}

/** One range of bytes, as clients ask for chunks; anything else is answered whole, as the standard allows. */
function rangeOf(
  header: string | undefined,
  bytes: number,
): { readonly start: number; readonly end: number } | undefined {
  const asked = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(header ?? '');
  if (asked === null) return undefined;
  const start = Number(asked[1]);
  const end = asked[2] === '' ? bytes : Math.min(Number(asked[2]) + 1, bytes);
  return start < end ? { start, end } : undefined;
}

export function signedStreams({
  tracking,
  signer,
  artifactLimitBytes = DEFAULT_LIMIT,
}: MlflowDeps): readonly SignedRoute[] {
  const partParams = z.object({ upload: required, number: z.string().regex(/^[1-9]\d{0,4}$/) });
  const mustHold = (what: readonly string[], signed: Signed): void => {
    if (!signer.holds(what, signed)) throw refused();
  };
  const fileIn = (request: FastifyRequest, verb: 'PUT' | 'GET') => {
    const { kind, id, path, ...signed } = parseInput(fileQuery, request.query);
    mustHold(fileOf(verb, { kind, id }, path), signed);
    return { owner: { kind, id }, path };
  };
  return [
    {
      method: 'PUT',
      path: `${PARTS}/:upload/:number`,
      admit(request) {
        const { upload, number } = parseInput(partParams, request.params);
        mustHold(partOf(upload, number), parseInput(signedQuery, request.query));
      },
      async serve(request, reply) {
        const { upload, number } = parseInput(partParams, request.params);
        const blob = await tracking.putPart(upload, Number(number), chunksOf(request.body), artifactLimitBytes);
        return reply.header('etag', `"${blob.digest}"`).send('');
      },
    },
    {
      method: 'PUT',
      path: FILES,
      admit: (request) => void fileIn(request, 'PUT'),
      async serve(request, reply) {
        const { owner, path } = fileIn(request, 'PUT');
        const blob = await tracking.writeArtifact(owner, path, chunksOf(request.body), artifactLimitBytes);
        return reply.header('etag', `"${blob.digest}"`).send('');
      },
    },
    {
      method: 'GET',
      path: FILES,
      admit: (request) => void fileIn(request, 'GET'),
      async serve(request, reply): Promise<FastifyReply> {
        const { owner, path } = fileIn(request, 'GET');
        const { bytes } = await tracking.statArtifact(owner, path);
        const range = rangeOf(request.headers.range, bytes);
        const { content } = await tracking.openArtifact(owner, path, range);
        reply.header('accept-ranges', 'bytes');
        if (range === undefined) return sendFile(reply, path, bytes, content);
        const { start, end } = range;
        reply.status(206).header('content-range', `bytes ${start}-${end - 1}/${bytes}`);
        return sendFile(reply, path, end - start, content);
      },
    },
  ];
}
