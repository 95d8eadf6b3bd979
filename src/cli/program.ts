/** The command line: names, flags and help here; each command's work in its own file, loaded when it is called. */
import { Command, CommanderError, Option } from 'commander';
import { MillwrightError } from '../domain/errors.ts';
import { action, fail } from './session.ts';
import { ENDPOINTS } from './specs/endpoints.ts';
import { RECORDS } from './specs/records.ts';
import { RUNNING } from './specs/running.ts';
import type { Spec } from './specs/spec.ts';

export const COMMANDS: readonly Spec[] = [...RUNNING, ...RECORDS, ...ENDPOINTS];

function register(program: Command, spec: Spec): void {
  const command = new Command(spec.name);
  if (spec.args !== undefined) command.arguments(spec.args);
  command
    .summary(spec.summary)
    .description(spec.summary)
    .addHelpText('beforeAll', `Examples:\n${spec.examples.map((line) => `  ${line}`).join('\n')}\n`)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  for (const [flags, description, fallback] of spec.options ?? []) {
    const option = new Option(flags, description);
    if (fallback !== undefined) option.default(fallback);
    command.addOption(option);
  }
  command.action(action(async (session, args, flags) => (await spec.load()).run(session, args, flags)));
  program.addCommand(command);
}

/** The whole tree; also read by the generator of the CLI reference. */
export function createProgram(version: string): Command {
  const program = new Command('mw')
    .description('Millwright: from train.py to a monitored service that retrains and redeploys itself.')
    // Without its long form, which would swallow `mw deploy --version 3`; runProgram takes `mw --version`.
    .version(version, '-V', 'Print the version of Millwright (also: mw --version)')
    .option('--json', 'Print the result (and errors) as JSON')
    .option('--quiet', 'No progress, no notes')
    .option('--no-color', 'No colours (also NO_COLOR)')
    .option('--debug', 'Print stack traces')
    .option('--home <folder>', 'Folder with everything the server keeps (MILLWRIGHT_HOME, default ./.millwright)')
    .option('--url <url>', 'Server to talk to (MILLWRIGHT_URL; default: the one of the home)')
    .addHelpText('beforeAll', 'Examples:\n  mw init && mw run && mw deploy\n  mw demo\n')
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  for (const spec of COMMANDS) register(program, spec);
  return program;
}

export async function runProgram(argv: readonly string[]): Promise<void> {
  const { default: manifest } = await import('../../package.json', { with: { type: 'json' } });
  const program = createProgram(manifest.version);
  process.once('SIGINT', () => process.exit(130));
  // `mw sql … | head`: whoever read has had enough.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  if (argv.length <= 2) {
    program.outputHelp();
    return;
  }
  try {
    await program.parseAsync(argv[2] === '--version' ? [...argv.slice(0, 2), '-V'] : [...argv]);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return;
    const message = error.message.replace(/^error: /, '').replace(/\n\(Did you mean (.+)\?\)$/, '; did you mean "$1"?');
    fail(new MillwrightError('MW-USAGE', message, { next: 'mw --help' }), {
      json: argv.includes('--json'),
      debug: false,
    });
  }
}
