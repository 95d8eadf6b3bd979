import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ModelSignature } from '../../domain/registry.ts';
import type { Tensor } from '../../domain/tensors.ts';
import { createIds } from '../../platform/ids.ts';
import { systemClock } from '../../platform/clock.ts';
import { NO_RUNTIME_STATS } from '../../ports/model-runtime.ts';
import type { LoadedModel, ModelRuntime } from '../../ports/model-runtime.ts';
import { createServing } from './index.ts';
import { createLatencyHistogram, LATENCY_BOUNDS } from './latency.ts';
import { choose, placeOf } from './split.ts';

const ids = createIds(systemClock);

test('the split is stable, fair, and raising a share only adds keys to it', () => {
  const at = (percent: number, key: string): string | undefined =>
    choose(
      [
        { name: 'new', percent },
        { name: 'old', percent: 100 - percent },
      ],
      key,
    )?.name;
  fc.assert(
    fc.property(
      fc.string(),
      fc.integer({ min: 1, max: 98 }),
      (key, percent) => at(percent, key) !== 'new' || at(percent + 1, key) === 'new',
    ),
  );
  const keys = Array.from({ length: 20_000 }, (_, index) => `request-${index}`);
  for (const percent of [10, 50]) {
    const share = keys.filter((key) => at(percent, key) === 'new').length / keys.length;
    expect(Math.abs(share - percent / 100)).toBeLessThan(0.01);
  }
  expect(keys.every((key) => placeOf(key) >= 0 && placeOf(key) < 100)).toBe(true);
});

test('every latency falls into the bucket whose bounds hold it', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 90_000, noNaN: true }), (ms) => {
      const histogram = createLatencyHistogram();
      histogram.add(ms);
      const index = histogram.counts.indexOf(1);
      const high = LATENCY_BOUNDS[index] ?? Number.POSITIVE_INFINITY;
      const low = index === 0 ? 0 : (LATENCY_BOUNDS[index - 1] ?? 0);
      return ms <= high * 1.0001 && ms >= low * 0.9999;
    }),
  );
});

describe('routes', () => {
  const signature: ModelSignature = {
    inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 1] }],
    outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 1] }],
  };
  const x: Tensor = { name: 'x', datatype: 'FP32', shape: [1, 1], data: Float32Array.of(1) };

  /** A runtime whose first model can be told to hold its answers back, to see what happens to a call while the route changes under it. */
  function heldRuntime() {
    const unloaded: string[] = [];
    const waiting: (() => void)[] = [];
    let hold = false;
    const runtime: ModelRuntime = {
      caps: { formats: [], batching: false },
      load: ({ path }) => {
        const model: LoadedModel = {
          signature,
          infer: async () => {
            if (hold && path === '1') await new Promise<void>((resolve) => waiting.push(resolve));
            return [{ ...x, name: 'y', data: Float32Array.of(Number(path)) }];
          },
          stats: () => NO_RUNTIME_STATS,
          unload: () => {
            unloaded.push(path);
            return Promise.resolve();
          },
        };
        return Promise.resolve(model);
      },
      close: () => Promise.resolve(),
    };
    const serving = createServing({
      runtime,
      clock: systemClock,
      ids,
      log: { add() {} },
      persist: () => Promise.resolve(),
      verify: () => Promise.resolve(),
      onError: () => undefined,
    });
    const route = (epoch: number, versions: readonly number[], main = versions[0]) => ({
      endpoint: 'e',
      epoch,
      weights: [{ releaseId: `r${main}`, percent: 100 }],
      models: versions.map((version) => ({
        releaseId: `r${version}`,
        model: 'm',
        version,
        modelDigest: `sha256:${version}`,
        path: String(version),
      })),
    });
    const setHold = (value: boolean): void => {
      hold = value;
      if (!value) for (const go of waiting.splice(0)) go();
    };
    return { serving, route, unloaded, setHold };
  }

  test('a call keeps the release it was admitted to; the old one is unloaded only after its last answer', async () => {
    const { serving, route, unloaded, setHold } = heldRuntime();
    await serving.apply(route(1, [1]));
    setHold(true);
    const early = serving.infer({ endpoint: 'e', inputs: [x] });
    await serving.apply(route(2, [2]));
    expect((await serving.infer({ endpoint: 'e', inputs: [x] })).version).toBe(2);
    expect(unloaded).toEqual([]);
    setHold(false);
    expect((await early).version).toBe(1);
    expect(unloaded).toEqual(['1']);
  });

  test('a release kept for a rollback stays loaded and can be asked for by its version', async () => {
    const { serving, route, unloaded } = heldRuntime();
    await serving.apply(route(1, [1]));
    await serving.apply(route(2, [2, 1]));
    expect(unloaded).toEqual([]);
    expect((await serving.infer({ endpoint: 'e', inputs: [x] })).version).toBe(2);
    expect((await serving.infer({ endpoint: 'e', version: 1, inputs: [x] })).version).toBe(1);
    await expect(serving.infer({ endpoint: 'e', version: 9, inputs: [x] })).rejects.toMatchObject({
      code: 'MW-NOT-FOUND',
    });
    await serving.apply(route(3, [2]));
    expect(unloaded).toEqual(['1']);
  });

  test('a document that could not route every call is refused and the old route stays', async () => {
    const { serving, route } = heldRuntime();
    await serving.apply(route(1, [1]));
    const base = route(2, [1]);
    for (const bad of [
      { ...base, weights: [{ releaseId: 'r1', percent: 99 }] },
      { ...base, weights: [] },
      { ...base, weights: [{ releaseId: 'r7', percent: 100 }] },
      { ...base, endpoint: '../e' },
    ]) {
      await expect(serving.apply(bad)).rejects.toMatchObject({ code: 'MW-INVALID' });
    }
    await expect(serving.apply(route(1, [2]))).rejects.toMatchObject({ code: 'MW-CONFLICT' });
    expect((await serving.infer({ endpoint: 'e', inputs: [x] })).version).toBe(1);
  });
});
