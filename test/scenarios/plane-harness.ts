/** A real gateway of a home of its own, and what a test needs to talk to it. */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { credentials } from '@grpc/grpc-js';
import { createDataPlaneProcess } from '../../src/adapters/data-plane-process/index.ts';
import type { DataPlaneProcess, DataPlaneProcessOptions } from '../../src/adapters/data-plane-process/index.ts';
import { inferenceService } from '../../src/api/oip/grpc.ts';
import type { PlaneModel, PlaneRoute } from '../../src/ports/data-plane.ts';

const FIXTURES = fileURLToPath(new URL('../../src/testing/fixtures/', import.meta.url));
export const GATEWAY = [process.execPath, fileURLToPath(new URL('../../src/app/gateway.ts', import.meta.url))];

export async function fixtureModel(file: string, releaseId: string, version: number): Promise<PlaneModel> {
  const path = join(FIXTURES, file);
  const digest = createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
  return { releaseId, model: 'm', version, modelDigest: `sha256:${digest}`, path };
}

export interface PlaneHarness {
  readonly home: string;
  readonly plane: DataPlaneProcess;
  readonly rest: string;
  readonly grpc: string;
  readonly pid: number;
  end(): Promise<void>;
}

export async function startPlane(options: Partial<DataPlaneProcessOptions> = {}): Promise<PlaneHarness> {
  const home = await mkdtemp(join(tmpdir(), 'mw-plane-'));
  const plane = createDataPlaneProcess({
    home,
    command: GATEWAY,
    host: '127.0.0.1',
    restPort: 0,
    grpcPort: 0,
    workers: 2,
    ...options,
  });
  const { status } = await plane.start().catch(async (error: unknown) => {
    await rm(home, { recursive: true, force: true });
    throw error;
  });
  return {
    home,
    plane,
    rest: status.rest,
    grpc: status.grpc,
    pid: status.pid,
    async end() {
      await plane.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Each fixture behind an endpoint of its own, as version 3, taking every call. */
export async function deployFixtures(
  plane: DataPlaneProcess,
  fixtures: readonly (readonly [endpoint: string, file: string])[],
): Promise<void> {
  for (const [endpoint, file] of fixtures) {
    const releaseId = `${endpoint}-r1`;
    const model = await fixtureModel(file, releaseId, 3);
    await plane.apply({ endpoint, epoch: 1, weights: [{ releaseId, percent: 100 }], models: [model] });
  }
}

export const linearRoute = async (
  epoch: number,
  weights: PlaneRoute['weights'],
  versions: readonly number[],
): Promise<PlaneRoute> => ({
  endpoint: 'linear',
  epoch,
  weights,
  models: await Promise.all(
    versions.map((version) => fixtureModel(`linear-${version}.onnx`, `linear-r${version}`, version)),
  ),
});

/** [1, 2] goes in; version k answers [2k, 3k]. */
export async function inferLinear(
  rest: string,
): Promise<{ readonly version: number; readonly values: readonly number[] }> {
  const response = await fetch(`${rest}/v2/models/linear/infer`, {
    method: 'POST',
    body: JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: [1, 2] }] }),
  });
  const body = (await response.json()) as { model_version: string; outputs: { data: number[] }[]; error?: string };
  if (!response.ok) throw new Error(body.error);
  return { version: Number(body.model_version), values: body.outputs[0]?.data ?? [] };
}

export function grpcLinear(address: string): {
  readonly call: () => Promise<{ version: number; values: readonly number[] }>;
  close(): void;
} {
  const Client = inferenceService();
  const client = new Client(address, credentials.createInsecure());
  const request = {
    model_name: 'linear',
    inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2] }],
    raw_input_contents: [Buffer.from(new Float32Array([1, 2]).buffer)],
  };
  return {
    close: () => client.close(),
    call: () =>
      new Promise((resolve, reject) => {
        const infer = client['ModelInfer'] as unknown as (
          q: unknown,
          done: (e: Error | null, a: { model_version: string; raw_output_contents: Buffer[] }) => void,
        ) => void;
        infer.call(client, request, (error, answer) => {
          if (error !== null) reject(error);
          else {
            const raw = answer.raw_output_contents[0] ?? Buffer.alloc(8);
            resolve({ version: Number(answer.model_version), values: [raw.readFloatLE(0), raw.readFloatLE(4)] });
          }
        });
      }),
  };
}
