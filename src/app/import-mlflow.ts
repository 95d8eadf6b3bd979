/** Joins an MLflow installation to the stores of a home, for the command. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createImporter, type ImportOptions, type ImportReport } from '../modules/transfer/index.ts';
import { type Config, metadataUrl } from '../platform/config.ts';
import { prepareHome } from '../platform/home.ts';
import { openArtifacts } from './open-artifacts.ts';
import { metadataPlugin, plugin } from './plugins.ts';

export async function importMlflow(
  config: Config,
  from: { readonly address: string; readonly artifacts?: string; readonly authorization?: string },
  options: ImportOptions,
): Promise<ImportReport> {
  await prepareHome(config.home, ['tmp', 'tmp/import']);
  const { openMlflowSource } = await plugin('import', 'mlflow');
  const source = await openMlflowSource(from);
  try {
    const { openMetadata } = await metadataPlugin(metadataUrl(config));
    const store = await openMetadata(metadataUrl(config));
    try {
      // A folder of its own: opening empties it, and a server that runs has unfinished files in the other.
      const temporary = join(config.home, 'tmp', 'import');
      await mkdir(temporary, { recursive: true });
      const artifacts = await openArtifacts(config.artifacts, config.home, temporary);
      return await createImporter(store, artifacts).importFrom(source, options);
    } finally {
      await store.close();
    }
  } finally {
    await source.close();
  }
}
