import { MillwrightError } from '../../domain/errors.ts';
import { type Schemas, unwrap } from '../client/client.ts';
import { bytes, number, safe, time } from '../output.ts';
import type { Session } from '../session.ts';

type Version = Schemas['DatasetVersion'];

function checksOf({ checks }: Version): string {
  if (checks.length === 0) return 'none';
  const passed = checks.filter((check) => check.passed).length;
  return passed === checks.length ? `${passed} passed` : `${checks.length - passed} of ${checks.length} failed`;
}

function changeOf(change: Version['schemaChanges'][number]): string {
  const column = safe(change.column);
  if (change.kind === 'added') return `+ ${column} ${change.to ?? ''}`;
  return change.kind === 'removed'
    ? `- ${column} ${change.from ?? ''}`
    : `~ ${column} ${change.from ?? ''} → ${change.to ?? ''}`;
}

function list({ out }: Session, versions: readonly Version[]): void {
  const newest = new Map<string, { readonly last: Version; readonly count: number }>();
  for (const one of versions) {
    const name = `${one.project}/${one.name}`;
    const before = newest.get(name);
    newest.set(name, { last: before?.last ?? one, count: (before?.count ?? 0) + 1 });
  }
  out.result({ datasets: [...newest.values()].map(({ last, count }) => ({ ...last, versions: count })) }, () => {
    if (newest.size === 0) return ['No dataset yet: mw run takes in what millwright.yaml declares.'];
    const rows = [...newest].map(([name, { last, count }]) => [
      safe(name),
      count,
      last.digest.slice(7, 19),
      last.rows,
      bytes(last.bytes),
      last.columns.length,
      checksOf(last),
      time(last.createdAt),
    ]);
    return out.table(['dataset', 'versions', 'newest', 'rows', 'size', 'columns', 'checks', 'came'], rows);
  });
}

function history({ out }: Session, versions: readonly Version[]): void {
  out.result({ datasets: versions }, () => {
    const lines = out.table(
      ['version', 'rows', 'size', 'columns', 'checks', 'came', 'schema'],
      versions.map((one) => [
        safe(one.id),
        one.rows,
        bytes(one.bytes),
        one.columns.length,
        checksOf(one),
        time(one.createdAt),
        one.previousId === undefined
          ? 'first'
          : one.schemaChanges.length === 0
            ? 'unchanged'
            : one.schemaChanges.map(changeOf).join(', '),
      ]),
    );
    const failed = versions.flatMap((one) =>
      one.checks
        .filter((check) => !check.passed)
        .map((check) => `  ${out.paint.red('✗')} ${safe(one.id)}  ${safe(check.text)}: ${safe(check.observed)}`),
    );
    return failed.length === 0 ? lines : [...lines, '', ...failed];
  });
}

function describe({ out }: Session, version: Version): void {
  out.result(version, () => [
    out.paint.bold(safe(version.id)),
    `${number(version.rows)} rows, ${bytes(version.bytes)}, ${version.files.length} files, ${version.digest}`,
    '',
    ...version.checks.map(
      (check) =>
        `  ${check.passed ? out.paint.green('✓') : out.paint.red('✗')} ${safe(check.text)}  ${out.paint.dim(safe(check.observed))}`,
    ),
    ...version.schemaChanges.map((change) => `  ${changeOf(change)}`),
    '',
    ...out.table(
      ['column', 'type', 'missing', 'distinct', 'mean', 'min', 'max'],
      version.columns.map((column) => [
        safe(column.name),
        column.type,
        column.missing,
        column.distinct,
        column.mean,
        column.min,
        column.max,
      ]),
    ),
  ]);
}

export async function run(session: Session, args: readonly string[]): Promise<void> {
  const [project, name, digest] = (args[0] ?? '').split('/');
  const query = project === undefined || project === '' ? {} : { project };
  const found = await unwrap(
    (await session.api()).GET('/api/v1/datasets', { params: { query: { limit: 1000, ...query } } }),
  );
  if (name === undefined) return list(session, found.datasets);
  const versions = found.datasets.filter((version) => version.name === name);
  const wanted = digest === undefined ? undefined : versions.find((version) => version.id.startsWith(args[0] ?? ''));
  if (versions.length === 0 || (digest !== undefined && wanted === undefined)) {
    throw new MillwrightError('MW-NOT-FOUND', `there is no dataset "${safe(args[0] ?? '')}"`, { next: 'mw data' });
  }
  return wanted === undefined ? history(session, versions) : describe(session, wanted);
}
