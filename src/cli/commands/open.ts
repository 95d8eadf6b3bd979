import { spawn } from 'node:child_process';
import { unwrap } from '../client/client.ts';
import type { Session } from '../session.ts';

export async function run({ api, out }: Session, args: readonly string[]): Promise<void> {
  const client = await api();
  const [server, home] = await Promise.all([unwrap(client.GET('/api/v1/server')), unwrap(client.GET('/api/v1/home'))]);
  const project = home.projects[0]?.name;
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
