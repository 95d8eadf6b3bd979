import { describe, expect, it } from 'vitest';
import { createMemoryMetadata } from '../adapters/memory/index.ts';
import { MillwrightError } from '../domain/errors.ts';
import type { DomainEvent, NewEvent } from '../domain/events.ts';
import { createDispatcher } from './dispatcher.ts';
import { withBell } from './event-bell.ts';

const quiet = (): void => undefined;
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const told = (id: string): NewEvent => ({
  id,
  type: 'model.unchanged',
  at: 1,
  project: 'p',
  actor: 'test',
  data: { model: 'm', runId: 'r-1', version: 1 },
});

/** A handler that refuses the first event for good, as wrong input does. */
function picky(seen: string[]) {
  return {
    name: 'picky',
    types: ['model.unchanged'] as const,
    handle: (event: DomainEvent): Promise<void> => {
      seen.push(event.id);
      if (event.id === 'evt_bad') return Promise.reject(new MillwrightError('MW-STEP-OUTPUT', 'not JSON'));
      return Promise.resolve();
    },
  };
}

describe('a reaction that cannot succeed', () => {
  it('is tried once, told in the story with its run, and does not hold up the next event', async () => {
    const { store, bell } = withBell(createMemoryMetadata());
    const seen: string[] = [];
    const dispatcher = createDispatcher(store.events, bell, [picky(seen)], log);
    await store.events.append(told('evt_bad'));
    await store.events.append(told('evt_good'));
    dispatcher.start();
    await dispatcher.settled();
    await dispatcher.stop();
    expect(seen).toEqual(['evt_bad', 'evt_good']);
    const said = await store.events.find({ types: ['reaction.gave_up'] });
    expect(said).toMatchObject([{ cause: 'evt_bad', data: { code: 'MW-STEP-OUTPUT', runId: 'r-1' } }]);
    await store.close();
  });

  it('goes on when the server died between telling it and moving the cursor', async () => {
    const { store, bell } = withBell(createMemoryMetadata());
    const seen: string[] = [];
    await store.events.append(told('evt_bad'));
    await store.events.append({
      ...told('evt_bad-picky'),
      type: 'alert.fired',
      data: { alertId: 'a', monitorId: 'm', text: '' },
    });
    await store.events.append(told('evt_good'));
    const dispatcher = createDispatcher(store.events, bell, [picky(seen)], log);
    dispatcher.start();
    await expect.poll(() => seen).toEqual(['evt_bad', 'evt_good']);
    await dispatcher.stop();
    await store.close();
  });
});

describe('a database that is away for a moment', () => {
  it('stops neither the reactions nor the stream, and nothing is missed', async () => {
    const { store, bell } = withBell(createMemoryMetadata());
    let away = false;
    const events = {
      ...store.events,
      find: (query: Parameters<typeof store.events.find>[0]) =>
        away ? Promise.reject(new MillwrightError('MW-UNAVAILABLE', 'restarting')) : store.events.find(query),
    };
    const [seen, streamed]: [string[], string[]] = [[], []];
    const dispatcher = createDispatcher(events, bell, [picky(seen)], log);
    dispatcher.subscribe((event) => streamed.push(event.id));
    dispatcher.start();
    await dispatcher.settled();
    away = true;
    await store.events.append(told('evt_meanwhile'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    away = false;
    await store.events.append(told('evt_after'));
    await expect.poll(() => seen, { timeout: 5_000 }).toEqual(['evt_meanwhile', 'evt_after']);
    await expect.poll(() => streamed, { timeout: 5_000 }).toEqual(['evt_meanwhile', 'evt_after']);
    await dispatcher.stop();
    await store.close();
  });
});
