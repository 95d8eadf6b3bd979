/** Any order of swaps, calls, unloads and idle times: no call is lost or mixed, and no model is left in memory. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { call, fakeRoute, openFakePlane } from '../../../test/fixtures/serving/fake-plane.ts';
import { MillwrightError } from '../../domain/errors.ts';
import { ENDPOINT_LIMITS } from '../../domain/serving.ts';

type Step =
  | {
      readonly kind: 'swap';
      readonly endpoint: string;
      readonly version: number;
      readonly kept: number;
      readonly idle: boolean;
    }
  | { readonly kind: 'mirror'; readonly endpoint: string; readonly version: number }
  | { readonly kind: 'call'; readonly endpoint: string; readonly value: number; readonly timeoutMs: number }
  | { readonly kind: 'unload' | 'load' | 'remove' | 'workers'; readonly endpoint: string }
  | { readonly kind: 'wait'; readonly ms: number };

const endpoint = fc.constantFrom('a', 'b');
const version = fc.integer({ min: 1, max: 4 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('swap' as const), endpoint, version, kept: version, idle: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('mirror' as const), endpoint, version }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('call' as const),
      endpoint,
      value: fc.integer({ min: 100, max: 109 }),
      timeoutMs: fc.constantFrom(1, 30_000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('unload' as const, 'load' as const, 'remove' as const, 'workers' as const),
      endpoint,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 15 }) }) },
);

/** What a caller may be told when the endpoint was removed or unloaded by hand, a change came too late, or the load took longer than it waits. */
const EXPECTED = new Set(['MW-NOT-FOUND', 'MW-UNAVAILABLE', 'MW-CONFLICT', 'MW-DEADLINE']);

test('nothing is lost, mixed or left behind', { timeout: 60_000 }, async () => {
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 40 }),
      fc.integer({ min: 0, max: 4 }),
      async (steps, ms) => {
        const { serving, behaviour, loads, unloads, misused } = openFakePlane({ budget: { models: 3 } });
        behaviour.load = () => pause(ms);
        // Only calls take their time: a warm-up makes dozens of its own.
        behaviour.infer = (_path, [input]) => (Number(input?.data[0]) >= 100 ? pause(ms) : Promise.resolve());
        const wrong: string[] = [];
        const open: Promise<unknown>[] = [];
        let epoch = 0;
        let queue = 2;
        const told = (error: unknown): void => {
          if (!(error instanceof MillwrightError) || !EXPECTED.has(error.code)) wrong.push(String(error));
        };
        const ask = async ({ endpoint: name, value, timeoutMs }: Extract<Step, { kind: 'call' }>): Promise<void> => {
          const { version: by, outputs } = await call(serving, value, { endpoint: name, timeoutMs });
          if (outputs[0]?.data[0] !== by * value) wrong.push(`v${by}: ${outputs[0]?.data[0]} for ${value}`);
        };
        const limits = (idle: boolean) => ({ ...ENDPOINT_LIMITS, idleMs: idle ? 5 : 0, queue: 2000 + queue });
        for (const one of steps) {
          if (one.kind === 'wait') await pause(one.ms);
          else if (one.kind === 'call') open.push(ask(one).catch(told));
          else if (one.kind === 'swap' || one.kind === 'mirror') {
            epoch += 1;
            const kept = one.kind === 'swap' ? one.kept : (one.version % 4) + 1;
            const versions = [...new Set([one.version, kept])];
            const mirror =
              one.kind === 'mirror' ? { mirror: { releaseId: `${one.endpoint}-r${kept}`, percent: 100 } } : {};
            const more = { endpoint: one.endpoint, limits: limits(one.kind === 'swap' && one.idle), ...mirror };
            open.push(serving.apply(fakeRoute(epoch, versions, more)).catch(told));
          } else if (one.kind === 'workers') queue += 1;
          else if (one.kind === 'remove') open.push(serving.remove(one.endpoint).catch(told));
          else if (one.kind === 'unload') open.push(serving.unload(one.endpoint).catch(told));
          else open.push(serving.load(one.endpoint).catch(told));
          await Promise.resolve();
        }
        await Promise.all(open);
        await Promise.all(['a', 'b'].map((name) => serving.remove(name)));
        // Copies for mirrors, and loads for calls that left, may still be under way.
        for (let tries = 0; tries < 200 && loads.length !== unloads.length; tries += 1) await pause(2);
        expect(wrong).toEqual([]);
        expect(misused, 'unloaded under a call').toEqual([]);
        expect(serving.inFlight()).toBe(0);
        expect(unloads.length, 'every model that was loaded is unloaded once').toBe(loads.length);
      },
    ),
    { numRuns: 300 },
  );
});
