import { beforeEach, expect, it } from 'vitest';
import { createMemoryMetadata } from '../../adapters/memory/index.ts';
import { MillwrightError } from '../../domain/errors.ts';
import { systemClock } from '../../platform/clock.ts';
import { createIds } from '../../platform/ids.ts';
import type { Context } from '../../ports/context.ts';
import type { BuildRequest, EnvironmentBuilder } from '../../ports/environment-builder.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import type { Workspace } from '../../ports/workspace.ts';
import { createEnvironments, type Environments } from './index.ts';

const quiet = () => undefined;
const ctx: Context = {
  principal: { name: 'system', role: 'admin' },
  log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  signal: new AbortController().signal,
  cause: 'evt_0',
};

let store: MetadataStore;
let environments: Environments;
let requests: BuildRequest[];

/** Names an environment by its requirements without comments, as a lock would be. */
const builder: EnvironmentBuilder = {
  remove: async () => 0,
  host: async () => ({ os: 'x', kernel: 'x', arch: 'x64', cpu: 'x', cpuFlags: [], cores: 1, memoryBytes: 1, gpus: [] }),
  async build(request, progress) {
    requests.push(request);
    progress('building');
    const text = request.requirements?.text ?? '';
    if (text.includes('broken')) throw new MillwrightError('MW-ENV-BUILD', 'broken');
    const lock = text.replace(/^#.*\n/gm, '');
    const digest = `sha256:${Buffer.from(lock).toString('hex').padEnd(64, '0')}`;
    const interpreter = `/envs/${text.length}/python`;
    return {
      digest,
      python: '3.11.7',
      interpreter,
      installer: 'pip',
      lock,
      packages: [],
      host: await builder.host(),
      reused: false,
    };
  },
};

function workspace(files: Readonly<Record<string, string>>): Workspace {
  return {
    root: '/project',
    file: async () => '',
    exists: async (path) => path in files,
    snapshot: async () => ({ digest: '', files: [], dirty: false }),
    dataFiles: async () => [],
    async read(path) {
      const text = files[path];
      if (text === undefined) throw new MillwrightError('MW-CONFIG-FILE', `no file ${path}`);
      return text;
    },
  };
}

beforeEach(() => {
  store = createMemoryMetadata();
  requests = [];
  environments = createEnvironments({ store, builder, clock: systemClock, ids: createIds(systemClock) });
});

it('records an environment once, with one event, and keeps to the interpreter that is there', async () => {
  const spec = { python: '3.11', requirements: 'requirements.txt' };
  const lines: string[] = [];
  const note = (line: string): void => {
    lines.push(line);
  };
  const [first, twin] = await Promise.all([
    environments.ensure(ctx, spec, workspace({ 'requirements.txt': 'a\n' }), note, 'flights'),
    environments.ensure(ctx, spec, workspace({ 'requirements.txt': 'a\n' }), note, 'flights'),
  ]);
  expect(twin).toEqual(first);
  expect(first.id).toMatch(/^env-[0-9a-f]{16}$/);
  expect(lines).toEqual(['building', 'building']);
  const reworded = await environments.ensure(ctx, spec, workspace({ 'requirements.txt': '# why\na\n' }), note);
  expect(reworded).toEqual({ ...first, interpreter: reworded.interpreter });
  expect(reworded.interpreter).not.toBe(first.interpreter);
  expect(await environments.get(first.id)).toEqual(reworded);
  expect(await environments.list()).toHaveLength(1);
  const events = await store.events.find({});
  expect(events).toHaveLength(1);
  expect(events[0]).toMatchObject({
    type: 'environment.built',
    project: 'flights',
    cause: 'evt_0',
    data: { environmentId: first.id },
  });
});

it('hands on what a uv.lock needs, and bare names', async () => {
  const files = { 'sub/uv.lock': 'lock', 'sub/pyproject.toml': 'toml' };
  await environments.ensure(ctx, { requirements: 'sub/uv.lock' }, workspace(files), quiet);
  await environments.ensure(ctx, {}, workspace({}), quiet);
  expect(requests).toEqual([
    { requirements: { name: 'uv.lock', text: 'lock', beside: { name: 'pyproject.toml', text: 'toml' } } },
    {},
  ]);
});

it('records nothing for a build that failed or a file that is missing', async () => {
  const spec = { requirements: 'requirements.txt' };
  await expect(environments.ensure(ctx, spec, workspace({}), quiet)).rejects.toMatchObject({ code: 'MW-CONFIG-FILE' });
  await expect(
    environments.ensure(ctx, spec, workspace({ 'requirements.txt': 'broken' }), quiet),
  ).rejects.toMatchObject({ code: 'MW-ENV-BUILD' });
  expect(await environments.list()).toEqual([]);
  expect(await store.events.find({})).toEqual([]);
  await expect(environments.get('env-none')).rejects.toMatchObject({ code: 'MW-NOT-FOUND' });
});
