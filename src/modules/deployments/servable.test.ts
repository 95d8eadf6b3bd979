import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createMemoryArtifacts, createMemoryMetadata } from '../../adapters/memory/index.ts';
import type { ModelVersion } from '../../domain/registry.ts';
import { readFileList, writeFileList } from '../../platform/file-list.ts';
import type { Context } from '../../ports/context.ts';
import type { BuildRequest } from '../../ports/environment-builder.ts';
import { createServables, layOut } from './servable.ts';
import { readMlmodel, readRequirements } from './servable-mlmodel.ts';

const quiet = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet };
const ctx: Context = { principal: { name: 'ann', role: 'editor' }, log: quiet, signal: new AbortController().signal };
const limits = { memoryMib: 2048, timeoutMs: 5000 };
const version = (rest: Partial<ModelVersion> = {}): ModelVersion => ({
  id: 'iris/1',
  createdAt: 0,
  updatedAt: 0,
  model: 'iris',
  number: 1,
  status: 'READY',
  stage: 'None',
  source: 'runs:/r1/model',
  location: 'mlflow-artifacts:/0/r1/artifacts/model',
  tags: {},
  metrics: {},
  championMetrics: {},
  gates: [],
  verdict: 'unjudged',
  ...rest,
});

const MLMODEL = `flavors:
  python_function:
    loader_module: mlflow.sklearn
  sklearn:
    pickled_model: model.pkl
signature:
  inputs: '[{"type": "double", "name": "length", "required": true}, {"type": "string", "name": "site", "required": false}, {"type": "datetime", "name": "at"}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]'
  params: '[{"name": "top", "type": "long", "default": 3, "shape": null}]'
`;

async function world(files: Readonly<Record<string, string>>) {
  const store = createMemoryMetadata();
  const artifacts = createMemoryArtifacts();
  await store.tracking.createExperiment({
    name: 'e',
    lifecycle: 'active',
    createdAt: 0,
    updatedAt: 0,
    tags: {},
  } as never);
  await store.tracking.createRun(
    {
      id: 'r1',
      experimentId: '1',
      name: 'r',
      status: 'RUNNING',
      startTime: 0,
      lifecycle: 'active',
      userId: '',
    } as never,
    {},
  );
  const owner = { kind: 'run', id: 'r1' } as const;
  for (const [path, text] of Object.entries(files)) {
    const blob = await artifacts.put(new TextEncoder().encode(text));
    await store.tracking.putArtifact(owner, { path: `model/${path}`, ...blob });
  }
  const built: BuildRequest[] = [];
  const servables = createServables({
    store,
    artifacts,
    locate: () => Promise.resolve({ owner, path: 'model' }),
    environment: (_ctx, request) => {
      built.push(request);
      return Promise.resolve({ id: 'env-1', interpreter: '/envs/1/bin/python' });
    },
  });
  const prepare = (one = version()) => servables.prepare(ctx, one, limits, () => undefined);
  return { store, artifacts, servables, built, prepare };
}

describe('what a version is served from', () => {
  test('an MLflow folder: its own environment, its signature, and the list of its files as its digest', async () => {
    const { prepare, built, artifacts } = await world({
      MLmodel: MLMODEL,
      'model.pkl': 'never read',
      'requirements.txt': 'mlflow==3.17.2\n',
      'python_env.yaml': 'python: 3.11.7\ndependencies: [-r requirements.txt]\n',
    });
    const made = await prepare();
    expect(made).toMatchObject({
      runtime: { kind: 'python', interpreter: '/envs/1/bin/python', entry: 'mlflow', memoryMib: 2048, timeoutMs: 5000 },
      environmentId: 'env-1',
      signature: {
        inputs: [
          { name: 'length', datatype: 'FP64', shape: [-1, 1] },
          { name: 'site', datatype: 'BYTES', shape: [-1, 1], optional: true },
          { name: 'at', datatype: 'BYTES', shape: [-1, 1], content: 'datetime' },
        ],
        outputs: [{ name: 'output-0', datatype: 'INT64', shape: [-1] }],
        params: [{ name: 'top', type: 'long', default: 3 }],
      },
    });
    // Another patch release of the same Python takes the same packages.
    expect(built).toEqual([{ python: '3.11', requirements: { name: 'requirements.txt', text: 'mlflow==3.17.2\n' } }]);
    const list = readFileList(new TextDecoder().decode(await artifacts.bytes(made.modelDigest)));
    expect(list.map((file) => file.path)).toEqual(['MLmodel', 'model.pkl', 'python_env.yaml', 'requirements.txt']);

    const folder = await mkdtemp(join(tmpdir(), 'mw-servable-'));
    try {
      await layOut(artifacts, made.modelDigest, join(folder, 'm'));
      await layOut(artifacts, made.modelDigest, join(folder, 'm'));
      expect((await readdir(folder)).toSorted()).toEqual(['m', 'm.files']);
      expect(await readFile(join(folder, 'm', 'model.pkl'), 'utf8')).toBe('never read');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  test('a plan builds no environment and writes nothing; equal folders have equal digests', async () => {
    const files = { MLmodel: MLMODEL, 'model.pkl': 'x' };
    const { servables, built, artifacts } = await world(files);
    const told = await servables.describe(version(), 'iris', limits);
    expect(told.runtime).toMatchObject({ kind: 'python', interpreter: '' });
    expect(built).toEqual([]);
    expect(await artifacts.stat(told.modelDigest)).toBeUndefined();
    const other = await world(files);
    expect((await other.prepare()).modelDigest).toBe(told.modelDigest);
    expect((await (await world({ ...files, 'model.pkl': 'y' })).prepare()).modelDigest).not.toBe(told.modelDigest);
  });

  test('an ONNX flavour is served by the ONNX runtime, unless its weights are in other files', async () => {
    const onnx = 'flavors:\n  onnx: { data: model.onnx }\n  python_function: { loader_module: mlflow.onnx }\n';
    const plain = await world({ MLmodel: onnx, 'model.onnx': 'ONNX', 'requirements.txt': 'onnx\n' });
    const made = await plain.prepare();
    expect(made.runtime).toBeUndefined();
    expect(new TextDecoder().decode(await plain.artifacts.bytes(made.modelDigest))).toBe('ONNX');
    expect(plain.built).toEqual([]);
    const spread = await world({ MLmodel: onnx, 'model.onnx': 'ONNX', weights: 'W' });
    expect((await spread.prepare()).runtime).toMatchObject({ kind: 'python', entry: 'mlflow' });
  });

  test('a folder with a predict.py needs no MLflow', async () => {
    const { prepare, built } = await world({ 'predict.py': 'def predict(model, inputs): ...' });
    expect((await prepare()).runtime).toMatchObject({ kind: 'python', entry: 'predict.py' });
    expect(built).toEqual([{}]);
  });

  test.each<[string, Readonly<Record<string, string>>, Partial<ModelVersion>, RegExp]>([
    ['deleted', { MLmodel: MLMODEL }, { deletedAt: 1 }, /was deleted/],
    [
      'elsewhere',
      {},
      { source: 's3://bucket/model', location: undefined as never },
      /s3:\/\/bucket\/model, not in this server/,
    ],
    ['empty', {}, {}, /no files/],
    ['no model', { 'notes.txt': 'hello' }, {}, /neither an MLmodel file nor a predict\.py/],
    ['another flavour', { MLmodel: 'flavors:\n  spark: {}\n' }, {}, /no python_function flavour \(only spark\)/],
    ['broken YAML', { MLmodel: 'flavors: [\n' }, {}, /MLmodel cannot be read/],
    [
      'broken schema',
      { MLmodel: `flavors: {}\nsignature: { inputs: '[{' }\n` },
      {},
      /MLmodel cannot be read: signature/,
    ],
    ['too large', { MLmodel: 'x'.repeat(2_000_000) }, {}, /larger than 1 MiB/],
  ])('%s: MW-STATE with what to do', async (_name, files, rest, message) => {
    const { prepare } = await world(files);
    await expect(prepare(version(rest))).rejects.toMatchObject({
      code: 'MW-STATE',
      message: expect.stringMatching(message),
      next: expect.stringMatching(/./),
    });
  });
});

test('billion laughs in an MLmodel are refused, not unfolded', () => {
  const lines = ['a: &a [x, x, x, x, x, x, x, x, x]'];
  for (let level = 0; level < 12; level += 1) {
    const [name, before] = [String.fromCharCode(98 + level), String.fromCharCode(97 + level)];
    lines.push(`${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(', ')}]`);
  }
  expect(() => readMlmodel(`${lines.join('\n')}\nflavors: { python_function: {} }\n`)).toThrow(/cannot be read/);
});

test.each([
  [
    { requirements: 'a==1\n', pythonEnv: 'python: 3.12.1\n', conda: undefined },
    { python: '3.12', text: 'a==1\n' },
  ],
  [
    {
      requirements: undefined,
      pythonEnv: undefined,
      conda: 'dependencies:\n- python=3.10.4\n- pip<=23\n- pip:\n  - mlflow==2.22.5\n  - numpy\n',
    },
    { python: '3.10', text: 'mlflow==2.22.5\nnumpy\n' },
  ],
  [{ requirements: '', pythonEnv: 'python: 3.11\n', conda: undefined }, undefined],
])('requirements of %j', (files, expected) => {
  expect(readRequirements(files)).toEqual(expected);
});

test.each(['../x', '/etc/passwd', 'a/../b', 'a//b', 'C:x', 'a\\b', 'a\nb', '.', 'a/./b', ''])(
  'the name %j is no file of a model',
  (path) => {
    const digest = `sha256:${'0'.repeat(64)}`;
    expect(() => writeFileList([{ digest, path }])).toThrow();
    expect(() => readFileList(`${digest} ${path}\n`)).toThrow();
  },
);
