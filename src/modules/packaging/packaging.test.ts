import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createImageLayout } from '../../adapters/image-layout/index.ts';
import { createMemoryArtifacts, createMemoryMetadata } from '../../adapters/memory/index.ts';
import type { Environment } from '../../domain/environments.ts';
import type { ModelVersion } from '../../domain/registry.ts';
import { createIds } from '../../platform/ids.ts';
import { systemClock } from '../../platform/clock.ts';
import type { ArtifactStore } from '../../ports/artifact-store.ts';
import type { Context } from '../../ports/context.ts';
import type { ImageLayout, ImagePlan } from '../../ports/image-layout.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { createPackaging, type Packaging } from './index.ts';

const quiet = () => undefined;
const ctx: Context = {
  principal: { name: 'ada', role: 'editor' },
  log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  signal: new AbortController().signal,
};

let home: string;
let artifacts: ArtifactStore;
let store: MetadataStore;
let images: ImageLayout;
let packaging: Packaging;
let modelDigest: string;

function version(number: number, changes: Partial<ModelVersion> = {}): ModelVersion {
  return {
    id: `flights/${number}`,
    createdAt: Date.UTC(2026, 10, 23),
    updatedAt: 0,
    model: 'flights',
    number,
    status: 'READY',
    stage: 'None',
    source: '',
    tags: {},
    metrics: {},
    championMetrics: {},
    gates: [],
    verdict: 'accepted',
    lineage: {
      project: 'flights',
      pipelineRunId: 'flights-1',
      artifactDigest: modelDigest,
      artifactName: 'out/model.onnx',
      datasetVersionIds: ['flights/flights/0'],
      codeDigest: 'sha256:0',
      commit: 'abc',
      params: { trees: 100 },
    },
    ...changes,
  };
}

const environment: Environment = {
  id: 'env-0',
  createdAt: 0,
  digest: 'sha256:1',
  python: '3.11.7',
  interpreter: '/somewhere/on/this/machine/python',
  installer: 'uv',
  lock: 'numpy==2.0\n',
  packages: [],
  host: { os: 'x', kernel: 'x', arch: 'x64', cpu: 'x', cpuFlags: [], cores: 1, memoryBytes: 1, gpus: [] },
  buildMs: 1,
};

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'mw-packaging-'));
  writeFileSync(join(home, 'serve.js'), '');
});
afterAll(() => rmSync(home, { recursive: true, force: true }));
beforeEach(async () => {
  artifacts = createMemoryArtifacts();
  store = createMemoryMetadata();
  modelDigest = (await artifacts.put(Buffer.from('weights'))).digest;
  const layout = createImageLayout({ folder: mkdtempSync(join(home, 'images-')), artifacts });
  // Neither Node nor its libraries: what they add is proved where the layout is tested.
  images = { ...layout, caps: { ...layout.caps, runnable: false } };
  packaging = createPackaging({
    store,
    images,
    clock: systemClock,
    ids: createIds(systemClock),
    program: { files: { root: home, own: ['serve.js'], packages: [] }, entry: 'serve.js', args: ['--host', '0.0.0.0'] },
  });
});

const texts = (plan: ImagePlan): Record<string, string> =>
  Object.fromEntries(
    plan.layers.flatMap((layer) =>
      layer.sources.flatMap((source) => (source.kind === 'text' ? [[source.path, source.text]] : [])),
    ),
  );

describe('plan', () => {
  it('says what each layer holds, and takes no path of this machine along', async () => {
    const plan = packaging.plan(version(3), environment);
    expect(plan).toMatchObject({ reference: 'flights:3', created: '2026-11-23T00:00:00.000Z', project: 'flights' });
    expect(plan.layers.map((layer) => [layer.role, layer.compression])).toEqual([
      ['base', 'gzip'],
      ['server', 'gzip'],
      ['environment', 'gzip'],
      ['model', 'none'],
    ]);
    const {
      [`opt/millwright/environment/environment.json`]: record,
      ['var/lib/millwright/plane/routes.json']: routes,
    } = texts(plan);
    expect(JSON.parse(record ?? '')).toMatchObject({ digest: 'sha256:1', python: '3.11.7' });
    expect(record).not.toContain('/somewhere');
    expect(JSON.parse(routes ?? '')).toEqual([
      {
        endpoint: 'flights',
        epoch: 1,
        weights: [{ releaseId: 'flights-v3', percent: 100 }],
        models: [
          {
            releaseId: 'flights-v3',
            model: 'flights',
            version: 3,
            modelDigest,
            path: '/opt/millwright/model/model.onnx',
          },
        ],
      },
    ]);
    expect(plan.config.labels).toMatchObject({
      'millwright.base': 'minimal',
      'millwright.model.digest': modelDigest,
      'millwright.environment.digest': 'sha256:1',
      'org.opencontainers.image.revision': 'abc',
    });
    expect(plan.config.cmd).toEqual(['--home', '/var/lib/millwright', '--host', '0.0.0.0']);
  });

  it('refuses a version that no pipeline made, and a name that climbs', async () => {
    const { lineage, ...bare } = version(1);
    expect(() => packaging.plan(bare)).toThrow(expect.objectContaining({ code: 'MW-STATE', where: 'flights/1' }));
    if (lineage === undefined) throw new Error('the sample has a lineage');
    expect(() => packaging.plan(version(1, { lineage: { ...lineage, artifactName: '..' } }))).toThrow(
      expect.objectContaining({ code: 'MW-PATH' }),
    );
  });
});

describe('apply', () => {
  it('records the image and tells of it once', async () => {
    const plan = packaging.plan(version(1), environment);
    const image = await packaging.apply(ctx, plan);
    expect(await packaging.apply(ctx, plan)).toEqual(image);
    expect(image).toMatchObject({ model: 'flights', version: 1, layout: 'images' });
    expect(image.layers.reduce((sum, layer) => sum + layer.bytes, 0)).toBeLessThan(image.bytes);
    const second = await packaging.apply(ctx, packaging.plan(version(2), environment));
    expect(second.layers.slice(0, 3)).toEqual(image.layers.slice(0, 3));
    expect((await packaging.list('flights')).map((item) => item.version).sort((a, b) => a - b)).toEqual([1, 2]);
    expect(await packaging.get(image.id)).toEqual(image);
    await expect(packaging.get('sha256:none')).rejects.toMatchObject({ code: 'MW-NOT-FOUND' });
    const events = await store.events.find({ types: ['image.built'] });
    expect(events.map((event) => [event.project, event.actor])).toEqual([
      ['flights', 'ada'],
      ['flights', 'ada'],
    ]);
  });

  it('records nothing when the model is missing', async () => {
    const plan = packaging.plan(version(1));
    await artifacts.delete(modelDigest);
    await expect(packaging.apply(ctx, plan)).rejects.toMatchObject({ code: 'MW-NOT-FOUND' });
    expect(await packaging.list('flights')).toEqual([]);
    expect(await store.events.find({})).toEqual([]);
  });
});
