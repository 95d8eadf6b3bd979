/** `mw export <folder>`: reads the stores of the home itself, beside a server that may run. */
import { exportMetadata } from '../../app/export-metadata.ts';
import { bytes, duration, safe } from '../output.ts';
import { type Flags, type Session, textFlag } from '../session.ts';

const REDRAW_MS = 100;

export async function run({ config, out }: Session, [folder = '']: readonly string[], flags: Flags): Promise<void> {
  const format = textFlag(flags, 'format') ?? 'parquet';
  const experiments = Array.isArray(flags['experiment']) ? flags['experiment'].map(String) : undefined;
  const abort = new AbortController();
  // The first stops tidily; the program's own handler would leave the unfinished folder behind.
  process.removeAllListeners('SIGINT');
  process.once('SIGINT', () => abort.abort());
  const started = performance.now();
  let shown = 0;
  const report = await exportMetadata(
    config,
    { folder, format },
    {
      ...(experiments === undefined ? {} : { experiments }),
      artifacts: flags['artifacts'] === true,
      signal: abort.signal,
      progress: ({ part, rows }) => {
        if (!out.live || performance.now() - shown < REDRAW_MS) return;
        shown = performance.now();
        process.stderr.write(`\r\u001B[K${part}  ${rows}`);
      },
    },
  ).finally(() => {
    if (out.live) process.stderr.write('\r\u001B[K');
  });
  const ms = performance.now() - started;
  out.result({ folder, format, ...report, seconds: ms / 1000 }, () => [
    ...out.table(
      ['file', 'rows', 'size', 'sha256'],
      report.tables
        .filter((table) => table.rows > 0)
        .map((table) => [table.file, table.rows, bytes(table.bytes), table.digest.slice(7, 19)]),
    ),
    `${report.rows} rows in ${report.tables.length} tables (${bytes(report.bytes)})${
      report.artifacts === undefined ? '' : `, ${report.artifacts.files} files (${bytes(report.artifacts.bytes)})`
    } in ${safe(folder)}, ${duration(ms)}`,
    ...(report.leftOut.length === 0
      ? []
      : [
          out.paint.red(`${report.leftOut.length} files could not be written:`),
          ...report.leftOut.slice(0, 20).map((text) => `  ${safe(text)}`),
        ]),
  ]);
  if (report.leftOut.length > 0) process.exitCode = 1;
}
