/** `mw gateway replace`: the running data plane of a home gives its place to one of this installation. */
import { askGateway, isThatProcess, readRecord } from '../adapters/data-plane-process/index.ts';
import { MillwrightError } from '../domain/errors.ts';
import type { Config } from '../platform/config.ts';
import { gatewayFile } from './paths.ts';

interface Told {
  readonly pid: number;
  readonly rest: string;
  readonly grpc: string;
}

const told = ({ pid, rest, grpc }: Told): Told => ({ pid, rest, grpc });

/** Throws MW-NO-SERVER when none runs, and the successor's own error when it does not come up (then the old one serves on). */
export async function replaceGateway({ home }: Config): Promise<{ readonly before: Told; readonly after: Told }> {
  const before = await readRecord(home);
  if (before === undefined || !(await isThatProcess(before))) {
    throw new MillwrightError('MW-NO-SERVER', `no data plane runs for the home ${home}`, { next: 'mw server' });
  }
  await askGateway(before.socket, {
    method: 'POST',
    path: '/replace',
    body: { program: [process.execPath, gatewayFile()] },
    timeoutMs: 180_000,
  });
  return { before: told(before), after: told((await readRecord(home)) ?? before) };
}
