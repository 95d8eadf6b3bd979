/** `mw serve`: one model on the data plane of `mw server`, in the foreground, with no control plane. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { containerContract } from '../api/containers/contract.ts';
import { MillwrightError } from '../domain/errors.ts';
import type { ModelSignature } from '../domain/registry.ts';
import { ENDPOINT_LIMITS } from '../domain/serving.ts';
import type { EndpointLimits } from '../domain/serving.ts';
import { type Config, containerEnvironment, isLoopbackHost } from '../platform/config.ts';
import { createLogger } from '../platform/logger.ts';
import { startGateway } from './gateway-program.ts';
import { gatewaySettings } from './gateway-settings.ts';
import { serveTarget } from './serve-target.ts';

export interface ServeOptions {
  readonly target: string;
  readonly name?: string;
  readonly host: string;
  readonly restPort: number;
  readonly grpcPort: number;
  readonly workers?: number;
  readonly python?: string;
  /** Folder that the prediction log is written to; without it nothing is kept. */
  readonly log?: string;
  readonly isolate: boolean;
  /** In a cloud's model container: address, port and routes as its environment says, no token. */
  readonly container: boolean;
  readonly limits: Partial<Pick<EndpointLimits, 'timeoutMs' | 'queue' | 'idleMs' | 'memoryMib'>> & {
    readonly replicas?: number;
    readonly perSecond?: number;
  };
}

export interface Served {
  readonly name: string;
  readonly version: number;
  readonly rest: string;
  readonly grpc: string;
  readonly signature: ModelSignature;
  readonly readyMs: number;
  /** Answers what is in flight, writes the log, removes what was only for this time. */
  end(reason: string): Promise<void>;
}

function limitsOf({ limits }: ServeOptions): EndpointLimits {
  const { replicas, perSecond, ...given } = limits;
  return {
    ...ENDPOINT_LIMITS,
    ...given,
    ...(replicas === undefined ? {} : { replicas: { min: 1, max: replicas } }),
    ...(perSecond === undefined ? {} : { perClient: { perSecond, burst: Math.max(1, Math.ceil(perSecond)) } }),
  };
}

/** Throws the coded errors of a wrong target, a model that does not load, a port that is taken. Nothing stays behind then. */
export async function serveModel(config: Config, options: ServeOptions): Promise<Served> {
  const started = performance.now();
  const container = options.container ? containerContract(containerEnvironment()) : undefined;
  const host = options.container ? (container?.host ?? '0.0.0.0') : options.host;
  if (!options.container && !isLoopbackHost(host) && (config.token ?? '').length < 16) {
    throw new MillwrightError(
      'MW-TOKEN-REQUIRED',
      `${host} can be reached from other machines, so a token of at least 16 characters is needed`,
      { where: '--host', next: `MILLWRIGHT_TOKEN=$(openssl rand -hex 32) mw serve ${options.target} --host …` },
    );
  }
  const home = await mkdtemp(join(tmpdir(), 'mw-serve-'));
  const remove = (): Promise<void> => rm(home, { recursive: true, force: true });
  try {
    const { limits } = options;
    const { model } = await serveTarget(options.target, config, {
      scratch: join(home, 'fetched'),
      ...(options.name === undefined ? {} : { name: options.name }),
      ...(options.python === undefined ? {} : { python: options.python }),
      ...(limits.timeoutMs === undefined ? {} : { timeoutMs: limits.timeoutMs }),
      ...(limits.memoryMib === undefined ? {} : { memoryMib: limits.memoryMib }),
    });
    if (options.log !== undefined) {
      const folder = resolve(options.log);
      await mkdir(folder, { recursive: true });
      await symlink(folder, join(home, 'predictions'), 'dir');
    }
    const needsToken = !options.container && (!isLoopbackHost(host) || config.requireToken);
    const settings = gatewaySettings([
      '--home',
      home,
      '--host',
      host,
      '--key',
      'serve',
      '--rest-port',
      String(container?.port ?? options.restPort),
      '--grpc-port',
      String(options.grpcPort),
      ...(options.workers === undefined ? [] : ['--workers', String(options.workers)]),
      ...config.allowedHosts.flatMap((name) => ['--allow-host', name]),
      ...(needsToken ? ['--require-token'] : []),
      ...(options.isolate ? ['--isolate'] : []),
      ...(options.container ? ['--container'] : []),
    ]);
    const log = createLogger({ level: 'error' });
    const gateway = await startGateway(settings, log, { onEnded: () => undefined, replaceable: false });
    try {
      if (needsToken)
        await gateway.plane.setTokens([
          createHash('sha256')
            .update(config.token ?? '')
            .digest('hex'),
        ]);
      await gateway.plane.serving.apply({
        endpoint: model.model,
        epoch: 1,
        weights: [{ releaseId: model.releaseId, percent: 100 }],
        models: [model],
        limits: limitsOf(options),
        log: { sample: options.log === undefined ? 0 : 100, redact: [] },
      });
      return {
        name: model.model,
        version: model.version,
        ...gateway.addresses,
        signature: gateway.plane.serving.releaseSignature(model.releaseId),
        readyMs: Math.round(performance.now() - started),
        async end(reason) {
          await gateway.end(reason);
          await remove();
        },
      };
    } catch (error) {
      await gateway.end('the model cannot be served');
      throw error;
    }
  } catch (error) {
    await remove();
    throw error;
  }
}
