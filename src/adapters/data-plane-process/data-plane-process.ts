/** The data plane as a process beside the control plane (ports/data-plane.ts): found or started, watched, and left alone at the end. */
import { MillwrightError } from '../../domain/errors.ts';
import type { ModelSignature } from '../../domain/registry.ts';
import type { DataPlane, PlaneRoute, PlaneStatus } from '../../ports/data-plane.ts';
import { askGateway } from './control-client.ts';
import {
  endKept,
  isThatProcess,
  keyOf,
  readRecord,
  replaceGateway,
  startGateway,
  statusOf,
  stopGateway,
  waitForKeeper,
} from './gateway-process.ts';
import type { GatewayCommand, GatewayRecord } from './gateway-process.ts';

const WATCH_MS = 500;
/** Unanswered questions in a row after which a living process counts as hung. */
const HUNG_AFTER = 8;
const STOP_MS = 15_000;
/** Loading and warming a large model takes its time. */
const APPLY_MS = 120_000;

export interface DataPlaneProcessOptions extends GatewayCommand {
  /** A new gateway took a dead one's place; it serves its last routes already. */
  readonly onRestart?: (info: { readonly pid: number; readonly reason: string }) => void;
  /** It died and could not be started; it is tried again. */
  readonly onTrouble?: (error: Error) => void;
}

export interface DataPlaneProcess extends DataPlane {
  /** Finds the living gateway of the home or starts one. Throws MW-PORT-TAKEN and the like. `found`: it was there before us. */
  start(): Promise<{ readonly status: PlaneStatus; readonly found: boolean }>;
  /** The documents that it serves by. */
  routes(): Promise<readonly PlaneRoute[]>;
  /** sha256 (hex) of the bearer tokens it accepts. */
  setTokens(hashes: readonly string[]): Promise<void>;
  /** Stops watching. The gateway lives on: it must survive the control plane. */
  close(): void;
  /** Stops watching and ends the gateway after its last answer: only when the operator stops the whole service on purpose. */
  stop(): Promise<void>;
}

function portOf(address: string): number {
  return Number(/:(\d+)$/.exec(address)?.[1] ?? 0);
}

export function createDataPlaneProcess(options: DataPlaneProcessOptions): DataPlaneProcess {
  let record: GatewayRecord | undefined;
  let watching = false;
  let timer: NodeJS.Timeout | undefined;
  let silent = 0;
  let failures = 0;

  /** Asked ports, or for a free one (0) the port the last gateway had. */
  function ports(last: GatewayRecord | undefined): { rest: number; grpc: number } {
    return { rest: options.restPort || portOf(last?.rest ?? ''), grpc: options.grpcPort || portOf(last?.grpc ?? '') };
  }

  async function startFresh(last: GatewayRecord | undefined): Promise<GatewayRecord> {
    const wanted = ports(last);
    try {
      return await startGateway(options, wanted);
    } catch (error) {
      const free = (options.restPort === 0 && wanted.rest !== 0) || (options.grpcPort === 0 && wanted.grpc !== 0);
      if (!(free && error instanceof MillwrightError && error.code === 'MW-PORT-TAKEN')) throw error;
      // The free port of the last time went to somebody else meanwhile: any other free one will do.
      return startGateway(options, { rest: options.restPort, grpc: options.grpcPort });
    }
  }

  async function restart(known: GatewayRecord, reason: string): Promise<void> {
    try {
      // It may have been replaced by hand since it was last looked at.
      const last = (await readRecord(options.home)) ?? known;
      const lives = last.pid !== known.pid && (await isThatProcess(last));
      const came = lives ? last : await waitForKeeper(options.home, last, () => watching);
      if (!watching) return;
      record = came ?? (await startFresh(last));
      failures = 0;
      silent = 0;
      options.onRestart?.({ pid: record.pid, reason });
    } catch (error) {
      failures += 1;
      options.onTrouble?.(error instanceof Error ? error : new Error(String(error)));
    }
  }

  async function look(): Promise<void> {
    const current = record;
    if (current === undefined) return;
    const status = await statusOf(current);
    if (status !== undefined && status.pid !== current.pid) {
      const now = (await readRecord(options.home)) ?? current;
      record = now;
      silent = 0;
      // Under the same keeper it was started again after a fault, quicker than we looked; a successor by hand brings its own.
      const again = now.pid !== current.pid && now.keeper !== undefined && now.keeper.pid === current.keeper?.pid;
      if (again) options.onRestart?.({ pid: now.pid, reason: 'the process was gone' });
      return;
    }
    if (await isThatProcess(current)) {
      if (status !== undefined) {
        silent = 0;
        return;
      }
      silent += 1;
      if (silent < HUNG_AFTER || !watching) return;
      process.kill(current.pid, 'SIGKILL');
      if (watching) await restart(current, `it did not answer ${HUNG_AFTER} times`);
      return;
    }
    if (watching) await restart(current, 'the process was gone');
  }

  function schedule(): void {
    if (!watching) return;
    const delay = failures === 0 ? WATCH_MS : Math.min(WATCH_MS * 2 ** failures, 30_000);
    timer = setTimeout(() => void look().finally(schedule), delay);
    timer.unref();
  }

  function socket(): string {
    if (record !== undefined) return record.socket;
    throw new MillwrightError('MW-UNAVAILABLE', 'the data plane is not started', { next: 'start it with: mw server' });
  }

  const ask = (
    method: 'GET' | 'PUT' | 'POST' | 'DELETE',
    path: string,
    body?: unknown,
    timeoutMs = 10_000,
  ): Promise<unknown> => askGateway(socket(), { method, path, timeoutMs, ...(body === undefined ? {} : { body }) });

  /** A living gateway of this home; one that was started otherwise than we would start it gives its place to one that is. */
  async function find(): Promise<GatewayRecord | undefined> {
    const found = await readRecord(options.home);
    if (found === undefined) return undefined;
    const ours = found.key === keyOf(options);
    if (!(await isThatProcess(found))) {
      if (ours) return waitForKeeper(options.home, found, () => true);
      await endKept(found);
      return undefined;
    }
    if ((await statusOf(found)) !== undefined) {
      const next = ours ? found : await replaceGateway(options, ports(found), found);
      if (next !== undefined) return next;
    }
    await stopGateway(found, STOP_MS);
    return undefined;
  }

  function close(): void {
    watching = false;
    clearTimeout(timer);
  }

  return {
    async start() {
      const living = await find();
      record = living ?? (await startFresh(await readRecord(options.home)));
      const status = await statusOf(record);
      if (status === undefined)
        throw new MillwrightError('MW-UNAVAILABLE', 'the data plane started and does not answer', {
          next: 'read plane/plane.log in the home',
        });
      watching = true;
      schedule();
      return { status, found: living !== undefined };
    },
    async apply(route) {
      await ask('PUT', '/routes', route, APPLY_MS);
    },
    async remove(endpoint) {
      await ask('DELETE', `/routes/${encodeURIComponent(endpoint)}`);
    },
    status: async () => (await ask('GET', '/status')) as PlaneStatus,
    signature: async (releaseId) => (await ask('GET', `/signature/${encodeURIComponent(releaseId)}`)) as ModelSignature,
    routes: async () => (await ask('GET', '/routes')) as readonly PlaneRoute[],
    async flush() {
      await ask('POST', '/flush', undefined, 30_000);
    },
    async setTokens(hashes) {
      await ask('PUT', '/tokens', hashes);
    },
    close,
    async stop() {
      close();
      // The file first: the one that we know may have been replaced since.
      const current = (await readRecord(options.home)) ?? record;
      if (current !== undefined) {
        if (await isThatProcess(current)) await stopGateway(current, STOP_MS);
        else await endKept(current);
      }
      record = undefined;
    },
  };
}
