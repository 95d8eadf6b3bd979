/** `mw import mlflow …`: writes into the stores of the home itself, beside a server that may run. */
import { importMlflow } from '../../app/import-mlflow.ts';
import { MillwrightError } from '../../domain/errors.ts';
import { type Flags, type Session, textFlag } from '../session.ts';

function authorizationOf(flags: Flags): string | undefined {
  const [user, token] = [textFlag(flags, 'sourceUser'), textFlag(flags, 'sourceToken')];
  if (user !== undefined) return `Basic ${Buffer.from(user).toString('base64')}`;
  return token === undefined ? undefined : `Bearer ${token}`;
}

export async function run({ config, out }: Session, args: readonly string[], flags: Flags): Promise<void> {
  const [kind, address] = args;
  if (kind !== 'mlflow' || address === undefined) {
    throw new MillwrightError('MW-USAGE', `nothing is known of "${kind ?? ''}" to import`, {
      next: 'mw import mlflow http://server:5000, sqlite:///mlflow.db or ./mlruns',
    });
  }
  const experiments = Array.isArray(flags['experiment']) ? flags['experiment'].map(String) : undefined;
  const artifacts = textFlag(flags, 'sourceArtifacts');
  const authorization = authorizationOf(flags);
  const abort = new AbortController();
  // The program's own handler would end in the middle of a run.
  process.removeAllListeners('SIGINT');
  process.once('SIGINT', () => abort.abort());
  let shown = 0;
  const started = performance.now();
  const report = await importMlflow(
    config,
    {
      address,
      ...(artifacts === undefined ? {} : { artifacts }),
      ...(authorization === undefined ? {} : { authorization }),
    },
    {
      ...(experiments === undefined ? {} : { experiments }),
      signal: abort.signal,
      progress: ({ runs, points, label }) => {
        if (!out.live || performance.now() - shown < 100) return;
        shown = performance.now();
        process.stderr.write(`\r\u001B[K${runs} runs, ${points} points  ${label.slice(0, 40)}`);
      },
    },
  );
  if (out.live) process.stderr.write('\r\u001B[K');
  const seconds = (performance.now() - started) / 1000;
  out.result({ ...report, seconds }, () => [
    ...out.table(
      ['', 'there', 'imported', 'were here'],
      Object.entries(report.counts).map(([what, count]) => [what, count.found, count.imported, count.present]),
    ),
    `${report.points} metric points, ${report.files} files (${Math.ceil(report.bytes / 1000)} kB) in ${seconds.toFixed(1)} s`,
    ...(report.differences.length === 0
      ? [out.paint.green('every run was read again and is as it was')]
      : [
          out.paint.red(`${report.differences.length} things are not as they were:`),
          ...report.differences.slice(0, 20).map((text) => `  ${text}`),
        ]),
  ]);
  if (report.differences.length > 0) process.exitCode = 1;
}
