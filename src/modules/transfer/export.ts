/** Everything of the metadata as plain files that other tools read: one for each documented table, and the files of runs on request. */
import { MillwrightError } from '../../domain/errors.ts';
import type { ArtifactOwner } from '../../domain/tracking.ts';
import type { ArtifactStore } from '../../ports/artifact-store.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ExportedFile, ExportFolder } from '../../ports/export-folder.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import type { ScanRow } from '../../ports/table-source.ts';
import { EXPERIMENT_TABLES, PICTURE, type Table } from '../tables/index.ts';

export interface ExportReport {
  readonly tables: readonly ({ readonly table: string } & ExportedFile)[];
  readonly rows: number;
  readonly bytes: number;
  readonly artifacts?: { readonly files: number; readonly bytes: number };
  /** Files that could not be written, at most 1,000. */
  readonly leftOut: readonly string[];
}

export interface ExportOptions {
  /** Only these experiments, by name, and what belongs to them; then no models, data sets and deployments. */
  readonly experiments?: readonly string[];
  /** Files of runs, logged models and traces too, each below `artifacts/<experiment>/`. */
  readonly artifacts: boolean;
  readonly progress: (at: { readonly part: string; readonly rows: number }) => void;
  readonly signal: AbortSignal;
}

interface Chosen {
  readonly experiment: ReadonlySet<unknown>;
  readonly run: ReadonlySet<unknown>;
  readonly model: ReadonlySet<unknown>;
  readonly trace: ReadonlySet<unknown>;
}

const MAX_LEFT_OUT = 1_000;
const MAX_NAME = 80;

function stopIf(signal: AbortSignal): void {
  if (signal.aborted) {
    throw new MillwrightError('MW-CANCELLED', 'the export was stopped; nothing of it stays', {
      next: 'start it again',
    });
  }
}

/** The ids of all that belongs to these experiments. Throws MW-NOT-FOUND for a name nobody has. */
async function chosen(store: MetadataStore, names: readonly string[]): Promise<Chosen> {
  const experiment = new Set<unknown>();
  for (const name of names) {
    const found = await store.tracking.getExperimentByName(name);
    if (found === undefined) {
      throw new MillwrightError('MW-NOT-FOUND', `there is no experiment "${name}"`, { where: '--experiment' });
    }
    experiment.add(found.id);
  }
  const of = async (scan: 'runs' | 'loggedModels' | 'traces'): Promise<ReadonlySet<unknown>> => {
    const ids = new Set<unknown>();
    for await (const batch of store.tables.scan(scan)) {
      for (const [id, owner] of batch) if (experiment.has(owner)) ids.add(id);
    }
    return ids;
  };
  return { experiment, run: await of('runs'), model: await of('loggedModels'), trace: await of('traces') };
}

/** The first column that says what a row belongs to, and the ids that count. */
function membersOf({ columns }: Table, { experiment, run, model, trace }: Chosen) {
  const sets = new Map([
    ['experiment_id', experiment],
    ['run_id', run],
    ['model_id', model],
    ['trace_id', trace],
  ]);
  for (const [at, { name }] of columns.entries()) {
    const ids = sets.get(name);
    if (ids !== undefined) return { name, ids, keeps: (row: ScanRow): boolean => ids.has(row[at]) };
  }
  const owners = new Map<unknown, ReadonlySet<unknown>>(Object.entries({ run, model, trace }));
  return { name: 'owner_id', ids: run, keeps: (row: ScanRow): boolean => owners.get(row[0])?.has(row[1]) === true };
}

function ownerOf(kind: unknown, id: unknown): ArtifactOwner {
  return { kind: kind === 'model' || kind === 'trace' ? kind : 'run', id: String(id) };
}

/** A name that every file system takes; whatever had to be changed carries the id, so that no two become one. */
function folderName(name: string, id: string): string {
  const plain = name.replaceAll(/[^\p{L}\p{N} ._-]/gu, '_').slice(0, MAX_NAME);
  const same = plain === name && /^[^. ]/.test(name) && /[^. ]$/.test(name);
  return same ? name : `${plain.replaceAll(/^[. ]+|[. ]+$/g, '')}~${id}`;
}

const KINDS = { run: '', model: 'models', trace: 'traces' } as const;

export async function exportAll(
  store: MetadataStore,
  blobs: Pick<ArtifactStore, 'materialize'>,
  folder: ExportFolder,
  clock: Clock,
  { experiments, artifacts, progress, signal }: ExportOptions,
): Promise<ExportReport> {
  const startedAt = clock.now();
  let only: Chosen | undefined;
  const written: (ExportReport['tables'][number] & Pick<Table, 'description' | 'columns'>)[] = [];

  async function* rowsOf(table: Table): AsyncIterable<readonly ScanRow[]> {
    const members = only === undefined ? undefined : membersOf(table, only);
    // What is read with its owner is read for these owners only.
    const bound =
      members !== undefined && table.onDemand === true ? { [members.name]: [...members.ids].map(String) } : {};
    let count = 0;
    for await (const rows of table.rows(store, bound, Number.POSITIVE_INFINITY)) {
      stopIf(signal);
      const kept = members === undefined ? rows : rows.filter(members.keeps);
      count += kept.length;
      progress({ part: table.name, rows: count });
      yield kept;
    }
  }

  async function experimentOf(owner: ArtifactOwner): Promise<string | undefined> {
    if (owner.kind === 'run') return (await store.tracking.getRunInfo(owner.id))?.experimentId;
    if (owner.kind === 'model') return (await store.tracking.getLoggedModel(owner.id))?.experimentId;
    return (await store.tracking.getTrace(owner.id))?.experimentId;
  }

  async function exportFiles(): Promise<Pick<ExportReport, 'leftOut'> & NonNullable<ExportReport['artifacts']>> {
    const sum = { files: 0, bytes: 0 };
    const leftOut: string[] = [];
    const names = new Map<unknown, string>();
    for await (const batch of store.tables.scan('experiments')) {
      for (const [id, name] of batch) names.set(id, folderName(String(name), String(id)));
    }
    const table = PICTURE.find(({ name }) => name === 'artifacts');
    let last: { readonly key: string; readonly place: readonly string[] } | undefined;
    for await (const rows of table === undefined ? [] : rowsOf(table)) {
      for (const [kind, id, path, digest, bytes] of rows) {
        stopIf(signal);
        const owner = ownerOf(kind, id);
        const key = `${owner.kind}/${owner.id}`;
        if (last?.key !== key) {
          const experiment = names.get(await experimentOf(owner)) ?? '_';
          last = { key, place: ['artifacts', experiment, KINDS[owner.kind], owner.id].filter((part) => part !== '') };
        }
        try {
          await blobs.materialize(String(digest), folder.place([...last.place, ...String(path).split('/')]));
          sum.files += 1;
          sum.bytes += Number(bytes);
          if (sum.files % 100 === 0) progress({ part: 'files', rows: sum.files });
        } catch (error) {
          if (error instanceof MillwrightError && error.code === 'MW-DISK-FULL') throw error;
          const reason = error instanceof Error ? error.message : String(error);
          if (leftOut.length < MAX_LEFT_OUT) leftOut.push(`${key}/${String(path)}: ${reason}`);
        }
      }
    }
    return { ...sum, leftOut };
  }

  try {
    if (experiments !== undefined) only = await chosen(store, experiments);
    for (const table of only === undefined ? PICTURE : EXPERIMENT_TABLES) {
      stopIf(signal);
      const { name, description, columns } = table;
      written.push({ table: name, ...(await folder.table(table, rowsOf(table))), description, columns });
    }
    const files = artifacts ? await exportFiles() : undefined;
    const leftOut = files?.leftOut ?? [];
    const copied = files === undefined ? {} : { artifacts: { files: files.files, bytes: files.bytes } };
    const manifest = {
      format: 'millwright-export',
      version: 1,
      startedAt: new Date(startedAt).toISOString(),
      endedAt: new Date(clock.now()).toISOString(),
      ...(experiments === undefined ? {} : { experiments }),
      tables: written,
      ...copied,
      leftOut,
    };
    await folder.text('manifest.json', `${JSON.stringify(manifest, null, 2)}\n`);
    await folder.commit();
    return {
      tables: written.map(({ table, file, rows, bytes, digest }) => ({ table, file, rows, bytes, digest })),
      rows: written.reduce((sum, one) => sum + one.rows, 0),
      bytes: written.reduce((sum, one) => sum + one.bytes, 0),
      ...copied,
      leftOut,
    };
  } catch (error) {
    await folder.discard();
    throw error;
  }
}
