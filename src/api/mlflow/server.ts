/** What this server says of itself to MLflow's clients. */
import { z } from 'zod';
import { route } from './route.ts';
import type { Route, StreamRoute } from './route.ts';

/**
 * The MLflow whose API this is. Its clients read it from `/version` to choose what they send: from 3.4 on they send spans by OTLP
 * while a trace runs. Millwright's own version is in `GET /api/v1/server`.
 */
const COMPAT_VERSION = '3.17.2';

export function serverRoutes(): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '3.0/mlflow/server-info',
      permission: 'public',
      input: z.object({}),
      handler: async () => ({
        store_type: 'SqlStore',
        workspaces_enabled: false,
        trace_archival_enabled: false,
        multipart_uploads_enabled: true,
        // Served to whoever asks, but not announced: clients would then ask twice for every file, however small.
        multipart_downloads_enabled: false,
        presigned_upload_run_id_supported: true,
        presigned_upload_model_id_supported: true,
        features_enabled: { gateway: false },
      }),
    }),
  ];
}

export function serverStreams(): readonly StreamRoute[] {
  return [
    {
      method: 'GET',
      path: '/health',
      permission: 'public',
      serve: async (_request, reply) => reply.type('text/plain').send('OK'),
    },
    {
      method: 'GET',
      path: '/version',
      permission: 'public',
      serve: async (_request, reply) => reply.type('text/plain').send(COMPAT_VERSION),
    },
  ];
}
