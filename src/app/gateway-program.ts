/** A gateway from its start to its end: home, control door, last routes, sockets of its own or of the gateway it replaces. */
import { mkdir } from 'node:fs/promises';
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { errorBody, MillwrightError } from '../domain/errors.ts';
import type { Logger } from '../platform/logger.ts';
import { startTimeOf } from '../platform/process-identity.ts';
import { openControl } from './gateway-control.ts';
import type { ControlDoor, ReplaceRequest } from './gateway-control.ts';
import { handOver, predecessor } from './gateway-handover.ts';
import type { Listening, Successor } from './gateway-handover.ts';
import { createGatewayPlane } from './gateway-plane.ts';
import type { GatewayPlane } from './gateway-plane.ts';
import { listenAgain, listenOnTaken } from './gateway-ports.ts';
import type { PortName } from './gateway-ports.ts';
import type { GatewaySettings } from './gateway-settings.ts';
import { lastPorts, prepareSocketFolder, readRoutes, writePlaneRecord } from './plane-files.ts';

/** A client on a kept connection that is told to leave by its next answer never meets a closed one. */
const LINGER_MS = { replaced: 5_000, ended: 250 };

export interface Gateway {
  readonly plane: GatewayPlane;
  readonly addresses: { readonly rest: string; readonly grpc: string };
  /** Answers what is in flight, writes the prediction log; resolves when it is all done. Twice is once. */
  end(reason: string): Promise<void>;
}

export interface GatewayOptions {
  /** Called when the end was asked for through the control door. */
  readonly onEnded: () => void;
  /** It may be replaced by another process (not when somebody waits for this very one). */
  readonly replaceable: boolean;
}

const NAMES = ['rest', 'grpc'] as const;

/** "Every address" is no address to call, and no name that the Host check lets through. */
function calledBy(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '[::1]' : host;
}

/** The arguments this process was started with, but for what was said about that one start. */
function ownArguments(): readonly string[] {
  const once = ['--kept', '--takeover', '--after-fault'];
  return process.argv.slice(2).filter((argument) => !once.includes(argument));
}

async function restore(plane: GatewayPlane, home: string, log: Logger): Promise<void> {
  for (const { endpoint, error } of await plane.serving.restore(await readRoutes(home)))
    log.error({ endpoint, error }, 'the last route cannot be served');
}

/** What changed on disk since the routes were read: the gateway before went on taking changes until it was frozen. */
async function catchUp(plane: GatewayPlane, home: string, log: Logger): Promise<void> {
  await plane.readTokens();
  const routes = await readRoutes(home);
  const known = new Map(plane.serving.endpoints().map(({ endpoint, epoch }) => [endpoint, epoch]));
  for (const route of routes) {
    const epoch = known.get(route.endpoint);
    known.delete(route.endpoint);
    if (epoch !== undefined && epoch >= route.epoch) continue;
    await plane.serving
      .apply(route)
      .catch((error: unknown) => log.error({ endpoint: route.endpoint, error }, 'the last route cannot be served'));
  }
  for (const endpoint of known.keys()) await plane.serving.remove(endpoint);
}

interface Before {
  readonly channel: Successor;
  readonly listening: Listening;
}

/** Is that socket of the gateway before the one that is asked for? */
function inherits(settings: GatewaySettings, before: Before | undefined, name: PortName): before is Before {
  const asked = name === 'rest' ? settings.restPort : settings.grpcPort;
  return before?.listening.host === settings.host && (asked === 0 || asked === before.listening[name]);
}

/** Opens the sockets that are not taken over. */
async function listenFresh(plane: GatewayPlane, settings: GatewaySettings, before: Before | undefined) {
  const last = before === undefined ? await lastPorts(settings.home) : { rest: 0, grpc: 0 };
  const ports: Record<PortName, number> = { rest: 0, grpc: 0 };
  for (const name of NAMES) {
    if (inherits(settings, before, name)) continue;
    const asked = name === 'rest' ? settings.restPort : settings.grpcPort;
    ports[name] = await listenAgain(name, plane.sockets[name], settings.host, { asked, last: last[name] });
  }
  return ports;
}

/** Serves when it resolves. Throws the coded errors of the start (MW-PORT-TAKEN, MW-HOME-IN-USE …). */
export async function startGateway(settings: GatewaySettings, log: Logger, options: GatewayOptions): Promise<Gateway> {
  const { home, host } = settings;
  await mkdir(join(home, 'plane'), { recursive: true, mode: 0o700 });
  await prepareSocketFolder(settings.socket);
  const channel = settings.takeover ? predecessor() : undefined;
  try {
    return await start();
  } catch (error) {
    channel?.failed(
      errorBody(error instanceof MillwrightError ? error : new MillwrightError('MW-INTERNAL', String(error))).error,
    );
    throw error;
  }

  async function start(): Promise<Gateway> {
    let addresses = { rest: '', grpc: '' };
    let listening: Listening = { host, rest: 0, grpc: 0 };
    let control: ControlDoor | undefined;
    let ended: Promise<void> | undefined;
    let replacing = false;

    const end = (reason: string, lingerMs = LINGER_MS.ended): Promise<void> =>
      (ended ??= (async () => {
        log.info({ reason }, 'draining');
        // Nothing else may keep the process alive by now (the log's writer does not), and it would end with rows unwritten.
        const alive = setInterval(() => undefined, 60_000);
        await plane.close(lingerMs).finally(() => clearInterval(alive));
        log.info({}, 'stopped');
      })());

    async function replace({ command, program }: ReplaceRequest): Promise<void> {
      if (!options.replaceable || replacing || ended !== undefined || addresses.rest === '') {
        throw new MillwrightError(
          'MW-STATE',
          options.replaceable
            ? 'this gateway is starting, being replaced, or ending'
            : 'this gateway runs in the foreground',
          { next: options.replaceable ? 'try again in a moment' : 'stop it and start the other one' },
        );
      }
      replacing = true;
      const next = command ?? [...(program ?? [process.execPath, process.argv[1] ?? '']), ...ownArguments()];
      try {
        log.info({}, 'a successor is started');
        await handOver({
          home,
          command: next,
          listening,
          sockets: plane.sockets,
          freeze: async () => control?.close(),
          thaw: async () => control?.open(),
        });
      } finally {
        replacing = false;
      }
      // After the answer to whoever asked.
      setImmediate(() => void end('replaced', LINGER_MS.replaced).then(options.onEnded));
    }

    const openDoor = async (): Promise<void> => {
      control = await openControl(settings.socket, {
        serving: plane.serving,
        routes: () => readRoutes(home),
        flush: () => plane.flush(),
        drain: () => void end('asked by the control plane').then(options.onEnded),
        setTokens: (hashes) => plane.setTokens(hashes),
        status: () => plane.status(addresses),
        replace,
      });
    };

    const plane = await createGatewayPlane(settings, log);
    const before = channel === undefined ? undefined : { channel, listening: await channel.start() };
    // First the door: a second gateway of this home must not open ports or load anything.
    if (before === undefined) await openDoor();
    await plane.readTokens();
    await restore(plane, home, log);
    // While the gateway before has given nothing away: a port that is taken costs nothing yet.
    const ports = await listenFresh(plane, settings, before);
    if (before !== undefined) {
      await before.channel.warm();
      await catchUp(plane, home, log);
      await openDoor();
    }
    plane.ready = true;
    await before?.channel.sockets(
      NAMES.filter((name) => inherits(settings, before, name)),
      (name, socket) => {
        ports[name] = listenOnTaken(plane.sockets[name], socket);
      },
    );
    listening = { host, ...ports };
    addresses = { rest: `http://${calledBy(host)}:${ports.rest}`, grpc: `${calledBy(host)}:${ports.grpc}` };
    await writePlaneRecord(home, {
      pid: process.pid,
      processStart: (await startTimeOf(process.pid)) ?? '',
      startedAt: plane.status(addresses).startedAt,
      ...addresses,
      socket: settings.socket,
      key: settings.key,
      ...(settings.kept ? { keeper: { pid: process.ppid, start: (await startTimeOf(process.ppid)) ?? '' } } : {}),
    });
    before?.channel.serving();
    log.info({ pid: process.pid, ...addresses, ms: Math.round(performance.now()) }, 'ready');
    // It would be written at the end only, and a gateway may be killed.
    flushCompileCache();
    return { plane, addresses, end: (reason) => end(reason) };
  }
}
