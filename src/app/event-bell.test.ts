import { describe, expect, it } from 'vitest';
import { createMemoryMetadata } from '../adapters/memory/index.ts';
import type { NewEvent } from '../domain/events.ts';
import { createDispatcher } from './dispatcher.ts';
import { withBell } from './event-bell.ts';

const quiet = (): void => undefined;
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
let serial = 0;
const event = (): NewEvent => ({
  id: `evt_${(serial += 1)}`,
  type: 'model.unchanged',
  at: 1,
  project: 'p',
  actor: 'test',
  data: { model: 'm', runId: 'r', version: 1 },
});

describe('the bell', () => {
  it('rings after a commit with an event, and neither before it nor for one that was rolled back', async () => {
    const { store, bell } = withBell(createMemoryMetadata());
    await store.transaction(async (tx) => {
      await tx.events.append(event());
      expect(bell.count).toBe(0);
    });
    expect(bell.count).toBe(1);
    await expect(
      store.transaction(async (tx) => {
        await tx.events.append(event());
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(bell.count).toBe(1);
    await store.events.append(event());
    expect(bell.count).toBe(2);
    await store.close();
  });

  it('does not let a waiter sleep over what came between its look and its wait', async () => {
    const { store, bell } = withBell(createMemoryMetadata());
    const seen = bell.count;
    await store.events.append(event());
    await bell.rung(seen, 60_000, new AbortController().signal);
    await store.close();
  });
});

describe('the dispatcher', () => {
  async function until(done: () => boolean, ms: number): Promise<void> {
    const end = performance.now() + ms;
    while (!done()) {
      if (performance.now() > end) throw new Error(`not in ${ms} ms`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  it('hands on what this process commits at once, and what another wrote when it looks', async () => {
    const inner = createMemoryMetadata();
    const { store, bell } = withBell(inner);
    const handled: string[] = [];
    const streamed: string[] = [];
    const reaction = {
      name: 'r',
      types: ['model.unchanged'] as const,
      handle: async (one: { readonly id: string }) => void handled.push(one.id),
    };
    const dispatcher = createDispatcher(store.events, bell, [reaction], log);
    dispatcher.subscribe((one) => streamed.push(one.id));
    dispatcher.start();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await store.transaction(async (tx) => void (await tx.events.append(event())));
    // Less than the dispatcher's own look of 1 s.
    await until(() => handled.length === 1 && streamed.length === 1, 500);
    await inner.events.append(event());
    await until(() => handled.length === 2 && streamed.length === 2, 3000);
    await dispatcher.stop();
    await store.close();
  });
});
