/** Parts of the prediction log that gateways on other machines send: in full or not at all, once. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createPartKeeper } from './plane-door-files.ts';

test('a part of the log that comes twice at once is there once, and whole', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mw-doors-'));
  const keep = createPartKeeper(folder);
  async function* slowly(fill: string) {
    yield Buffer.from('PAR1');
    for (let index = 0; index < 20; index += 1) {
      await new Promise((resolve) => setTimeout(resolve, 2));
      yield Buffer.from(fill.repeat(1000));
    }
    yield Buffer.from('PAR1');
  }
  const part = `part-${'0'.repeat(26)}`;
  await Promise.all(['a', 'b'].map((fill) => keep('e', part, slowly(fill), 2 ** 20)));
  expect(readdirSync(join(folder, 'e'))).toEqual([`${part}.parquet`]);
  expect(readFileSync(join(folder, 'e', `${part}.parquet`), 'latin1')).toMatch(/^PAR1(?:a{20000}|b{20000})PAR1$/);
  rmSync(folder, { recursive: true });
});
