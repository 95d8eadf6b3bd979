/** The proof of an image: unpacked by another tool, with nothing around it, our own gateway in it answers for the model. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createImageLayout } from '../../adapters/image-layout/index.ts';
import { createMemoryArtifacts, createMemoryMetadata } from '../../adapters/memory/index.ts';
import type { ModelVersion } from '../../domain/registry.ts';
import { systemClock } from '../../platform/clock.ts';
import { createIds } from '../../platform/ids.ts';
import { createPackaging } from './index.ts';

const possible =
  process.platform === 'linux' && process.getuid?.() === 0 && spawnSync('umoci', ['--version']).status === 0;
if (!possible) console.warn('NOT RUN: the gateway inside an unpacked image (needs Linux, root and umoci)');

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'mw-served-'));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

async function until<T>(what: string, look: () => T | undefined): Promise<T> {
  for (let tries = 0; tries < 300; tries += 1) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`waited 30 s for ${what}`);
}

describe.runIf(possible)('an image', () => {
  it('serves its model as an unprivileged user without anything else', { timeout: 180_000 }, async () => {
    const artifacts = createMemoryArtifacts();
    const { digest } = await artifacts.put(readFileSync('src/testing/fixtures/linear-1.onnx'));
    const packaging = createPackaging({
      store: createMemoryMetadata(),
      images: createImageLayout({ folder: join(home, 'images'), artifacts }),
      clock: systemClock,
      ids: createIds(systemClock),
      program: {
        files: {
          root: resolve('.'),
          own: ['package.json', 'proto', 'src'],
          packages: [
            '@grpc/grpc-js',
            '@grpc/proto-loader',
            'fastest-levenshtein',
            'hyparquet-writer',
            'onnxruntime-node',
            'pino',
            'zod',
          ],
        },
        entry: 'src/app/gateway.ts',
        args: ['--rest-port', '0', '--grpc-port', '0'],
      },
    });
    const version: ModelVersion = {
      id: 'linear/1',
      createdAt: 0,
      updatedAt: 0,
      model: 'linear',
      number: 1,
      status: 'READY',
      stage: 'None',
      source: '',
      tags: {},
      metrics: {},
      championMetrics: {},
      gates: [],
      verdict: 'accepted',
      lineage: {
        project: 'p',
        pipelineRunId: 'p-1',
        artifactDigest: digest,
        artifactName: 'model.onnx',
        datasetVersionIds: [],
        codeDigest: 'sha256:0',
        params: {},
      },
    };
    const quiet = () => undefined;
    const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
    const ctx = { principal: { name: 'system', role: 'admin' as const }, log, signal: new AbortController().signal };
    const plan = packaging.plan(version);
    await packaging.apply(ctx, plan);

    const bundle = join(home, 'bundle');
    execFileSync('umoci', ['unpack', '--image', `${join(home, 'images')}:linear:1`, bundle]);
    const root = join(bundle, 'rootfs');
    const { entrypoint, cmd, env } = plan.config;
    const child = spawn('chroot', ['--userspec=65532:65532', root, ...entrypoint, ...cmd], {
      env: {
        PATH: process.env['PATH'],
        ...Object.fromEntries(env.filter((line) => !line.startsWith('PATH=')).map((line) => line.split('='))),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const gone = new Promise<number | null>((done) => child.once('exit', done));
    try {
      const record = join(root, 'var/lib/millwright/plane/plane.json');
      await until('the gateway', () => {
        if (child.exitCode !== null) throw new Error(`the gateway ended: ${said}`);
        return existsSync(record) ? true : undefined;
      });
      const { rest } = JSON.parse(readFileSync(record, 'utf8')) as { rest: string };
      const answer = await fetch(`${rest}/v2/models/linear/infer`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: [1, 2] }] }),
      });
      expect(await answer.json()).toMatchObject({
        model_name: 'linear',
        model_version: '1',
        outputs: [{ name: 'y', shape: [1, 2] }],
      });
      expect(answer.status).toBe(200);
      expect(readFileSync(`/proc/${child.pid}/status`, 'utf8')).toMatch(/^Uid:\s+65532/m);
    } finally {
      child.kill('SIGTERM');
    }
    expect(await gone, said).toBe(0);
  });
});
