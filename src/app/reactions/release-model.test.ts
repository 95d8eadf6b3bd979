import { expect, test } from 'vitest';
import type { DomainEvent } from '../../domain/events.ts';
import type { LoopDeps } from './deps.ts';
import { moveChampion } from './release-model.ts';

/** Which aliases move when a rollout on this endpoint is promoted, and when it is rolled back. */
async function moved(endpoint: string, project: string, owned: readonly string[]): Promise<unknown[]> {
  const seen: unknown[] = [];
  const deps = {
    store: { endpoints: { get: () => Promise.resolve({ id: endpoint, project, model: 'iris' }) } },
    projects: { list: () => Promise.resolve(owned.map((name) => ({ spec: { endpoint: { name } } }))) },
    registry: {
      setAlias: (_ctx: unknown, model: string, alias: string, version: number) =>
        Promise.resolve(void seen.push([model, alias, version])),
    },
  } as unknown as LoopDeps;
  const of = (type: string, data: object): DomainEvent =>
    ({ id: 'e', type, at: 0, project, actor: 'system', data: { endpoint, ...data } }) as unknown as DomainEvent;
  const reaction = moveChampion(deps);
  const { signal } = new AbortController();
  await reaction.handle(of('rollout.promoted', { version: 2 }), signal);
  await reaction.handle(of('endpoint.rolled_back', { from: 2, to: 1 }), signal);
  return seen;
}

test('the champion follows the endpoint of a project, and no endpoint that only serves a registered model', async () => {
  const both = [
    ['iris', 'champion', 2],
    ['iris', 'champion', 1],
  ];
  expect(await moved('flowers', 'flowers', ['flowers'])).toEqual(both);
  expect(await moved('iris', 'default', ['flowers'])).toEqual([]);
  // A project may be named "default".
  expect(await moved('iris', 'default', ['iris'])).toEqual(both);
});
