/** The artifact proxy and the listings. Bodies are streamed both ways; a name is resolved in one place and never becomes a path here. */
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { MillwrightError } from '../../domain/errors.ts';
import { runLocation } from '../../domain/tracking.ts';
import { artifactPath, decodeOnce } from '../../modules/tracking/index.ts';
import type { ArtifactFile, OwnerRef } from '../../modules/tracking/index.ts';
import { versionNumber } from '../../modules/registry/index.ts';
import { optional, parseInput, required, text } from './fields.ts';
import { route } from './route.ts';
import type { MlflowDeps, Route, StreamRoute } from './route.ts';
import { listed } from './wire.ts';

const PROXY = '2.0/mlflow-artifacts/artifacts';
const SCHEME = 'mlflow-artifacts:/';
const DEFAULT_LIMIT = 5 * 1024 ** 3;

function fileWire(file: ArtifactFile, path: string): Readonly<Record<string, unknown>> {
  return { path, is_dir: file.isDir, ...(file.bytes === undefined ? {} : { file_size: file.bytes }) };
}

/** What follows the proxy's prefix in the address as it came, decoded once: the router has its own ideas about `%`. */
function proxiedPath(request: FastifyRequest): string {
  const raw = request.raw.url ?? '';
  const end = raw.indexOf('?');
  const address = end < 0 ? raw : raw.slice(0, end);
  return decodeOnce(address.slice(address.indexOf(`/${PROXY}/`) + PROXY.length + 2));
}

async function* chunksOf(body: unknown): AsyncGenerator<Uint8Array> {
  if (body === undefined || body === null) return;
  if (!(body instanceof Readable))
    throw new MillwrightError('MW-INVALID', 'the body could not be read', { where: 'body' });
  for await (const chunk of body) {
    if (chunk instanceof Uint8Array) yield chunk;
  }
}

/** Never shown by a browser: a file that somebody logged must not run as a page of this server. */
function sendFile(reply: FastifyReply, path: string, bytes: number, content: AsyncIterable<Uint8Array>): FastifyReply {
  const name = encodeURIComponent(path.split('/').at(-1) ?? 'artifact').replaceAll("'", '%27');
  return reply
    .header('content-type', 'application/octet-stream')
    .header('content-length', bytes)
    .header('content-disposition', `attachment; filename*=UTF-8''${name}`)
    .header('x-content-type-options', 'nosniff')
    .send(Readable.from(content));
}

export function artifactRoutes({ tracking }: MlflowDeps): readonly Route[] {
  const listRoute = route({
    method: 'GET',
    path: 'artifacts/list',
    permission: 'read',
    input: z.object({ run_id: required, path: text }),
    handler: async (input) => {
      const info = await tracking.getRunInfo(input.run_id);
      const files = await tracking.listArtifacts(info.id, input.path ?? '');
      return {
        root_uri: runLocation(info.experimentId, info.id),
        ...listed(
          'files',
          files.map((file) => fileWire(file, file.path)),
        ),
      };
    },
  });
  const proxied = route({
    method: 'GET',
    path: PROXY,
    permission: 'read',
    input: z.object({ path: optional(z.string()) }),
    handler: async ({ path = '' }) => {
      const { owner, path: folder } = await tracking.locate(artifactPath(path.replace(/\/+$/, '')));
      const files = await tracking.listArtifacts(owner, folder);
      return listed(
        'files',
        files.map((file) => fileWire(file, file.path.split('/').at(-1) ?? '')),
      );
    },
  });
  return [listRoute, proxied];
}

export function artifactStreams({
  tracking,
  registry,
  artifactLimitBytes = DEFAULT_LIMIT,
}: MlflowDeps): readonly StreamRoute[] {
  async function download(reply: FastifyReply, owner: OwnerRef, path: string): Promise<FastifyReply> {
    const { bytes, content } = await tracking.openArtifact(owner, path);
    return sendFile(reply, path, bytes, content);
  }

  const runArtifact: StreamRoute['serve'] = async (request, reply) => {
    const { run_id: id, path } = parseInput(z.object({ run_id: required, path: required }), request.query);
    const { id: owner } = await tracking.getRunInfo(id);
    return download(reply, owner, artifactPath(path));
  };

  const versionArtifact: StreamRoute['serve'] = async (request, reply) => {
    const input = parseInput(z.object({ name: required, version: required, path: required }), request.query);
    const version = await registry.getVersion(input.name, versionNumber(input.version));
    const at = version.location ?? version.source;
    if (!at.startsWith(SCHEME)) {
      throw new MillwrightError(
        'MW-INVALID',
        `the files of ${input.name} v${version.number} are not kept by this server`,
        { where: 'name' },
      );
    }
    const { owner, path } = await tracking.locate(artifactPath(at.slice(SCHEME.length)));
    return download(reply, owner, path === '' ? artifactPath(input.path) : `${path}/${artifactPath(input.path)}`);
  };

  const proxy = ['/api', '/ajax-api'].flatMap((prefix): StreamRoute[] => [
    {
      method: 'GET',
      path: `${prefix}/${PROXY}/*`,
      permission: 'read',
      async serve(request, reply) {
        const { owner, path } = await tracking.locate(proxiedPath(request));
        return download(reply, owner, path);
      },
    },
    {
      method: 'PUT',
      path: `${prefix}/${PROXY}/*`,
      permission: 'log',
      async serve(request, reply) {
        const { owner, path } = await tracking.locate(proxiedPath(request));
        await tracking.writeArtifact(owner, path, chunksOf(request.body), artifactLimitBytes);
        return reply.send({});
      },
    },
    {
      method: 'DELETE',
      path: `${prefix}/${PROXY}/*`,
      permission: 'log',
      async serve(request, reply) {
        const { owner, path } = await tracking.locate(proxiedPath(request));
        await tracking.deleteArtifacts(owner, path);
        return reply.send({});
      },
    },
  ]);

  return [
    ...proxy,
    { method: 'GET', path: '/get-artifact', permission: 'read', serve: runArtifact },
    { method: 'GET', path: '/ajax-api/2.0/mlflow/get-artifact', permission: 'read', serve: runArtifact },
    { method: 'GET', path: '/model-versions/get-artifact', permission: 'read', serve: versionArtifact },
    {
      method: 'GET',
      path: '/ajax-api/2.0/mlflow/model-versions/get-artifact',
      permission: 'read',
      serve: versionArtifact,
    },
  ];
}
