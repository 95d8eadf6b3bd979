import { spawn } from 'node:child_process';
import { readProject } from '../../app/read-project.ts';
import { unwrap } from '../client/client.ts';
import type { Session } from '../session.ts';

export async function run({ api, out }: Session, args: readonly string[]): Promise<void> {
  const client = await api();
  const [server, home] = await Promise.all([unwrap(client.GET('/api/v1/server')), unwrap(client.GET('/api/v1/home'))]);
  // The endpoint's project, else the one of this folder, else the only one that comes to mind.
  const named = /^\/?endpoints\/([^/]+)/.exec(args[0] ?? '')?.[1];
  const here = await readProject(process.cwd()).catch(() => undefined);
  const project = (
    home.projects.find((one) => named !== undefined && one.endpoint === named) ??
    home.projects.find((one) => one.name === here?.project) ??
    home.projects[0]
  )?.name;
  const page =
    args[0] === undefined ? '/' : project === undefined ? `/${args[0]}` : `/p/${project}/${args[0].replace(/^\//, '')}`;
  const url = `${server.url}${page}`;
  out.result({ url }, () => [url]);
  if (!out.live) return;
  const program = process.platform === 'darwin' ? 'open' : process.platform === 'win32' ? 'explorer' : 'xdg-open';
  // No browser on this machine is no error: the address was printed.
  spawn(program, [url], { stdio: 'ignore', detached: true })
    .on('error', () => undefined)
    .unref();
}
