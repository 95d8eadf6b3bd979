/** What every command gets: settings, output, and a way to the server; and how its errors end the program. */
import type { Command } from 'commander';
import { errorBody, MillwrightError, recognized } from '../domain/errors.ts';
import { type Config, noColor, readConfig } from '../platform/config.ts';
import type { ServerRecord } from '../app/server.ts';
import { serverOf } from '../app/server-record.ts';
import { type Api, apiAt } from './client/client.ts';
import { createOutput, type Output } from './output.ts';

export interface Session {
  readonly config: Config;
  readonly out: Output;
  readonly debug: boolean;
  /** The API of the running server. Throws MW-NO-SERVER with how to start one. */
  readonly api: () => Promise<Api>;
  /** Every command with its summary: for completion. */
  readonly commands: readonly { readonly name: string; readonly summary: string }[];
  /** Undefined when a URL was given or none runs. */
  readonly server: () => Promise<ServerRecord | undefined>;
}

interface CommonFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly color?: boolean;
  readonly debug?: boolean;
  readonly home?: string;
  readonly url?: string;
}

/** What commander hands over. */
export type Flags = Readonly<Record<string, unknown>>;

/** The text of a flag; undefined when it was not given or has no text. */
export function textFlag(flags: Flags, name: string): string | undefined {
  const value = flags[name];
  return typeof value === 'string' ? value : undefined;
}

const SETTINGS = [
  'home',
  'host',
  'port',
  'restPort',
  'grpcPort',
  'metadata',
  'artifacts',
  'logLevel',
  'allowedHosts',
  'url',
] as const;

function sessionOf(command: Command): Session {
  const flags = command.optsWithGlobals<CommonFlags & Record<string, unknown>>();
  const config = readConfig(
    // A flag without a value is the command's own (`mw export --artifacts`).
    Object.fromEntries(SETTINGS.map((key) => [key, flags[key] === true ? undefined : flags[key]])),
  );
  const plain = flags.color === false || noColor() || !process.stdout.isTTY;
  const out = createOutput({ json: flags.json === true, quiet: flags.quiet === true, color: !plain });
  return {
    config,
    out,
    debug: flags.debug === true,
    commands: (command.parent?.commands ?? []).map((one) => ({ name: one.name(), summary: one.summary() })),
    server: () => (config.url === undefined ? serverOf(config.home) : Promise.resolve(undefined)),
    async api() {
      const url = config.url ?? (await serverOf(config.home))?.url;
      if (url === undefined) {
        throw new MillwrightError('MW-NO-SERVER', `no server runs for the home ${config.home}`, {
          next: 'mw server (or mw run, which starts one)',
        });
      }
      return apiAt(url, config.token);
    },
  };
}

function known(error: unknown): MillwrightError {
  const message = error instanceof Error ? error.message : String(error);
  return (
    recognized(error) ??
    new MillwrightError('MW-INTERNAL', message, {
      cause: error,
      next: 'run it again with --debug and report what it prints',
    })
  );
}

/** Prints an error as text (stderr) or JSON (stdout) and sets the exit code. No stack without --debug. */
export function fail(error: unknown, flags: { readonly json: boolean; readonly debug: boolean }): void {
  const told = known(error);
  process.exitCode = told.kind.exit;
  if (flags.json) {
    process.stdout.write(`${JSON.stringify(errorBody(told))}\n`);
    return;
  }
  const lines = [`mw: ${told.message}`];
  if (told.where !== undefined) lines.push(`    at ${told.where}`);
  if (told.next !== undefined) lines.push(`    next: ${told.next}`);
  lines.push(`    ${told.code}`);
  if (flags.debug) lines.push(told.stack ?? '', told.cause instanceof Error ? (told.cause.stack ?? '') : '');
  process.stderr.write(`${lines.join('\n')}\n`);
}

/** Wraps a command's work so that it always ends with the right exit code. */
export function action(work: (session: Session, args: readonly string[], flags: Flags) => Promise<void>) {
  return async (...all: unknown[]): Promise<void> => {
    const command = all.at(-1) as Command;
    const flags = command.optsWithGlobals<CommonFlags>();
    try {
      const args = command.args;
      await work(sessionOf(command), args, command.optsWithGlobals());
    } catch (error) {
      fail(error, { json: flags.json === true, debug: flags.debug === true });
    }
  };
}
