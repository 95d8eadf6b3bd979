/** The model file of a version that a pipeline made: it is no artifact of its run, so MLflow's addresses do not have it. */
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { MillwrightError } from '../../domain/errors.ts';
import type { Permission } from '../../domain/identity.ts';
import type { ArtifactStore } from '../../ports/artifact-store.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';

const path = z.object({ name: z.string().min(1).max(250), version: z.coerce.number().int().positive() });

export function registerVersionFile(
  app: FastifyInstance,
  deps: {
    readonly store: Pick<MetadataStore, 'versions'>;
    readonly artifacts: ArtifactStore;
    readonly authorize: (request: FastifyRequest, permission: Permission) => Promise<unknown>;
  },
): void {
  app.get('/api/v1/model-files/:name/:version', async (request, reply) => {
    await deps.authorize(request, 'read');
    const { name, version } = path.parse(request.params);
    const found = await deps.store.versions.get(`${name}/${version}`);
    const digest = found?.deletedAt === undefined ? found?.lineage?.artifactDigest : undefined;
    if (digest === undefined)
      throw new MillwrightError('MW-NOT-FOUND', `no pipeline made a version ${version} of "${name}"`, {
        where: 'version',
      });
    return reply
      .type('application/octet-stream')
      .header('x-content-digest', digest)
      .send(Readable.from(await deps.artifacts.get(digest)));
  });
}
