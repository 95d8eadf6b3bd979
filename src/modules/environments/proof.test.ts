import { beforeEach, describe, expect, it } from 'vitest';
import { createMemoryArtifacts, createMemoryMetadata } from '../../adapters/memory/index.ts';
import { MillwrightError } from '../../domain/errors.ts';
import { createIds } from '../../platform/ids.ts';
import type { PredictionRow } from '../../ports/analytics-store.ts';
import type { ArtifactStore } from '../../ports/artifact-store.ts';
import type { Context } from '../../ports/context.ts';
import type { EnvironmentRebuilder } from '../../ports/environment-builder.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { createProofs, type Proofs } from './index.ts';

const none = (): void => {};
const log = { debug: none, info: none, warn: none, error: none };
const ctx: Context = { principal: { name: 'ada', role: 'editor' }, log, signal: new AbortController().signal };
let now = 1000;
const clock = { now: () => (now += 1), monotonic: () => now };

let store: MetadataStore;
let artifacts: ArtifactStore;
let spec: { packages: unknown[]; model: string | null; rows: unknown[] | null };
let removed: number;
let swept: number;
let gate: Promise<void>;
let answer: () => { exitCode: number; stdout: string; lines: string[] };
let kept: PredictionRow[];
let buildError: Error | undefined;

const said = (scores: (number | null)[], how = 'onnxruntime') => ({
  exitCode: 0,
  stdout: `a package greets\n${JSON.stringify({ how, packages: 1, imported: 3, rows: scores.length, scores })}\n`,
  lines: [],
});

const builder: EnvironmentRebuilder = {
  async rebuild(lock, progress, signal) {
    progress('installing');
    await Promise.race([
      gate,
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('ended')))),
    ]);
    if (buildError !== undefined) throw buildError;
    expect(lock.lock).toBe('onnxruntime==1 --hash=sha256:x');
    return {
      folder: '/fresh',
      run: async () => answer(),
      write: async (_name, text) => {
        spec = JSON.parse(text) as typeof spec;
      },
      remove: async () => {
        removed += 1;
      },
    };
  },
  sweep: async () => {
    swept += 1;
  },
};

function proofs(): Proofs {
  const analytics = { recent: async () => kept };
  const files = { ...artifacts, materialize: async () => undefined };
  return createProofs({
    store,
    artifacts: files,
    analytics,
    builder,
    program: '/prove.py',
    clock,
    ids: createIds(clock),
    log,
  });
}

async function ended(all: Proofs) {
  for (;;) {
    const [proof] = await all.proofsOf('flights', 1);
    if (proof !== undefined && proof.status !== 'running') return proof;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const row = (score: number, version = 1): PredictionRow => ({
  id: 'p/0',
  time: 1,
  receivedAt: 1,
  version,
  releaseId: 'r1',
  latencyMs: 1,
  inputs: { x: 1 },
  score,
});

async function addVersion(number: number, lineage: boolean): Promise<void> {
  const { digest } = await artifacts.put(new TextEncoder().encode('model'));
  await store.versions.insert({
    id: `flights/${number}`,
    createdAt: 1,
    updatedAt: 1,
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
    ...(lineage
      ? {
          lineage: {
            project: 'flights',
            pipelineRunId: 'flights-1',
            artifactDigest: digest,
            artifactName: 'model.onnx',
            datasetVersionIds: [],
            environmentId: 'env-1',
            codeDigest: 'c',
            params: {},
          },
        }
      : {}),
  });
}

beforeEach(async () => {
  store = createMemoryMetadata();
  artifacts = createMemoryArtifacts();
  [removed, swept, kept, buildError, gate] = [0, 0, [row(0.25), row(0.9, 2)], undefined, Promise.resolve()];
  answer = () => said([0.25]);
  await store.environments.insert({
    id: 'env-1',
    createdAt: 1,
    digest: 'sha256:e',
    python: '3.11.7',
    interpreter: '/x',
    installer: 'uv',
    lock: 'onnxruntime==1 --hash=sha256:x',
    packages: [
      { name: 'onnxruntime', version: '1', hashes: ['sha256:x'] },
      { name: 'pip', version: '24', hashes: [] },
    ],
    host: { os: 'x', kernel: 'x', arch: 'x', cpu: 'x', cpuFlags: [], cores: 1, memoryBytes: 1, gpus: [] },
    buildMs: 1,
  });
  await addVersion(1, true);
  await store.releases.insert({
    id: 'r1',
    createdAt: 1,
    endpoint: 'live',
    model: 'flights',
    version: 1,
    modelDigest: 'x',
  });
});

describe('a proof', () => {
  it('asks the rebuilt environment what this version was asked, and keeps what was done', async () => {
    const all = proofs();
    expect(await all.prove(ctx, 'flights', 1)).toMatchObject({ id: 'flights/1/1', status: 'running' });
    expect(await ended(all)).toMatchObject({
      status: 'proven',
      packages: 1,
      maxAbsDiff: 0,
      how: 'onnxruntime answered 1 rows that the version had answered before',
      log: 'installing',
    });
    expect(spec).toMatchObject({
      packages: [{ name: 'onnxruntime', version: '1' }],
      model: 'model.onnx',
      rows: [{ x: 1 }],
    });
    expect(removed).toBe(1);
    const [event] = await store.events.find({ types: ['environment.proof_ended'] });
    expect(event).toMatchObject({ actor: 'ada', project: 'flights', data: { version: 1, proven: true } });
  });

  it.each([
    ['another answer', () => said([0.26]), /differ by up to 0\.01/],
    ['no answer', () => said([null]), /differ by up to Infinity/],
    [
      'an error',
      () => ({ exitCode: 1, stdout: '', lines: ['prove: x is 2, the lock says 1'] }),
      /^x is 2, the lock says 1/,
    ],
    ['chatter', () => ({ exitCode: 0, stdout: 'hello', lines: [] }), /gave no answer/],
  ])('fails on %s, saying why, and leaves no folder', async (_what, given, reason) => {
    answer = given;
    const all = proofs();
    await all.prove(ctx, 'flights', 1);
    const proof = await ended(all);
    expect(proof.status).toBe('failed');
    expect(proof.reason).toMatch(reason);
    expect(removed).toBe(1);
  });

  it('fails with the reason of the installer', async () => {
    buildError = new MillwrightError('MW-ENV-BUILD', 'numpy has other bytes', { next: 'train again' });
    const all = proofs();
    await all.prove(ctx, 'flights', 1);
    expect((await ended(all)).reason).toBe('numpy has other bytes (next: train again)');
  });

  it('says so when there was nothing to predict with', async () => {
    kept = [];
    answer = () => said([], 'imports');
    const all = proofs();
    await all.prove(ctx, 'flights', 1);
    const proof = await ended(all);
    expect(proof.how).toContain('3 modules of 1 packages were imported');
    expect(proof).not.toHaveProperty('maxAbsDiff');
  });

  it('runs once for one version, few at a time, and ends with the server', async () => {
    gate = new Promise(() => undefined);
    for (const number of [2, 3]) await addVersion(number, true);
    const all = proofs();
    const first = await all.prove(ctx, 'flights', 1);
    expect((await all.prove(ctx, 'flights', 1)).id).toBe(first.id);
    await all.prove(ctx, 'flights', 2);
    await expect(all.prove(ctx, 'flights', 3)).rejects.toMatchObject({ code: 'MW-OVERLOADED' });
    await all.stop();
    expect(await ended(all)).toMatchObject({ status: 'failed', reason: 'interrupted: the server stopped' });
  });

  it('that a killed server left running has failed, with the command that starts it again', async () => {
    await store.proofs.insert({
      id: 'flights/1/7',
      createdAt: 1,
      model: 'flights',
      version: 1,
      status: 'running',
      environmentId: 'env-1',
    });
    const all = proofs();
    await all.recover();
    expect(swept).toBe(1);
    expect((await all.proofsOf('flights', 1))[0]).toMatchObject({
      status: 'failed',
      reason: expect.stringMatching(/^interrupted.*mw models prove flights\/1/) as unknown,
    });
  });

  it('is refused for what has no lock', async () => {
    await addVersion(4, false);
    await expect(proofs().prove(ctx, 'flights', 4)).rejects.toMatchObject({ code: 'MW-STATE' });
    await expect(proofs().prove(ctx, 'flights', 9)).rejects.toMatchObject({ code: 'MW-NOT-FOUND' });
    expect(await store.proofs.count()).toBe(0);
  });
});
