import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { metadataContract } from '../../testing/metadata.contract.ts';
import { openMetadata } from './index.ts';

metadataContract('sqlite file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mw-metadata-'));
  const url = `sqlite://${join(folder, 'millwright.db')}`;
  return {
    store: await openMetadata(url),
    reopen: () => openMetadata(url),
    elsewhere: { module: new URL('./index.ts', import.meta.url).href, open: 'openMetadata', argument: url },
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
});

metadataContract('sqlite in memory', async () => ({
  store: await openMetadata('sqlite::memory:'),
  dispose: async () => undefined,
}));
