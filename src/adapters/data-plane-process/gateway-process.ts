/** Finds the gateway of a home, or starts it: detached, in a session of its own, with its output in plane/plane.log. */
import { spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MillwrightError } from '../../domain/errors.ts';
import { inheritedEnvironment } from '../../platform/config.ts';
import { isRunning, startTimeOf } from '../../platform/process-identity.ts';
import type { PlaneStatus } from '../../ports/data-plane.ts';
import { askGateway, codedErrorOf } from './control-client.ts';
import { kept } from './keeper.ts';

const LOG_LIMIT_BYTES = 8 * 1024 * 1024;
const START_MS = 60_000;
const ASK_MS = 2_000;
/** The successor loads and warms everything first; the old one serves meanwhile. */
const REPLACE_MS = 180_000;
/** A keeper that waits this long to start again is taken over. */
const KEEPER_MS = 8_000;

export interface GatewayRecord {
  readonly pid: number;
  readonly processStart: string;
  readonly startedAt: number;
  readonly rest: string;
  readonly grpc: string;
  readonly socket: string;
  readonly key: string;
  /** Of the shell that starts it again after a fault (keeper.ts). */
  readonly keeper?: { readonly pid: number; readonly start: string };
}

export interface GatewayCommand {
  readonly home: string;
  /** Interpreter and program: `[process.execPath, '…/app/gateway.ts']`. */
  readonly command: readonly string[];
  readonly host: string;
  readonly restPort: number;
  readonly grpcPort: number;
  readonly workers?: number;
  readonly allowedHosts?: readonly string[];
  readonly requireToken?: boolean;
  /** A file, or `-`: one JSON line a call, of this share of the calls (percent, default 100). */
  readonly accessLog?: string;
  readonly accessLogSample?: number;
  /** Models that are kept loaded at most; default: no limit. */
  readonly warmModels?: number;
  /** Of the program: a found gateway of another version is replaced. */
  readonly version?: string;
}

/** What makes one gateway as good as another: a found one with another key was started with other settings or by another version. */
export function keyOf(command: GatewayCommand): string {
  const { host, restPort, grpcPort, workers, allowedHosts, requireToken } = command;
  return JSON.stringify([
    command.command,
    host,
    restPort,
    grpcPort,
    workers ?? 0,
    allowedHosts ?? [],
    requireToken ?? false,
    command.version ?? '',
    ...(command.accessLog === undefined ? [] : [command.accessLog, command.accessLogSample ?? 100]),
    ...(command.warmModels === undefined ? [] : [`warm ${command.warmModels}`]),
  ]);
}

export async function readRecord(home: string): Promise<GatewayRecord | undefined> {
  try {
    const record = JSON.parse(await readFile(join(home, 'plane', 'plane.json'), 'utf8')) as GatewayRecord | null;
    // Signals go to this number: 0 and what is below are not one process but many.
    return Number.isSafeInteger(record?.pid) && Number(record?.pid) > 0 ? (record ?? undefined) : undefined;
  } catch {
    // Not there, or half of an older version's: then there is nothing to find.
    return undefined;
  }
}

/** Is the recorded process still that process, and not a later one with its pid? */
export async function isThatProcess(record: GatewayRecord): Promise<boolean> {
  if (!isRunning(record.pid)) return false;
  const start = await startTimeOf(record.pid);
  return start !== 'gone' && (start === undefined || start === record.processStart);
}

export async function statusOf(record: GatewayRecord): Promise<PlaneStatus | undefined> {
  try {
    return (await askGateway(record.socket, { method: 'GET', path: '/status', timeoutMs: ASK_MS })) as PlaneStatus;
  } catch {
    return undefined;
  }
}

function openLog(path: string): number {
  try {
    if (statSync(path).size > LOG_LIMIT_BYTES) renameSync(path, `${path}.1`);
  } catch {
    // There is none yet.
  }
  return openSync(path, 'a', 0o600);
}

/** What a gateway that ended at once had to say: the last line that is a coded error. */
function lastError(path: string, from: number): MillwrightError | undefined {
  const fd = openSync(path, 'r');
  try {
    const size = Math.min(fstatSync(fd).size - from, 65_536);
    const bytes = Buffer.alloc(Math.max(size, 0));
    readSync(fd, bytes, 0, bytes.length, from);
    return bytes
      .toString('utf8')
      .split('\n')
      .flatMap((line) => codedErrorOf(line) ?? [])
      .at(-1);
  } finally {
    closeSync(fd);
  }
}

interface Ports {
  readonly rest: number;
  readonly grpc: number;
}

function commandLine(command: GatewayCommand, ports: Ports): readonly string[] {
  const line = [...command.command, '--home', command.home, '--host', command.host];
  line.push('--rest-port', String(ports.rest), '--grpc-port', String(ports.grpc));
  if (command.workers !== undefined) line.push('--workers', String(command.workers));
  for (const name of command.allowedHosts ?? []) line.push('--allow-host', name);
  if (command.requireToken === true) line.push('--require-token');
  if (command.accessLog !== undefined) line.push('--access-log', command.accessLog);
  if (command.accessLogSample !== undefined) line.push('--access-log-sample', String(command.accessLogSample));
  if (command.warmModels !== undefined) line.push('--warm-models', String(command.warmModels));
  return [...line, '--key', keyOf(command)];
}

/**
 * A living gateway gives its place to one with these settings and this program, with no connection dropped. Undefined when the old
 * one cannot do that (it is of a version before, or listens on another address): then it has to be stopped. Throws the successor's
 * own coded error; the old one goes on then.
 */
export async function replaceGateway(
  command: GatewayCommand,
  ports: Ports,
  old: GatewayRecord,
): Promise<GatewayRecord | undefined> {
  try {
    await askGateway(old.socket, {
      method: 'POST',
      path: '/replace',
      body: { command: commandLine(command, ports) },
      timeoutMs: REPLACE_MS,
    });
  } catch (error) {
    if (!(error instanceof MillwrightError)) throw error;
    const moved = error.code === 'MW-PORT-TAKEN' && !old.rest.includes(`//${command.host}:`);
    if (error.code === 'MW-ROUTE' || moved) return undefined;
    throw error;
  }
  const record = await readRecord(command.home);
  return record?.key === keyOf(command) ? record : undefined;
}

/**
 * Starts a gateway and waits until it is ready. `ports` overrides the asked ports: a restarted one must come back where its callers
 * know it, also when the first was given a free port. Throws the gateway's own coded error (MW-PORT-TAKEN …) or MW-UNAVAILABLE.
 */
export async function startGateway(command: GatewayCommand, ports: Ports): Promise<GatewayRecord> {
  const folder = join(command.home, 'plane');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const logPath = join(folder, 'plane.log');
  const fd = openLog(logPath);
  const logStart = fstatSync(fd).size;
  const [first = process.execPath, ...rest] = kept(commandLine(command, ports));
  const child = spawn(first, rest, {
    detached: true,
    stdio: ['ignore', fd, fd],
    cwd: command.home,
    // A program's own call to enable the cache comes after its imports; the variable comes before them.
    env: { NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache'), ...inheritedEnvironment() },
  });
  closeSync(fd);
  let ended: string | undefined;
  child.on('exit', (code, signal) => {
    ended = signal ?? `exit code ${code}`;
  });
  child.on('error', (error) => {
    ended = error.message;
  });
  child.unref();
  const until = performance.now() + START_MS;
  while (performance.now() < until) {
    if (ended !== undefined) {
      throw (
        lastError(logPath, logStart) ??
        new MillwrightError('MW-UNAVAILABLE', `the data plane ended at once: ${ended}`, {
          where: logPath,
          next: `read ${logPath}`,
        })
      );
    }
    const record = await readRecord(command.home);
    if (record !== undefined && isOf(record, child.pid) && (await statusOf(record)) !== undefined) return record;
    await sleep(25);
  }
  // Keeper and gateway: the group is theirs alone.
  if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  throw new MillwrightError('MW-UNAVAILABLE', `the data plane was not ready in ${START_MS / 1000} s`, {
    where: logPath,
    next: `read ${logPath}`,
  });
}

/** Asks it to end after its last answer; ends it the hard way when it does not. */
export async function stopGateway(record: GatewayRecord, ms: number): Promise<void> {
  await askGateway(record.socket, { method: 'POST', path: '/drain', timeoutMs: ASK_MS }).catch(() => undefined);
  const until = performance.now() + ms;
  while (performance.now() < until) {
    if (!(await isThatProcess(record))) return;
    await sleep(25);
  }
  await endKeeper(record);
  if (await isThatProcess(record)) process.kill(record.pid, 'SIGKILL');
}

const isOf = (record: GatewayRecord, pid: number | undefined): boolean =>
  record.pid === pid || record.keeper?.pid === pid;

/** Before a gateway is ended the hard way: its keeper would take that for a fault. */
async function endKeeper(record: GatewayRecord): Promise<void> {
  if (record.keeper !== undefined && (await hasKeeper(record))) process.kill(record.keeper.pid, 'SIGKILL');
}

/** The recorded keeper itself, not a later process with its pid. */
async function hasKeeper({ keeper }: GatewayRecord): Promise<boolean> {
  return keeper !== undefined && isRunning(keeper.pid) && (await startTimeOf(keeper.pid)) === keeper.start;
}

/** Ends the keeper of a dead gateway and what it may be starting at this moment: the group is theirs alone. */
export async function endKept(record: GatewayRecord): Promise<void> {
  if (record.keeper !== undefined && (await hasKeeper(record))) process.kill(-record.keeper.pid, 'SIGKILL');
}

/** The gateway that the keeper of a dead one has started in its place; undefined when there is no keeper or it does not come up. */
export async function waitForKeeper(
  home: string,
  dead: GatewayRecord,
  going: () => boolean,
): Promise<GatewayRecord | undefined> {
  const until = performance.now() + KEEPER_MS;
  while (going() && performance.now() < until && (await hasKeeper(dead))) {
    const record = await readRecord(home);
    if (
      record !== undefined &&
      record.pid !== dead.pid &&
      record.key === dead.key &&
      (await statusOf(record)) !== undefined
    )
      return record;
    await sleep(50);
  }
  // Two that start gateways would be in each other's way.
  if (going()) await endKept(dead);
  return undefined;
}
