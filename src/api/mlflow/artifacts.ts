/** The artifact proxy and the listings. Bodies are streamed both ways; a name is resolved in one place and never becomes a path here. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { MillwrightError } from '../../domain/errors.ts';
import { runLocation } from '../../domain/tracking.ts';
import { artifactPath, decodeOnce } from '../../modules/tracking/index.ts';
import type { ArtifactFile, OwnerRef } from '../../modules/tracking/index.ts';
import { versionNumber } from '../../modules/registry/index.ts';
import { chunksOf } from '../body-chunks.ts';
import { DEFAULT_LIMIT, PROXY_ROOT, sendFile } from './artifact-bytes.ts';
import { optional, parseInput, required, text } from './fields.ts';
import { route } from './route.ts';
import type { MlflowDeps, Route, StreamRoute } from './route.ts';
import { listed } from './wire.ts';

const PROXY = `${PROXY_ROOT}/artifacts`;
const SCHEME = 'mlflow-artifacts:/';

/** As upstream bounds what its pages send. */
const PAGE_UPLOAD_LIMIT = 10 * 1024 * 1024;

const notGiven = (field: string): MillwrightError =>
  new MillwrightError('MW-INVALID', `Request must specify ${field}.`, { where: field });

function withRunId(query: unknown): unknown {
  if (typeof query !== 'object' || query === null || !('run_uuid' in query) || 'run_id' in query) return query;
  return { ...query, run_id: query.run_uuid };
}

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
    const { run_id: id, path } = parseInput(z.object({ run_id: required, path: required }), withRunId(request.query));
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

  /** What MLflow's own pages, and an import from here, read of a logged model. */
  const modelArtifact: StreamRoute['serve'] = async (request, reply) => {
    const { model_id: asked } = parseInput(z.object({ model_id: required }), request.params);
    const { artifact_file_path: path } = parseInput(z.object({ artifact_file_path: required }), request.query);
    const { id } = await tracking.getLoggedModel(asked);
    return download(reply, { kind: 'model', id }, artifactPath(path));
  };

  /** What MLflow's own pages send: the text of a file as the body. */
  const upload: StreamRoute['serve'] = async (request, reply) => {
    const { run_uuid: id, path } = parseInput(z.object({ run_uuid: text, path: text }), request.query);
    if (id === undefined || id === '') throw notGiven('run_uuid');
    if (path === undefined || path === '') throw notGiven('path');
    if (request.headers['content-length'] === '0' || request.body === undefined) throw notGiven('data');
    const { id: owner } = await tracking.getRunInfo(id);
    await tracking.writeArtifact(owner, artifactPath(path), chunksOf(request.body), PAGE_UPLOAD_LIMIT);
    return reply.send('');
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
        return reply.send('');
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
    { method: 'POST', path: '/ajax-api/2.0/mlflow/upload-artifact', permission: 'log', serve: upload },
    { method: 'GET', path: '/get-artifact', permission: 'read', serve: runArtifact },
    { method: 'GET', path: '/ajax-api/2.0/mlflow/get-artifact', permission: 'read', serve: runArtifact },
    {
      method: 'GET',
      path: '/ajax-api/2.0/mlflow/logged-models/:model_id/artifacts/files',
      permission: 'read',
      serve: modelArtifact,
    },
    { method: 'GET', path: '/model-versions/get-artifact', permission: 'read', serve: versionArtifact },
    {
      method: 'GET',
      path: '/ajax-api/2.0/mlflow/model-versions/get-artifact',
      permission: 'read',
      serve: versionArtifact,
    },
  ];
}
