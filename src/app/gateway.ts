/**
 * The data plane: a process of its own that serves its last routes with or without a control plane. Started detached by the
 * data-plane adapter, or by the gateway it replaces; on standard error it says in one JSON line that it is ready, or why it is not
 * (and exits 1).
 */
import { errorBody, MillwrightError } from '../domain/errors.ts';
import { createCappedLog } from './gateway-log.ts';
import { startGateway } from './gateway-program.ts';
import type { Gateway } from './gateway-program.ts';
import { gatewaySettings } from './gateway-settings.ts';

let gateway: Gateway | undefined;

function exit(): void {
  // An exit waits for all threads, also for one that is in the engine for ever. Everything is written by now.
  if ((gateway?.plane.stuck() ?? 0) > 0) {
    process.removeAllListeners('SIGTERM');
    process.kill(process.pid, 'SIGTERM');
  }
  process.exit(0);
}

function fail(error: unknown): void {
  const coded =
    error instanceof MillwrightError
      ? error
      : new MillwrightError('MW-INTERNAL', error instanceof Error ? (error.stack ?? error.message) : String(error));
  // Once it is up a fault is worth another try; before, the same would happen again. See keeper.ts for what the codes mean there.
  const code = gateway !== undefined ? 70 : coded.code === 'MW-HOME-IN-USE' ? 3 : 1;
  process.stderr.write(`${JSON.stringify(errorBody(coded))}\n`, () => process.exit(code));
}

process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);
// The terminal that started the server may be closed; the service goes on.
process.on('SIGHUP', () => undefined);

try {
  gateway = await startGateway(gatewaySettings(process.argv.slice(2)), createCappedLog(), {
    onEnded: exit,
    replaceable: true,
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void gateway?.end(signal).then(exit));
} catch (error) {
  fail(error);
}
