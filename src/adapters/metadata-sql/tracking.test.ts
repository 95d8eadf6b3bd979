import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trackingContract } from '../../testing/tracking.contract.ts';
import { openMetadata } from './index.ts';

trackingContract('sqlite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mw-tracking-'));
  const store = await openMetadata(`sqlite://${join(folder, 'test.db')}`);
  return {
    tracking: store.tracking,
    async close() {
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
});
