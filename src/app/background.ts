/** Starts a server beside a command when none runs, and ends the data plane on request. */
import { spawn } from 'node:child_process';
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MillwrightError } from '../domain/errors.ts';
import type { Config } from '../platform/config.ts';
import { inheritedEnvironment } from '../platform/config.ts';
import { mainFile } from './paths.ts';
import type { PlaneRecord } from './plane-files.ts';
import { isRunning, startTimeOf } from '../platform/process-identity.ts';
import type { ServerRecord } from './server.ts';
import { serverOf } from './server-record.ts';

const PATIENCE_MS = 30_000;

/** Starts `mw server` detached for the folder and waits until it answers. Throws with the server's own last words when it does not. */
export async function ensureServer(
  config: Config,
  folder: string,
  note: (line: string) => void,
): Promise<ServerRecord> {
  await mkdir(config.home, { recursive: true, mode: 0o700 });
  const logPath = join(config.home, 'server.log');
  const log = await open(logPath, 'a', 0o600);
  const args = [
    mainFile(),
    'server',
    '--project',
    folder,
    '--home',
    config.home,
    '--host',
    config.host,
    '--port',
    String(config.port),
    '--rest-port',
    String(config.restPort),
    '--grpc-port',
    String(config.grpcPort),
  ];
  const child = spawn(process.execPath, args, {
    cwd: folder,
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    env: {
      ...inheritedEnvironment(),
      // Settings of this command that the server must share; in the environment, where a password is nobody else's to read.
      ...(config.metadata === undefined ? {} : { MILLWRIGHT_METADATA: config.metadata }),
      ...(config.artifacts === undefined ? {} : { MILLWRIGHT_ARTIFACTS: config.artifacts }),
      ...(config.token === undefined ? {} : { MILLWRIGHT_TOKEN: config.token }),
      MILLWRIGHT_REQUIRE_TOKEN: String(config.requireToken),
    },
  });
  child.unref();
  let ended = false;
  child.once('exit', () => {
    ended = true;
  });
  const until = Date.now() + PATIENCE_MS;
  try {
    while (Date.now() < until) {
      const record = await serverOf(config.home);
      if (record !== undefined) {
        note(`${record.pid === child.pid ? 'started the server' : 'the server is there'}: ${record.url}`);
        return record;
      }
      // Another command may have been a moment quicker: then its server is the one to wait for.
      if (ended && (await lastWords(logPath)).code !== 'MW-HOME-IN-USE') break;
      await sleep(50);
    }
  } finally {
    await log.close();
  }
  throw await lastWords(logPath);
}

/** The error that the server printed last, as its own; JSON lines are the log of its work. */
async function lastWords(logPath: string): Promise<MillwrightError> {
  const lines = (await readFile(logPath, 'utf8')).split('\n').filter((line) => line !== '' && !line.startsWith('{'));
  const said = lines.slice(
    Math.max(
      0,
      lines.findLastIndex((line) => line.startsWith('mw: ')),
    ),
  );
  const next = said.find((line) => line.startsWith('    next: '))?.slice(10);
  const taken = said.some((line) => line.includes('MW-PORT-TAKEN'));
  const inUse = said.some((line) => line.includes('MW-HOME-IN-USE'));
  const why = said[0]?.replace('mw: ', '') ?? 'it ended without a word';
  return new MillwrightError(
    taken ? 'MW-PORT-TAKEN' : inUse ? 'MW-HOME-IN-USE' : 'MW-NO-SERVER',
    `the server did not start: ${why}`,
    {
      where: logPath,
      next: taken || next === undefined ? 'mw server --port 5001 --rest-port 8090 --grpc-port 8091' : next,
    },
  );
}

/** True when there was a data plane to stop. */
export async function stopPlane(config: Config): Promise<boolean> {
  let asked = false;
  try {
    const { pid, processStart, keeper } = JSON.parse(
      await readFile(join(config.home, 'plane', 'plane.json'), 'utf8'),
    ) as PlaneRecord;
    // The record may be old, and its pid somebody else's by now.
    const started = await startTimeOf(pid);
    const gone = started !== undefined && started !== processStart;
    // First the keeper: it would start a gateway that died by a fault again. The group is its own and the gateway's.
    if (keeper !== undefined && keeper.start !== '' && (await startTimeOf(keeper.pid)) === keeper.start)
      process.kill(gone ? -keeper.pid : keeper.pid, 'SIGKILL');
    if (gone) return false;
    process.kill(pid, 'SIGTERM');
    asked = true;
    for (let i = 0; i < 150; i += 1) {
      await sleep(100);
      process.kill(pid, 0);
    }
    return true;
  } catch {
    // Gone: because of us, or before we asked.
    return asked;
  }
}

/** Asks the server of this home to end and waits for it. */
export async function stopServer(config: Config): Promise<boolean> {
  const record = await serverOf(config.home);
  if (record === undefined) return false;
  process.kill(record.pid, 'SIGTERM');
  // Its record goes first and its watch over the data plane later: until the process is gone it would start that again.
  for (let i = 0; i < 200 && isRunning(record.pid); i += 1) await sleep(100);
  return true;
}
