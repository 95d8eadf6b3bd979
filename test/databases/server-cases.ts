/** For tests: what every engine with a server must do besides the contracts. */
import { afterAll, describe, expect, it } from 'vitest';
import { metadataContract } from '../../src/testing/metadata.contract.ts';
import { trackingContract } from '../../src/testing/tracking.contract.ts';
import { openMetadata } from '../../src/adapters/metadata-sql/index.ts';
import type { RealDatabase } from './real-databases.ts';

export function serverCases(engine: string, server: RealDatabase | undefined): void {
  describe.skipIf(server === undefined)(`${engine} server`, () => {
    if (server === undefined) return;
    let made: Promise<string> | undefined;
    const module = new URL('../../src/adapters/metadata-sql/index.ts', import.meta.url).href;

    /** The one database of most tests, migrated and empty. */
    async function empty(): Promise<string> {
      if (server === undefined) throw new Error('no server');
      if (made === undefined) {
        made = server.database('contract').then(async (url) => {
          await (await openMetadata(url)).close();
          return url;
        });
      }
      const url = await made;
      await server.clear(url);
      return url;
    }

    afterAll(() => server.stop());

    metadataContract(engine, async () => {
      const url = await empty();
      return {
        store: await openMetadata(url),
        reopen: () => openMetadata(url),
        elsewhere: { module, open: 'openMetadata', argument: url },
        dispose: async () => undefined,
      };
    });

    trackingContract(engine, async () => {
      const store = await openMetadata(await empty());
      return { tracking: store.tracking, close: () => store.close() };
    });

    it('two servers that start at once migrate once', async () => {
      const url = await server.database('started_twice');
      const stores = await Promise.all([1, 2, 3].map(() => openMetadata(url)));
      const numbers = [];
      for (const store of stores) numbers.push(await store.counter('n'));
      expect(numbers).toEqual([1, 2, 3]);
      for (const store of stores) await store.close();
    });
  });
}
