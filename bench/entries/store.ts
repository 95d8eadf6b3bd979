/** Durable commits of the metadata store, against the disk and against bare SQLite. */
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openMetadata } from '../../src/adapters/metadata-sql/index.ts';
import { createIds } from '../../src/platform/ids.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { type Entry, figure, median, timed } from '../figures.ts';
import { newHome } from '../server.ts';

export const store: Entry = async ({ quick }) => {
  const home = newHome();
  const [rounds, commits] = quick ? [3, 100] : [7, 300];
  const ids = createIds(systemClock);
  const metadata = await openMetadata(`sqlite://${join(home, 'a.db')}`);
  const bare = new DatabaseSync(join(home, 'b.db'));
  bare.exec('pragma journal_mode = wal; pragma synchronous = full; create table t (id text primary key, doc text)');
  const insert = bare.prepare('insert into t values (?, ?)');
  const file = openSync(join(home, 'c'), 'w');
  const document = JSON.stringify({ rolloutId: 'flights-o1', version: 1, reason: 'x'.repeat(120) });
  const perSecond = (ms: number): number => (commits / ms) * 1000;
  const [ours, raw, disk]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < rounds; round += 1) {
    disk.push(
      await timed(() => {
        for (let i = 0; i < commits; i += 1) {
          writeSync(file, document);
          fdatasyncSync(file);
        }
      }),
    );
    raw.push(
      await timed(() => {
        for (let i = 0; i < commits; i += 1) insert.run(ids.next('x'), document);
      }),
    );
    ours.push(
      await timed(async () => {
        for (let i = 0; i < commits; i += 1) {
          const id = ids.next('evt');
          await metadata.transaction(async (tx) => {
            await tx.events.append({
              id,
              type: 'model.unchanged',
              at: 1,
              project: 'b',
              actor: 'b',
              data: JSON.parse(document),
            });
          });
        }
      }),
    );
  }
  closeSync(file);
  bare.close();
  await metadata.close();
  rmSync(home, { recursive: true, force: true });
  const sqlite = perSecond(median(raw));
  return [
    figure('fdatasync of a small write', perSecond(median(disk)), '/s'),
    figure('bare SQLite, insert and commit', sqlite, '/s', { what: 'fdatasync', value: perSecond(median(disk)) }),
    figure('durable transactions with an event', perSecond(median(ours)), '/s', { what: 'bare SQLite', value: sqlite }),
  ];
};
