/** The same server on PostgreSQL and on MariaDB: the loop from a run to an answer; then all of it moves to SQLite and goes on there. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { startMariadb, startPostgres } from '../databases/real-databases.ts';
import { ask, createScenario, inferTiny, jsonOf, kill9, tinyProject, until } from './scenario.ts';

const servers = { postgres: await startPostgres(), mysql: await startMariadb() };
const packages = { postgres: 'postgresql', mysql: 'mariadb-server' };

afterAll(async () => {
  for (const server of Object.values(servers)) await server?.stop();
});

describe.each(['postgres', 'mysql'] as const)('a server on %s', (engine) => {
  const server = servers[engine];
  if (server === undefined) {
    console.log(
      `NOT RUN: the loop on ${engine}; install it: apt-get install -y --no-install-recommends ${packages[engine]}`,
    );
  }

  it.skipIf(server === undefined)(
    'trains, serves, survives kill -9, and moves to SQLite with all it knows',
    { timeout: 180_000 },
    async () => {
      const url = (await server?.database('millwright')) ?? '';
      const scenario = await createScenario(engine);
      try {
        tinyProject(scenario);
        const first = await scenario.start({ args: ['--metadata', url] });
        const { experiment_id } = (
          await ask(first.url, '/api/2.0/mlflow/experiments/create', { body: { name: '비행' } })
        ).json;
        const made = await ask(first.url, '/api/2.0/mlflow/runs/create', {
          body: { experiment_id, start_time: 1, run_name: 'r' },
        });
        const run_id: string = made.json.run.info.run_id;
        const metrics = [
          { key: 'auc', value: 0.75, timestamp: 1, step: 1 },
          { key: 'far', value: 'Infinity', timestamp: 1, step: 1 },
        ];
        const logged = await ask(first.url, '/api/2.0/mlflow/runs/log-batch', {
          body: { run_id, metrics, params: [{ key: 'depth', value: '4' }], tags: [{ key: 'kind', value: '나무' }] },
        });
        expect(logged.status, logged.text).toBe(200);
        // As a restart of the database does: the loops of the server have to find back by themselves.
        await server?.dropConnections();
        await sleep(500);
        const ran = await scenario.mw(['run', '--json']);
        expect(ran.code, ran.out + ran.err).toBe(0);
        await kill9(first.child);
        const second = await scenario.start({ env: { MILLWRIGHT_METADATA: url } });
        const deployed = await scenario.mw(['deploy', '--json'], { env: { MILLWRIGHT_METADATA: url } });
        expect(deployed.code, deployed.out + deployed.err).toBeLessThanOrEqual(3);
        await until('an answer', () => inferTiny(second.rest).catch(() => undefined));
        const search = async (base: string) =>
          (
            await ask(base, '/api/2.0/mlflow/runs/search', {
              body: {
                experiment_ids: [experiment_id],
                filter: "metrics.auc > 0.7 AND params.depth = '4' AND tags.kind LIKE '나%'",
              },
            })
          ).json;
        const before = await search(second.url);
        expect(before.runs).toHaveLength(1);
        const models = await ask(second.url, '/api/2.0/mlflow/registered-models/get?name=tiny');
        await scenario.mw(['stop', '--all']);

        const home = join(scenario.root, 'sqlite-home');
        const moved = await scenario.mw([
          'migrate-store',
          '--json',
          '--from',
          url,
          '--to',
          `sqlite://${join(home, 'millwright.db')}`,

          '--artifacts-from',
          `file://${join(scenario.home, 'blobs')}`,
          '--artifacts-to',
          `file://${join(home, 'blobs')}`,
        ]);
        expect(moved.code, moved.out + moved.err).toBe(0);
        const report = jsonOf(moved);
        expect(report.blobs.copied).toBeGreaterThan(0);
        expect(report.rows).toBeGreaterThan(20);
        expect(moved.out + moved.err).not.toContain('secret-password');
        const again = await scenario.mw([
          'migrate-store',
          '--from',
          url,
          '--to',
          `sqlite://${join(home, 'millwright.db')}`,
        ]);
        expect([again.code, again.err]).toEqual([1, expect.stringContaining('the target is not empty')]);

        // Another home, the same folder of the project: what the first server knew is all there.
        const third = await scenario.start({ env: { MILLWRIGHT_METADATA: `sqlite://${join(home, 'millwright.db')}` } });
        expect(await search(third.url)).toEqual(before);
        const after = await ask(third.url, '/api/2.0/mlflow/registered-models/get?name=tiny');
        expect(after.json).toEqual(models.json);
        const busy = await scenario.mw([
          'migrate-store',
          '--from',
          `sqlite://${join(scenario.home, 'millwright.db')}`,
          '--to',
          url,
        ]);
        expect(busy.err).toMatch(/MW-HOME-IN-USE|MW-NOT-FOUND/);
      } finally {
        await scenario.end();
      }
    },
  );
});
