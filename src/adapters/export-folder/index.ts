/** The export folder on this machine: made beside its name, fsynced, then renamed. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { MillwrightError } from '../../domain/errors.ts';
import { errnoOf } from '../../platform/coded-error.ts';
import { syncFolder, writeFileDurable } from '../../platform/durable-file.ts';
import type { ExportFolder, ExportFormat } from '../../ports/export-folder.ts';
import type { ScanRow, TableShape } from '../../ports/table-source.ts';
import { encoderOf } from './table-files.ts';

/** Of one row group: readers that want a few columns or rows skip the others. */
const GROUP_ROWS = 50_000;
const GROUP_CHARACTERS = 16_000_000;

/** Only reading is meant, but a folder of many gigabytes is easier to throw away when its owner may. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

const taken = (folder: string): MillwrightError =>
  new MillwrightError('MW-STATE', 'something is in the folder already', {
    where: folder,
    next: 'name a folder that is empty or not there yet',
  });

/** Groups of rows large enough to be worth a row group and small enough to be held. */
async function* grouped(batches: AsyncIterable<readonly ScanRow[]>): AsyncIterable<readonly ScanRow[]> {
  let group: ScanRow[] = [];
  let characters = 0;
  for await (const rows of batches) {
    for (const row of rows) {
      group.push(row);
      for (const cell of row) characters += typeof cell === 'string' ? cell.length : 8;
      if (group.length < GROUP_ROWS && characters < GROUP_CHARACTERS) continue;
      yield group;
      group = [];
      characters = 0;
    }
  }
  if (group.length > 0) yield group;
}

async function unusable(error: unknown, path: string): Promise<never> {
  const full = errnoOf(error) === 'ENOSPC' || errnoOf(error) === 'EDQUOT';
  throw new MillwrightError(
    full ? 'MW-DISK-FULL' : 'MW-UNAVAILABLE',
    `the folder cannot be written: ${error instanceof Error ? error.message : String(error)}`,
    { where: path, cause: error },
  );
}

/** Throws MW-STATE when something is in the folder, MW-UNAVAILABLE when nothing can be written beside it. */
export async function openExportFolder(folder: string, format: ExportFormat): Promise<ExportFolder> {
  const target = resolve(folder);
  const present = await readdir(target).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw errnoOf(error) === 'ENOTDIR' ? taken(target) : error;
  });
  if (present !== undefined && present.length > 0) throw taken(target);
  const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    await mkdir(dirname(target), { recursive: true });
    await mkdir(temporary, { mode: FOLDER_MODE });
  } catch (error) {
    await unusable(error, target);
  }
  let done = false;

  async function write(shape: TableShape, file: string, batches: AsyncIterable<readonly ScanRow[]>) {
    const encoder = await encoderOf(format, shape);
    const hash = createHash('sha256');
    const [sum, path] = [{ rows: 0, bytes: 0 }, join(temporary, file)];
    const handle = await open(path, 'wx', FILE_MODE);
    try {
      const append = async (bytes: Uint8Array): Promise<void> => {
        hash.update(bytes);
        sum.bytes += bytes.length;
        await handle.appendFile(bytes);
      };
      for await (const rows of grouped(batches)) {
        sum.rows += rows.length;
        await append(encoder.rows(rows));
      }
      await append(encoder.end());
      await handle.sync();
    } catch (error) {
      throw error instanceof MillwrightError || errnoOf(error) === undefined ? error : await unusable(error, path);
    } finally {
      await handle.close();
    }
    return { file, ...sum, digest: `sha256:${hash.digest('hex')}` };
  }

  return {
    table: (shape, batches) => write(shape, `${shape.name}.${format}`, batches),
    place(segments) {
      for (const segment of segments) {
        if (segment !== '' && segment !== '.' && segment !== '..' && !/[/\\\0]/.test(segment)) continue;
        throw new MillwrightError('MW-PATH', `${JSON.stringify(segment.slice(0, 100))} is no name of a file`, {
          where: target,
        });
      }
      return join(temporary, ...segments);
    },
    text: (name, content) => writeFileDurable(join(temporary, name), content, FILE_MODE),
    async commit() {
      await syncFolder(temporary);
      try {
        // Renaming over an empty folder is POSIX; elsewhere it must go first. One that was filled meanwhile stays.
        await rmdir(target).catch((error: unknown) => {
          if (errnoOf(error) !== 'ENOENT') throw error;
        });
        await rename(temporary, target);
      } catch (error) {
        const filled = ['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(errnoOf(error) ?? '');
        throw filled ? taken(target) : await unusable(error, target);
      }
      done = true;
      await syncFolder(dirname(target));
    },
    async discard() {
      if (!done) await rm(temporary, { recursive: true, force: true });
    },
  };
}
