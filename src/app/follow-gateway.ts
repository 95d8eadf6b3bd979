/** `mw gateway --follow`: a data plane with a home of its own that serves what a control plane elsewhere wants. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { MillwrightError } from '../domain/errors.ts';
import { type Config, isLoopbackHost } from '../platform/config.ts';
import { writeFileDurable } from '../platform/durable-file.ts';
import { lockHome, prepareHome } from '../platform/home.ts';
import { createLogger } from '../platform/logger.ts';
import { createFollowClient } from './follow-client.ts';
import { startFollowing } from './follow.ts';
import { startGateway } from './gateway-program.ts';
import { gatewaySettings } from './gateway-settings.ts';

export interface FollowSettings {
  readonly url: string;
  readonly name?: string;
  readonly restPort: number;
  readonly grpcPort: number;
  readonly workers?: number;
  /** How long the start waits for the control plane; without it the last routes are served. */
  readonly waitMs?: number;
}

export interface FollowingGateway {
  readonly name: string;
  readonly rest: string;
  readonly grpc: string;
  readonly endpoints: readonly string[];
  end(reason: string): Promise<void>;
}

const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;

/** The name that the control plane knows this gateway by; it stays with the home. */
async function nameOf(home: string, given: string | undefined): Promise<string> {
  const path = join(home, 'plane', 'gateway-name');
  const kept = await readFile(path, 'utf8').catch(() => '');
  const host = hostname()
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 40);
  const name = given ?? (kept === '' ? `${host || 'gateway'}-${randomBytes(4).toString('hex')}` : kept.trim());
  if (!NAME.test(name))
    throw new MillwrightError('MW-USAGE', `"${name.slice(0, 80)}" cannot be the name of a gateway`, {
      where: '--name',
      next: 'use 1 to 63 small letters, digits, dots, dashes or underscores',
    });
  if (name !== kept.trim()) await writeFileDurable(path, `${name}\n`);
  return name;
}

/** Throws MW-USAGE, MW-PORT-TAKEN, MW-HOME-IN-USE; not when the control plane is away: then the last routes are served. */
export async function followControlPlane(config: Config, options: FollowSettings): Promise<FollowingGateway> {
  const { home, host } = config;
  await prepareHome(home, ['plane', 'predictions']);
  const lock = await lockHome(home);
  try {
    const name = await nameOf(home, options.name);
    const log = createLogger({ level: config.logLevel });
    const settings = gatewaySettings([
      '--home',
      home,
      '--host',
      host,
      '--key',
      'follow',
      '--rest-port',
      String(options.restPort),
      '--grpc-port',
      String(options.grpcPort),
      ...(options.workers === undefined ? [] : ['--workers', String(options.workers)]),
      ...config.allowedHosts.flatMap((one) => ['--allow-host', one]),
      ...(config.requireToken || !isLoopbackHost(host) ? ['--require-token'] : []),
    ]);
    const gateway = await startGateway(settings, log, {
      onEnded: () => process.kill(process.pid, 'SIGTERM'),
      replaceable: false,
    });
    const following = startFollowing({
      home,
      plane: gateway.plane,
      client: createFollowClient({ url: options.url, gateway: name, token: config.token }),
      log,
      status: () => gateway.plane.status(gateway.addresses),
    });
    await Promise.race([
      following.caughtUp,
      new Promise<void>((resolve) => setTimeout(resolve, options.waitMs ?? 5_000).unref()),
    ]);
    return {
      name,
      ...gateway.addresses,
      endpoints: gateway.plane.serving.endpoints().map(({ endpoint }) => endpoint),
      async end(reason) {
        await gateway.end(reason);
        await following.stop();
        await lock.release();
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}
