/** What is acknowledged is on the disk: the order of commit, sync and answer, and what happens when a sync fails. */
import { closeSync, fdatasync, fstatSync, openSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { refusal } from '../../testing/outcome.ts';
import type { Program } from './program.ts';
import { SqliteFileDriver } from './sqlite-driver.ts';
import type { SyncCalls } from './sqlite-log-sync.ts';

const INSERT = 'insert into t (n) values (?)';

function* add(n: number): Program<number> {
  yield { sql: INSERT, parameters: [n] };
  return n;
}

function* addThenFail(n: number): Program<never> {
  yield { sql: INSERT, parameters: [n] };
  throw new Error(`refused ${n}`);
}

function* all(): Program<readonly unknown[]> {
  return (yield { sql: 'select n from t order by n', parameters: [], reads: true }).map(
    (row) => (row as { n: number }).n,
  );
}

describe('the sync of the log', () => {
  let folder: string;
  let path: string;
  let driver: SqliteFileDriver | undefined;
  /** Syncs that were asked for and not let go. */
  let held: ((error: Error | null) => void)[];
  let syncs: number;
  let hold: boolean;

  const calls: SyncCalls = {
    open: (log) => openSync(log, 'r+'),
    names: (file) => fstatSync(file).nlink,
    sync(file, done) {
      syncs += 1;
      if (hold) held.push(done);
      else fdatasync(file, done);
    },
    close(file, done) {
      closeSync(file);
      done();
    },
  };

  beforeEach(async () => {
    [held, syncs, hold] = [[], 0, false];
    folder = await mkdtemp(join(tmpdir(), 'mw-sync-'));
    path = join(folder, 'a.db');
    const made = new DatabaseSync(path);
    made.exec('pragma journal_mode = wal; create table t (n integer primary key)');
    made.close();
    driver = new SqliteFileDriver(path, true, calls);
    await driver.init();
  });
  afterEach(async () => {
    await driver?.destroy().catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
  });

  const open = (): SqliteFileDriver => {
    if (driver === undefined) throw new Error('closed');
    return driver;
  };
  /** Until nothing more happens by itself. */
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 5; i += 1) await new Promise((resolve) => setImmediate(resolve));
  };

  it('comes before the answer, and one covers all that were committed before it began', async () => {
    hold = true;
    const answered: number[] = [];
    const write = (n: number) =>
      open()
        .write(() => add(n))
        .then((one) => answered.push(one));
    const first = write(1);
    await settle();
    const later = [write(2), write(3), write(4)];
    await settle();
    expect({ answered, syncs }).toEqual({ answered: [], syncs: 1 });
    held.shift()?.(null);
    await first;
    await settle();
    // The three that came while the disk was busy share the second sync; none was acknowledged by the first.
    expect({ answered, syncs }).toEqual({ answered: [1], syncs: 2 });
    held.shift()?.(null);
    await Promise.all(later);
    expect({ answered, syncs, rows: open().read(all) }).toEqual({
      answered: [1, 2, 3, 4],
      syncs: 2,
      rows: [1, 2, 3, 4],
    });
  });

  it('undoes a failed program alone, between others of the same transaction', async () => {
    const results = await Promise.allSettled([
      open().write(() => add(1)),
      open().write(() => addThenFail(2)),
      open().write(() => add(1)),
      open().write(() => add(3)),
    ]);
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect(open().read(all)).toEqual([1, 3]);
  });

  it('that fails is told to everybody who waits, and nothing is written any more', async () => {
    hold = true;
    const waiting = Promise.allSettled([open().write(() => add(1)), open().write(() => add(2))]);
    await settle();
    const behind = open()
      .write(() => add(3))
      .then(
        () => 'acknowledged',
        (error: unknown) => (error as { code?: string }).code,
      );
    await settle();
    held.shift()?.(Object.assign(new Error('EIO'), { code: 'EIO' }));
    for (const result of await waiting) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'MW-UNAVAILABLE' } });
    }
    expect(await behind).toBe('MW-UNAVAILABLE');
    // A sync that works again proves nothing about what was lost.
    hold = false;
    expect(await refusal(open().write(() => add(4)))).toBe('MW-UNAVAILABLE');
    const connection = await open().acquireConnection();
    expect(await refusal(open().beginTransaction(connection))).toBe('MW-UNAVAILABLE');
    expect(open().read(all)).not.toContain(4);
  });

  it('is not claimed of a log that another program took away', async () => {
    await open().write(() => add(1));
    await rename(`${path}-wal`, `${path}-elsewhere`);
    await rm(`${path}-elsewhere`);
    expect(await refusal(open().write(() => add(2)))).toBe('MW-UNAVAILABLE');
  });
});
