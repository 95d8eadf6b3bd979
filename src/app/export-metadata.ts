/** Joins the stores of a home to a folder of plain files, for the command. Only reads, so a server may run meanwhile. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MillwrightError } from '../domain/errors.ts';
import { exportAll, type ExportOptions, type ExportReport } from '../modules/transfer/index.ts';
import { systemClock } from '../platform/clock.ts';
import { type Config, metadataUrl } from '../platform/config.ts';
import { prepareHome } from '../platform/home.ts';
import { EXPORT_FORMATS } from '../ports/export-folder.ts';
import { openArtifacts } from './open-artifacts.ts';
import { metadataPlugin, plugin } from './plugins.ts';

/** Throws MW-USAGE for an unknown format, MW-STATE for a folder with something in it, MW-CANCELLED; then nothing of it stays. */
export async function exportMetadata(
  config: Config,
  to: { readonly folder: string; readonly format: string },
  options: ExportOptions,
): Promise<ExportReport> {
  const format = EXPORT_FORMATS.find((one) => one === to.format);
  if (format === undefined) {
    throw new MillwrightError('MW-USAGE', `there is no format "${to.format.slice(0, 100)}"`, {
      where: '--format',
      next: EXPORT_FORMATS.map((one) => `--format ${one}`).join(', '),
    });
  }
  await prepareHome(config.home, ['tmp']);
  // A folder of its own: opening empties it, and a server that runs has unfinished files in the other.
  const temporary = join(config.home, 'tmp', `export-${process.pid}`);
  const { openMetadata } = await metadataPlugin(metadataUrl(config));
  const store = await openMetadata(metadataUrl(config));
  try {
    const blobs = await openArtifacts(config.artifacts, config.home, temporary);
    const { openExportFolder } = await plugin('export', 'folder');
    const folder = await openExportFolder(to.folder, format);
    return await exportAll(store, blobs, folder, systemClock, options);
  } finally {
    await store.close();
    await rm(temporary, { recursive: true, force: true });
  }
}
