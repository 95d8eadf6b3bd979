import { stopPlane, stopServer } from '../../app/background.ts';
import type { Flags, Session } from '../session.ts';

export async function run({ config, out, server }: Session, _args: readonly string[], flags: Flags): Promise<void> {
  const record = await server();
  const stopped = await stopServer(config);
  const plane = flags['all'] === true ? await stopPlane(config) : false;
  out.result({ server: stopped, plane }, () => [
    record === undefined ? 'No server runs here.' : `The server (pid ${record.pid}) has stopped.`,
    plane
      ? 'The data plane has stopped: endpoints answer no more.'
      : flags['all'] === true
        ? 'No data plane runs here.'
        : 'Endpoints go on answering, if there are any: mw stop --all ends them too.',
  ]);
}
