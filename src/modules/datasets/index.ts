/** Datasets: versions named by their content, with schema, profile and the result of the project's checks. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { closest, distance } from 'fastest-levenshtein';
import type { CheckResult, Column, DatasetFile, DatasetVersion, SchemaChange } from '../../domain/datasets.ts';
import { MillwrightError } from '../../domain/errors.ts';
import type { DatasetSpec } from '../../domain/project.ts';
import type { AnalyticsStore } from '../../ports/analytics-store.ts';
import type { Clock, Ids } from '../../ports/clock.ts';
import type { Context } from '../../ports/context.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import type { Workspace } from '../../ports/workspace.ts';
import { type Check, parseCheck } from './check-grammar.ts';
import { compileCheck } from './check-sql.ts';

export { parseCheck } from './check-grammar.ts';

/** Times a dataset is read anew when its files change while they are read. */
const READS = 4;

interface DatasetsDeps {
  readonly store: MetadataStore;
  readonly analytics: Pick<AnalyticsStore, 'summarize' | 'aggregate'>;
  readonly clock: Clock;
  readonly ids: Ids;
}

export interface Datasets {
  /**
   * The version of what the files hold now; the same content gives the same version. Throws MW-CONFIG-FILE (no files),
   * MW-CONFIG-EXPRESSION (a check that cannot be read), MW-DATA-READ, and MW-DATA-CHECK after the version was stored.
   */
  version(
    ctx: Context,
    project: string,
    name: string,
    spec: DatasetSpec,
    workspace: Workspace,
  ): Promise<DatasetVersion>;
  /** Newest first. */
  list(project: string, name?: string): Promise<readonly DatasetVersion[]>;
  /** Throws MW-NOT-FOUND. */
  get(id: string): Promise<DatasetVersion>;
}

function contentDigest(files: readonly DatasetFile[]): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${file.path}\0${file.digest}\n`);
  return `sha256:${hash.digest('hex')}`;
}

/** Sorted by column. A column whose values moved is drift, not a change of the schema. */
export function schemaChanges(before: readonly Column[], after: readonly Column[]): readonly SchemaChange[] {
  const old = new Map(before.map((column) => [column.name, column.type]));
  const now = new Map(after.map((column) => [column.name, column.type]));
  const changes: SchemaChange[] = [];
  for (const [column, from] of old) {
    const to = now.get(column);
    if (to === undefined) changes.push({ column, kind: 'removed', from });
    else if (to !== from) changes.push({ column, kind: 'retyped', from, to });
  }
  for (const [column, to] of now) if (!old.has(column)) changes.push({ column, kind: 'added', to });
  return changes.sort((a, b) => (a.column < b.column ? -1 : 1));
}

function nearest(name: string, columns: readonly Column[]): string | undefined {
  const names = columns.map((column) => column.name);
  if (names.length === 0) return undefined;
  const found = closest(name, names);
  return distance(name, found) <= Math.max(2, name.length / 3) ? found : undefined;
}

export function createDatasets({ store, analytics, clock, ids }: DatasetsDeps): Datasets {
  /** All checks in one pass over the files. */
  async function judge(
    texts: readonly string[],
    checks: readonly Check[],
    columns: readonly Column[],
    paths: readonly string[],
  ): Promise<readonly CheckResult[]> {
    const compiled = checks.map((check) => compileCheck(check, columns, (name) => nearest(name, columns)));
    const expressions = compiled.flatMap((check) => check.expressions);
    const values = expressions.length === 0 ? [] : await analytics.aggregate(paths, expressions);
    let at = 0;
    return compiled.map((check, i) => {
      const own = values.slice(at, at + check.expressions.length);
      at += check.expressions.length;
      return { text: texts[i] ?? '', ...check.judge(own) };
    });
  }

  function insist(version: DatasetVersion): DatasetVersion {
    const failures = version.checks.filter((check) => !check.passed);
    if (failures.length === 0) return version;
    const lines = failures.map((check) => `${check.text}: ${check.observed}`);
    const changed = (version.schemaChanges ?? []).filter((change) => change.kind !== 'added');
    const since = changed.map(
      (change) => `column "${change.column}" was ${change.kind} since ${version.previousId ?? 'before'}`,
    );
    throw new MillwrightError(
      'MW-DATA-CHECK',
      `the dataset "${version.name}" does not pass ${failures.length} of its ${version.checks.length} checks: ${[...lines, ...since].join('; ')}`,
      {
        where: `datasets.${version.name}.checks`,
        next: 'correct the data (or the check in millwright.yaml), then: mw run',
      },
    );
  }

  async function save(ctx: Context, version: DatasetVersion): Promise<DatasetVersion> {
    return store.transaction(async (tx) => {
      // Another run may have recorded the same content meanwhile.
      const known = await tx.datasetVersions.get(version.id);
      if (known !== undefined)
        return tx.datasetVersions.update(version.id, (row) => ({ ...row, checks: version.checks }));
      await tx.datasetVersions.insert(version);
      await tx.events.append({
        id: ids.next('evt'),
        type: 'dataset.versioned',
        at: version.createdAt,
        project: version.project,
        actor: ctx.principal.name,
        ...(ctx.cause === undefined ? {} : { cause: ctx.cause }),
        data: { name: version.name, version: version.id, rows: version.rows, bytes: version.bytes },
      });
      return version;
    });
  }

  async function takeIn(
    ctx: Context,
    project: string,
    name: string,
    spec: DatasetSpec,
    workspace: Workspace,
  ): Promise<DatasetVersion> {
    const checks = spec.checks.map(parseCheck);
    const files = await workspace.dataFiles(spec.from);
    const digest = contentDigest(files);
    const id = `${project}/${name}/${digest.slice('sha256:'.length, 'sha256:'.length + 12)}`;
    const paths = files.map((file) => join(workspace.root, file.path));
    const known = await store.datasetVersions.get(id);
    const judged = known !== undefined && known.checks.map((check) => check.text).join('\n') === spec.checks.join('\n');
    if (known !== undefined && judged) return insist(known);

    const summary = known ?? (await analytics.summarize(paths));
    const results = await judge(spec.checks, checks, summary.columns, paths);
    // The engine read the files of the project, not the stored blobs: they must still be what was hashed.
    if (contentDigest(await workspace.dataFiles(spec.from)) !== digest) {
      throw new MillwrightError('MW-CONFLICT', `the files of the dataset "${name}" changed while they were read`, {
        where: `datasets.${name}`,
        next: 'wait until the program that writes them is done, then: mw run',
      });
    }
    if (known !== undefined) return insist(await save(ctx, { ...known, checks: results }));
    const [previous] = await store.datasetVersions.find({ where: { project, name }, limit: 1 });
    const version: DatasetVersion = {
      id,
      createdAt: clock.now(),
      project,
      name,
      digest,
      files,
      rows: summary.rows,
      bytes: files.reduce((sum, file) => sum + file.bytes, 0),
      columns: summary.columns,
      profile: summary.profile,
      checks: results,
      ...(previous === undefined
        ? {}
        : { previousId: previous.id, schemaChanges: schemaChanges(previous.columns, summary.columns) }),
    };
    return insist(await save(ctx, version));
  }

  return {
    async version(ctx, project, name, spec, workspace) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await takeIn(ctx, project, name, spec, workspace);
        } catch (error) {
          // Whoever writes the files is usually done a moment later; only a writer that never rests is worth an error.
          const moved = error instanceof MillwrightError && error.code === 'MW-CONFLICT';
          if (!moved || attempt === READS) throw error;
        }
      }
    },
    list: (project, name) =>
      store.datasetVersions.find({ where: name === undefined ? { project } : { project, name }, limit: 1_000 }),
    async get(id) {
      const found = await store.datasetVersions.get(id);
      if (found === undefined)
        throw new MillwrightError('MW-NOT-FOUND', `there is no dataset version "${id}"`, { where: id });
      return found;
    },
  };
}
