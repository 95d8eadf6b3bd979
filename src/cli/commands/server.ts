import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { startServer } from '../../app/server.ts';
import type { Flags, Session } from '../session.ts';

export async function run({ config, out }: Session, _args: readonly string[], flags: Flags): Promise<void> {
  const given = Array.isArray(flags['project']) ? flags['project'].map(String) : [];
  const here = existsSync(join(process.cwd(), 'millwright.yaml')) ? ['.'] : [];
  const folders = (given.length === 0 ? here : given).map((folder) => resolve(folder));
  const server = await startServer(config, {
    folders,
    ...(typeof flags['webhook'] === 'string' ? { webhook: flags['webhook'] } : {}),
    signals: true,
  });
  out.result(server.record, () => [
    `${out.paint.bold('Millwright')} ${server.record.url}`,
    `  inference  ${server.record.rest}  gRPC ${server.record.grpc}`,
    `  MLflow     MLFLOW_TRACKING_URI=${server.record.url}`,
    `  home       ${config.home}`,
    ...(server.projects.length === 0 ? ['  no project here: mw init'] : [`  projects   ${server.projects.join(', ')}`]),
    out.paint.dim(`ready in ${server.readyMs} ms; Ctrl+C stops it, endpoints go on (mw stop --all ends them)`),
  ]);
}
