import { stopPlane } from '../../app/background.ts';
import type { Session } from '../session.ts';
import { setTimeout as sleep } from 'node:timers/promises';

export async function run(
  { config, out, server }: Session,
  _args: readonly string[],
  flags: Readonly<Record<string, unknown>>,
): Promise<void> {
  const record = await server();
  if (record !== undefined) {
    process.kill(record.pid, 'SIGTERM');
    for (let i = 0; i < 120 && (await server()) !== undefined; i += 1) await sleep(100);
  }
  const plane = flags['all'] === true ? await stopPlane(config) : false;
  out.result({ server: record !== undefined, plane }, () => [
    record === undefined ? 'No server runs here.' : `The server (pid ${record.pid}) has stopped.`,
    plane
      ? 'The data plane has stopped: endpoints answer no more.'
      : 'Endpoints go on answering, if there are any: mw stop --all ends them too.',
  ]);
}
