import { unwrap } from '../client/client.ts';
import type { Session } from '../session.ts';
import { whichEndpoint } from '../which-endpoint.ts';

export async function run({ api, out }: Session, args: readonly string[]): Promise<void> {
  const client = await api();
  const name = await whichEndpoint(client, args[0]);
  const done = await unwrap(client.POST('/api/v1/endpoints/{name}/rollback', { params: { path: { name } } }));
  out.result(done, () => [
    `${name} went back from v${done.from} to v${done.to} in ${Math.round(done.ms)} ms.`,
    out.paint.dim(`undo: mw rollback ${name}`),
  ]);
}
