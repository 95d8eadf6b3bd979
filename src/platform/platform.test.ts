import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { createBoundedQueue } from './bounded-queue.ts';
import { systemClock } from './clock.ts';
import { createIds } from './ids.ts';
import { fromJsonText, toJsonText } from './json-text.ts';
import { createLifecycle, stopOnSignals } from './lifecycle.ts';
import { createMutex } from './mutex.ts';
import { retry } from './retry.ts';

const quiet = { info: () => undefined, error: () => undefined };

describe('ids', () => {
  it('have their form, are unique, and sort in the order they were made, also when the clock steps back', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 2, maxLength: 50 }), (times) => {
        let at = 0;
        const ids = createIds({ now: () => 1_700_000_000_000 + (times[at++] ?? 0) });
        const made = times.map(() => ids.next('run'));
        for (const id of made) expect(id).toMatch(/^run_[0-9a-hjkmnp-tv-z]{26}$/);
        expect(new Set(made).size).toBe(made.length);
        expect(made.toSorted()).toEqual(made);
      }),
    );
  });

  it('give hex of any length', () => {
    const ids = createIds(systemClock);
    for (const n of [1, 2, 31, 32]) expect(ids.hex(n)).toMatch(new RegExp(`^[0-9a-f]{${n}}$`));
    expect(ids.hex(32)).not.toBe(ids.hex(32));
  });
});

describe('JSON text', () => {
  it('gives back every JSON value and every number', () => {
    const value = fc.oneof(fc.jsonValue(), fc.record({ a: fc.double(), b: fc.array(fc.double()) }));
    fc.assert(
      fc.property(value, (given) => {
        // JSON has no negative zero.
        const expected: unknown = JSON.parse(JSON.stringify(given), (_key, item: unknown) => item);
        const back = fromJsonText(toJsonText(given));
        if (!JSON.stringify(given).includes('null')) expect(back).toEqual(expected);
        expect(toJsonText(back)).toBe(toJsonText(given));
      }),
    );
    expect(fromJsonText(toJsonText({ a: Number.NaN, b: [Infinity, -Infinity, null] }))).toEqual({
      a: Number.NaN,
      b: [Infinity, -Infinity, null],
    });
  });
});

describe('mutex', () => {
  it('lets one in at a time, in the order they came, also after a failure', async () => {
    const mutex = createMutex();
    const order: number[] = [];
    let inside = 0;
    await Promise.allSettled(
      Array.from({ length: 10 }, (_, index) =>
        mutex.run(async () => {
          inside += 1;
          expect(inside).toBe(1);
          await Promise.resolve();
          order.push(index);
          inside -= 1;
          if (index === 3) throw new Error('fails');
        }),
      ),
    );
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('who waits too long is told, and does not get the turn later', async () => {
    const mutex = createMutex();
    const release = await mutex.acquire();
    await expect(mutex.acquire(20, () => new Error('too long'))).rejects.toThrow('too long');
    release();
    release();
    const again = await mutex.acquire(20);
    const waiting = mutex.acquire(1_000);
    again();
    (await waiting)();
  });
});

describe('retry', () => {
  const options = { tries: 3, firstDelayMs: 1, maxDelayMs: 2 };

  it('tries a bounded number of times and gives the last error', async () => {
    let tries = 0;
    const failing = retry(async (attempt) => {
      tries += 1;
      throw new Error(`try ${attempt}`);
    }, options);
    await expect(failing).rejects.toThrow('try 3');
    expect(tries).toBe(3);
    expect(await retry(async (attempt) => (attempt < 3 ? Promise.reject(new Error('no')) : attempt), options)).toBe(3);
  });

  it('does not try again what cannot help', async () => {
    let tries = 0;
    const failing = retry(
      async () => {
        tries += 1;
        throw new Error('never');
      },
      { ...options, retriable: () => false },
    );
    await expect(failing).rejects.toThrow('never');
    expect(tries).toBe(1);
  });

  it('ends with the signal, also while it waits', async () => {
    const controller = new AbortController();
    const waiting = retry(async () => Promise.reject(new Error('no')), {
      tries: 2,
      firstDelayMs: 60_000,
      maxDelayMs: 60_000,
      random: () => 0.9,
      signal: controller.signal,
    });
    setTimeout(() => controller.abort(new Error('stop')), 20);
    await expect(waiting).rejects.toThrow('stop');
  });
});

describe('the bounded queue', () => {
  it('behaves like a list that refuses what is too much, and counts it', () => {
    const step = fc.oneof(
      fc.record({ push: fc.integer({ min: 0, max: 5 }) }),
      fc.record({ take: fc.integer({ min: 0, max: 4 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const queue = createBoundedQueue<number>({ maxItems: 20, maxWeight: 40, weigh: (item) => item });
        let model: number[] = [];
        let dropped = 0;
        for (const one of steps) {
          if ('push' in one) {
            const fits = model.length < 20 && model.reduce((a, b) => a + b, 0) + one.push <= 40;
            expect(queue.push(one.push)).toBe(fits);
            if (fits) model.push(one.push);
            else dropped += 1;
          } else {
            expect(queue.take(one.take)).toEqual(model.slice(0, one.take));
            model = model.slice(one.take);
          }
          expect([queue.size, queue.weight, queue.dropped]).toEqual([
            model.length,
            model.reduce((a, b) => a + b, 0),
            dropped,
          ]);
        }
      }),
    );
  });
});

describe('shutdown', () => {
  it('stops last what was started first, goes on after a failure, and does it once', async () => {
    const lifecycle = createLifecycle({ deadlineMs: 1_000, log: quiet });
    const order: string[] = [];
    lifecycle.onStop('database', () => void order.push('database'));
    lifecycle.onStop('broken', () => {
      throw new Error('broken');
    });
    lifecycle.onStop('server', async () => {
      expect(lifecycle.signal.aborted).toBe(true);
      await Promise.resolve();
      order.push('server');
    });
    const [first, second] = [lifecycle.stop('test'), lifecycle.stop('again')];
    expect(await first).toEqual(['broken']);
    expect(await second).toEqual(['broken']);
    expect(order).toEqual(['server', 'database']);
  });

  it('does not wait longer than its deadline', async () => {
    const lifecycle = createLifecycle({ deadlineMs: 50, log: quiet });
    let stopped = false;
    lifecycle.onStop('quick', () => {
      stopped = true;
    });
    lifecycle.onStop('hangs', () => new Promise(() => undefined));
    const start = performance.now();
    expect(await lifecycle.stop('test')).toContain('hangs');
    expect(performance.now() - start).toBeLessThan(1_000);
    await Promise.resolve();
    expect(stopped).toBe(true);
  });

  it('a signal stops in order and exits 0, a failure exits 1, a second signal exits at once', async () => {
    const exits: number[] = [];
    const source = () => {
      const listeners = new Map<string, () => void>();
      return {
        on: (name: string, listener: () => void) => listeners.set(name, listener),
        exit: (code: number) => void exits.push(code),
        send: (name: string) => listeners.get(name)?.(),
      };
    };
    const good = source();
    stopOnSignals(createLifecycle({ deadlineMs: 100, log: quiet }), good);
    good.send('SIGTERM');
    await expect.poll(() => exits).toEqual([0]);
    const slow = source();
    const lifecycle = createLifecycle({ deadlineMs: 100, log: quiet });
    lifecycle.onStop('hangs', () => new Promise(() => undefined));
    stopOnSignals(lifecycle, slow);
    slow.send('SIGINT');
    slow.send('SIGINT');
    expect(exits).toEqual([0, 130]);
    await expect.poll(() => exits).toEqual([0, 130, 1]);
  });
});
