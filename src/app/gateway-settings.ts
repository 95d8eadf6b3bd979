/** The arguments of the gateway process. It is started by the data-plane adapter, so they are plain and complete. */
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { MillwrightError } from '../domain/errors.ts';
import { isLoopbackHost } from '../platform/config.ts';

export interface GatewaySettings {
  readonly home: string;
  readonly host: string;
  readonly restPort: number;
  readonly grpcPort: number;
  readonly socket: string;
  readonly workers: number | undefined;
  /** Models that are kept loaded at most. */
  readonly warmModels: number | undefined;
  readonly allowedHosts: readonly string[];
  readonly requireToken: boolean;
  /** In a cloud's model container: only its platform can reach it, under names of its own and without a token. */
  readonly container: boolean;
  /** A file, or `-` for standard output: one JSON line a call. */
  readonly accessLog: string | undefined;
  /** Percent of the calls in it. */
  readonly accessLogSample: number;
  /** Given back in plane.json: whoever finds this gateway later sees whether it is the one it would have started. */
  readonly key: string;
  /** The parent starts this process again after a fault. */
  readonly kept: boolean;
  /** The gateway before this one died by a fault of native code: models are kept in processes of their own. */
  readonly afterFault: boolean;
  /** Models are kept in processes of their own from the start. */
  readonly isolate: boolean;
  /** The parent is the gateway that this one replaces, and waits to hand its sockets over. */
  readonly takeover: boolean;
}

/** sun_path holds 107 bytes on Linux and 103 on macOS. A home deeper than that gets its socket in a private folder of the temporary folder. */
const SOCKET_PATH_LIMIT = 100;

function socketPath(home: string): string {
  const inHome = join(home, 'plane', 'control.sock');
  if (Buffer.byteLength(inHome) <= SOCKET_PATH_LIMIT) return inHome;
  return join(tmpdir(), `mw-${createHash('sha256').update(home).digest('hex').slice(0, 16)}`, 'control.sock');
}

function portOf(text: string, flag: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new MillwrightError('MW-USAGE', `${flag} ${text} is not a port`, {
    where: flag,
    next: 'give a number from 0 to 65535',
  });
}

function percentOf(text: string, flag: string): number {
  const percent = Number(text);
  if (text !== '' && percent >= 0 && percent <= 100) return percent;
  throw new MillwrightError('MW-USAGE', `${flag} ${text} is not a share`, {
    where: flag,
    next: 'give percent, from 0 to 100',
  });
}

/** Throws MW-USAGE, or MW-TOKEN-REQUIRED for an address that others can reach without a token. */
export function gatewaySettings(argv: readonly string[]): GatewaySettings {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      home: { type: 'string' },
      host: { type: 'string', default: '127.0.0.1' },
      'rest-port': { type: 'string', default: '8080' },
      'grpc-port': { type: 'string', default: '8081' },
      socket: { type: 'string' },
      workers: { type: 'string' },
      'warm-models': { type: 'string' },
      'allow-host': { type: 'string', multiple: true, default: [] },
      'require-token': { type: 'boolean', default: false },
      container: { type: 'boolean', default: false },
      'access-log': { type: 'string' },
      'access-log-sample': { type: 'string', default: '100' },
      key: { type: 'string', default: '' },
      kept: { type: 'boolean', default: false },
      'after-fault': { type: 'boolean', default: false },
      isolate: { type: 'boolean', default: false },
      takeover: { type: 'boolean', default: false },
    },
  });
  if (values.home === undefined)
    throw new MillwrightError('MW-USAGE', 'the gateway needs --home', { next: 'start it with: mw server' });
  if (!isLoopbackHost(values.host) && !values['require-token'] && !values.container) {
    throw new MillwrightError('MW-TOKEN-REQUIRED', `${values.host} can be reached from other machines`, {
      where: '--host',
      next: 'add --require-token, or use 127.0.0.1',
    });
  }
  const home = resolve(values.home);
  const workers = values.workers === undefined ? undefined : Number(values.workers);
  if (workers !== undefined && !(Number.isInteger(workers) && workers >= 1 && workers <= 64)) {
    throw new MillwrightError('MW-USAGE', `--workers ${values.workers} is not a number from 1 to 64`, {
      where: '--workers',
    });
  }
  const warmModels = values['warm-models'] === undefined ? undefined : Number(values['warm-models']);
  if (warmModels !== undefined && !(Number.isInteger(warmModels) && warmModels >= 1)) {
    throw new MillwrightError('MW-USAGE', `--warm-models ${values['warm-models']} is not a number from 1 up`, {
      where: '--warm-models',
    });
  }
  return {
    home,
    host: values.host,
    restPort: portOf(values['rest-port'], '--rest-port'),
    grpcPort: portOf(values['grpc-port'], '--grpc-port'),
    socket: values.socket ?? socketPath(home),
    workers,
    warmModels,
    allowedHosts: values.container ? ['*'] : values['allow-host'],
    requireToken: values['require-token'],
    container: values.container,
    accessLog:
      values['access-log'] === undefined || values['access-log'] === '-'
        ? values['access-log']
        : resolve(values['access-log']),
    accessLogSample: percentOf(values['access-log-sample'], '--access-log-sample'),
    key: values.key,
    kept: values.kept,
    afterFault: values['after-fault'],
    isolate: values.isolate,
    takeover: values.takeover,
  };
}
