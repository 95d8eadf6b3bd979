/** `mw migrate-store`: all metadata (and blobs) to another database, whole or not at all. Works on the stores, with no server running. */
import { migrateStore } from '../../app/migrate-store.ts';
import { MillwrightError } from '../../domain/errors.ts';
import { bytes, duration } from '../output.ts';
import { type Flags, type Session, textFlag } from '../session.ts';
import { metadataUrl } from '../../platform/config.ts';

const REDRAW_MS = 100;

export async function run({ config, out }: Session, _args: readonly string[], flags: Flags): Promise<void> {
  const to = textFlag(flags, 'to');
  if (to === undefined) {
    throw new MillwrightError('MW-USAGE', 'mw migrate-store needs the URL of the new database', {
      where: '--to',
      next: 'mw migrate-store --to postgres://user:password@127.0.0.1:5432/millwright',
    });
  }
  const blobs = { from: textFlag(flags, 'artifactsFrom'), to: textFlag(flags, 'artifactsTo') };
  if ((blobs.from === undefined) !== (blobs.to === undefined)) {
    throw new MillwrightError('MW-USAGE', '--artifacts-from and --artifacts-to go together', {
      next: `--artifacts-from file://${config.home}/blobs --artifacts-to s3://bucket/prefix`,
    });
  }
  const artifacts = blobs.from !== undefined && blobs.to !== undefined ? { from: blobs.from, to: blobs.to } : undefined;
  const abort = new AbortController();
  process.once('SIGINT', () => abort.abort());
  const started = performance.now();
  let shown = 0;
  let phase = '';
  const { tables, blobs: moved } = await migrateStore(
    { from: textFlag(flags, 'from') ?? metadataUrl(config), to, ...(artifacts === undefined ? {} : { artifacts }) },
    (at) => {
      if (!out.live) {
        if (at.phase !== phase)
          out.note({ blobs: 'copying blobs', copy: 'copying tables', verify: 'reading both again' }[at.phase]);
        phase = at.phase;
        return;
      }
      if (performance.now() - shown < REDRAW_MS) return;
      shown = performance.now();
      process.stderr.write(`\r\u001B[K${at.phase} ${at.text}`);
    },
    abort.signal,
  ).finally(() => {
    if (out.live) process.stderr.write('\r\u001B[K');
  });
  const seconds = (performance.now() - started) / 1000;
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  out.result({ tables, rows, ...(moved === undefined ? {} : { blobs: moved }), seconds }, () => [
    ...out.table(
      ['table', 'rows', 'digest of both'],
      tables.filter((table) => table.rows > 0).map((table) => [table.table, table.rows, table.digest.slice(0, 16)]),
    ),
    ...(moved === undefined
      ? []
      : [`${moved.blobs} blobs (${bytes(moved.bytes)}), ${moved.copied} of them copied now`]),
    out.paint.green(
      `${rows} rows of ${tables.length} tables are equal in both, in ${duration(seconds * 1000)}. The source is as it was.`,
    ),
  ]);
}
