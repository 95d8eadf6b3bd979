/** What this server says of itself to MLflow's clients. */
import { z } from 'zod';
import { route } from './route.ts';
import type { MlflowDeps, Route, StreamRoute } from './route.ts';

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
        multipart_uploads_enabled: false,
        multipart_downloads_enabled: false,
        presigned_upload_run_id_supported: false,
        presigned_upload_model_id_supported: false,
        features_enabled: { gateway: false },
      }),
    }),
  ];
}

export function serverStreams({ version }: MlflowDeps): readonly StreamRoute[] {
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
      serve: async (_request, reply) => reply.type('text/plain').send(version),
    },
  ];
}
