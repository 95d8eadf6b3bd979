/** Joins the stores of a home to a folder of plain files, for the command. Only reads, so a server may run meanwhile. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { exportAll, type ExportOptions, type ExportReport } from '../modules/transfer/index.ts';
import { systemClock } from '../platform/clock.ts';
import type { Config } from '../platform/config.ts';
import { prepareHome } from '../platform/home.ts';
import type { ExportFormat } from '../ports/export-folder.ts';
import { openArtifacts } from './open-artifacts.ts';
import { metadataPlugin, plugin } from './plugins.ts';

export async function exportMetadata(
  config: Config,
  to: { readonly folder: string; readonly format: ExportFormat },
  options: ExportOptions,
): Promise<ExportReport> {
  await prepareHome(config.home, ['tmp']);
  // A folder of its own: opening empties it, and a server that runs has unfinished files in the other.
  const temporary = join(config.home, 'tmp', `export-${process.pid}`);
  const { openMetadata } = await metadataPlugin(config.metadata);
  const store = await openMetadata(config.metadata);
  try {
    const blobs = await openArtifacts(config.artifacts, config.home, temporary);
    const { openExportFolder } = await plugin('export', 'folder');
    const folder = await openExportFolder(to.folder, to.format);
    return await exportAll(store, blobs, folder, systemClock, options);
  } finally {
    await store.close();
    await rm(temporary, { recursive: true, force: true });
  }
}
