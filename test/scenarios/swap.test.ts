/** Constant load while routes change: no request may fail, and every answer is exactly one version's. */
import { appendFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { fixtureModel, grpcLinear, inferLinear, linearRoute, startPlane } from './plane-harness.ts';
import type { PlaneHarness } from './plane-harness.ts';

let harness: PlaneHarness | undefined;
afterEach(async () => {
  await harness?.end();
  harness = undefined;
});

test('30 swaps, rollbacks, a split and a broken model under load: zero failed requests', {
  timeout: 120_000,
}, async () => {
  harness = await startPlane();
  const { plane, rest, grpc } = harness;
  let epoch = 1;
  await plane.apply(await linearRoute(epoch, [{ releaseId: 'linear-r1', percent: 100 }], [1]));

  const failures: string[] = [];
  const versions = new Map<number, number>();
  let answers = 0;
  const stop = new AbortController();
  const judge = ({ version, values }: { version: number; values: readonly number[] }): void => {
    answers += 1;
    versions.set(version, (versions.get(version) ?? 0) + 1);
    if (values[0] !== 2 * version || values[1] !== 3 * version)
      failures.push(`v${version} answered ${values.join(',')}`);
  };
  const client = grpcLinear(grpc);
  const load = async (call: () => Promise<{ version: number; values: readonly number[] }>): Promise<void> => {
    while (!stop.signal.aborted) await call().then(judge, (error: unknown) => failures.push(String(error)));
  };
  const callers = [
    ...Array.from({ length: 4 }, () => load(() => inferLinear(rest))),
    load(client.call),
    load(client.call),
  ];

  for (let swap = 0; swap < 30; swap += 1) {
    const to = (swap % 3) + 1;
    epoch += 1;
    await plane.apply(await linearRoute(epoch, [{ releaseId: `linear-r${to}`, percent: 100 }], [to]));
    if (swap % 6 === 5) {
      // A split, and back.
      const other = (to % 3) + 1;
      epoch += 1;
      await plane.apply(
        await linearRoute(
          epoch,
          [
            { releaseId: `linear-r${to}`, percent: 50 },
            { releaseId: `linear-r${other}`, percent: 50 },
          ],
          [to, other],
        ),
      );
      epoch += 1;
      await plane.apply(await linearRoute(epoch, [{ releaseId: `linear-r${to}`, percent: 100 }], [to, other]));
    }
    if (swap % 10 === 9) {
      for (const file of ['broken.onnx', 'nan.onnx']) {
        const bad = await fixtureModel(file, 'linear-r99', 99);
        const route = {
          endpoint: 'linear',
          epoch: epoch + 1,
          weights: [{ releaseId: 'linear-r99', percent: 100 }],
          models: [bad],
        };
        await expect(plane.apply(route)).rejects.toMatchObject({ code: 'MW-MODEL-LOAD' });
      }
    }
  }
  const old = await linearRoute(3, [{ releaseId: 'linear-r1', percent: 100 }], [1]);
  await expect(plane.apply(old)).rejects.toMatchObject({ code: 'MW-CONFLICT' });
  stop.abort();
  await Promise.all(callers);
  client.close();

  expect(failures).toEqual([]);
  expect([...versions.keys()].sort((a, b) => a - b)).toEqual([1, 2, 3]);
  expect(answers).toBeGreaterThan(100);
  await plane.flush();
  const { log } = await plane.status();
  expect(log).toMatchObject({ dropped: 0, pending: 0, written: answers });
  expect(
    (await readdir(join(harness.home, 'predictions', 'linear'))).every((name) =>
      /^part-[0-9a-z]{26}\.parquet$/.test(name),
    ),
  ).toBe(true);
});

test('a plane that was killed comes back by itself on the same ports with its last routes', {
  timeout: 60_000,
}, async () => {
  const restarts: { pid: number; reason: string }[] = [];
  harness = await startPlane({ onRestart: (info) => restarts.push(info) });
  const { plane, rest, pid } = harness;
  await plane.apply(await linearRoute(1, [{ releaseId: 'linear-r2', percent: 100 }], [2]));
  process.kill(pid, 'SIGKILL');
  await expect.poll(() => restarts.length, { timeout: 20_000 }).toBe(1);
  expect(await inferLinear(rest)).toEqual({ version: 2, values: [4, 6] });
  expect(restarts[0]?.pid).not.toBe(pid);
});

test('a changed model file is refused by its digest, and a taken port is named with the next command', {
  timeout: 60_000,
}, async () => {
  harness = await startPlane();
  const { plane, home, rest } = harness;
  const copy = join(home, 'model.onnx');
  const model = await fixtureModel('linear-1.onnx', 'linear-r1', 1);
  await appendFile(copy, 'x');
  const route = {
    endpoint: 'linear',
    epoch: 1,
    weights: [{ releaseId: 'linear-r1', percent: 100 }],
    models: [{ ...model, path: copy }],
  };
  await expect(plane.apply(route)).rejects.toMatchObject({ code: 'MW-MODEL-LOAD', where: 'linear-r1' });

  const port = Number(new URL(rest).port);
  await expect(startPlane({ restPort: port })).rejects.toMatchObject({
    code: 'MW-PORT-TAKEN',
    where: `127.0.0.1:${port}`,
  });
});
