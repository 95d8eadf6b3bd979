/** A model that somebody logged with MLflow, served as it is: real client, real environment, every door, and exactly mlflow.pyfunc's answers. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inferenceService } from '../../src/api/oip/grpc.ts';
import { pythonWithMlflow } from '../compat/mlflow/python-client.ts';
import { ask, createScenario, until } from './scenario.ts';
import type { Json, Scenario, ServerProcess } from './scenario.ts';

const PROGRAM = fileURLToPath(new URL('./python-model.py', import.meta.url));
const run = promisify(execFile);
const client = await pythonWithMlflow();
const uv = await run('uv', ['--version']).then(
  () => true,
  () => false,
);
const BUILD_MS = 300_000;

interface Logged {
  readonly version: number;
  readonly rows: { readonly columns: readonly string[]; readonly data: readonly (readonly (string | number)[])[] };
  readonly answers: readonly (readonly number[])[];
}

const DATATYPES: Readonly<Record<string, string>> = { site: 'BYTES', count: 'INT64' };

/** The rows as the tensors that the metadata names: one a column. */
const tensors = ({ rows }: Logged) =>
  rows.columns.map((name, index) => ({
    name,
    datatype: DATATYPES[name] ?? 'FP64',
    shape: [rows.data.length, 1],
    data: rows.data.map((row) => row[index]),
  }));

function grpcInfer(address: string, logged: Logged): Promise<readonly number[]> {
  const grpc = new (inferenceService())(address, credentials.createInsecure());
  const inputs = tensors(logged);
  const contents = (datatype: string, data: readonly unknown[]) =>
    datatype === 'BYTES'
      ? { bytes_contents: data.map((text) => Buffer.from(String(text))) }
      : datatype === 'INT64'
        ? { int64_contents: data }
        : { fp64_contents: data };
  const request = {
    model_name: 'iris',
    inputs: inputs.map(({ data, ...tensor }) => ({ ...tensor, contents: contents(tensor.datatype, data) })),
  };
  return new Promise((resolve, reject) => {
    const infer = grpc['ModelInfer'] as unknown as (
      q: unknown,
      done: (
        e: Error | null,
        a: { outputs: { contents: { fp64_contents: number[] } }[]; raw_output_contents: Buffer[] },
      ) => void,
    ) => void;
    infer.call(grpc, request, (error, answer) => {
      grpc.close();
      if (error !== null) return reject(error);
      const [raw] = answer.raw_output_contents;
      if (raw === undefined) return resolve(answer.outputs[0]?.contents.fp64_contents ?? []);
      return resolve([...new Float64Array(Uint8Array.from(raw).buffer)]);
    });
  });
}

if (!('python' in client) || !uv) {
  const why = 'python' in client ? 'uv is not on the PATH' : client.missing;
  test.skip(`NOT RUN: a model logged with MLflow, served: ${why}; install it: pip install uv mlflow scikit-learn`, () =>
    undefined);
} else
  describe('a model logged with MLflow', { timeout: BUILD_MS }, () => {
    const { python } = client;
    let scenario: Scenario;
    let server: ServerProcess;
    let first: Logged;
    let second: Logged;

    async function log(strength: number): Promise<Logged> {
      const { stdout } = await run(python, [PROGRAM, String(strength), 'iris'], {
        cwd: scenario.root,
        env: { ...process.env, MLFLOW_TRACKING_URI: server.url },
      });
      return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Logged;
    }
    const infer = (logged: Logged) => ask(server.rest, '/v2/models/iris/infer', { body: { inputs: tensors(logged) } });
    const invoke = (logged: Logged) =>
      ask(server.rest, '/endpoints/iris/invocations', { body: { dataframe_split: logged.rows } });
    const detail = async (): Promise<Json> => (await ask(server.url, '/api/v1/endpoints/iris')).json;

    beforeAll(async () => {
      scenario = await createScenario('python-model');
      server = await scenario.start();
      first = await log(1);
      const deployed = await scenario.mw(['deploy', '--model', 'iris@latest-of-none', '--endpoint', 'iris']);
      expect(deployed.code).not.toBe(0);
      expect(deployed.err).toContain('has no alias');
      // The real build: its lock, its packages, its interpreter.
      const real = await scenario.mw(['deploy', '--model', `iris/${first.version}`, '--endpoint', 'iris']);
      expect(real.err + real.out).toContain('answers at');
      expect(real.code).toBe(0);
    }, BUILD_MS);

    afterAll(async () => {
      await scenario.end();
    });

    test('has the signature it was logged with, in an environment of its own', async () => {
      const { json } = await ask(server.rest, '/v2/models/iris');
      expect(json.inputs).toContainEqual({ name: 'site', datatype: 'BYTES', shape: [-1, 1] });
      expect(json.inputs).toContainEqual({ name: 'count', datatype: 'INT64', shape: [-1, 1] });
      expect(json.outputs).toEqual([{ name: 'output-0', datatype: 'FP64', shape: [-1, 3] }]);
      const routes: Json = JSON.parse(readFileSync(join(scenario.home, 'plane', 'routes.json'), 'utf8'));
      const [model] = routes[0].models;
      expect(model.runtime).toMatchObject({ kind: 'python', entry: 'mlflow' });
      expect(model.runtime.interpreter.startsWith(join(scenario.home, 'envs'))).toBe(true);
      expect(readdirSync(model.path)).toContain('MLmodel');
      // What the control plane read from MLmodel is what the model's own process says.
      expect(model.signature.inputs.map(({ name, datatype, shape }: Json) => ({ name, datatype, shape }))).toEqual(
        json.inputs,
      );
      expect(model.signature.outputs).toEqual(json.outputs);
    });

    test('answers over REST, gRPC and /invocations exactly what mlflow.pyfunc predicts', async () => {
      const flat = first.answers.flat();
      const { status, json } = await infer(first);
      expect(status).toBe(200);
      expect(json.outputs[0].data).toEqual(flat);
      expect(await grpcInfer(server.grpc, first)).toEqual(flat);
      const invoked = await invoke(first);
      expect(invoked.status).toBe(200);
      expect(invoked.json.predictions).toEqual(first.answers);
    });

    test("refuses the caller's mistakes with a 4xx that names the column", async () => {
      const { columns, data } = first.rows;
      const less = { columns: columns.slice(1), data: data.map((row) => row.slice(1)) };
      const missing = await ask(server.rest, '/endpoints/iris/invocations', { body: { dataframe_split: less } });
      expect([missing.status, missing.text]).toEqual([400, expect.stringContaining('sepal_length')]);
      const unknown = { columns, data: [data[0]?.map((cell, at) => (columns[at] === 'site' ? 'Atlantis' : cell))] };
      const refused = await ask(server.rest, '/endpoints/iris/invocations', { body: { dataframe_split: unknown } });
      expect(refused.status).toBe(400);
      expect(refused.text).toContain('ValueError');
      expect(refused.text).not.toContain('Atlantis');
      expect((await infer(first)).status).toBe(200);
    });

    test('goes over to a second version without a failed call, and back', async () => {
      second = await log(0.001);
      expect(second.version).toBe(2);
      expect(second.answers).not.toEqual(first.answers);
      const halt = new AbortController();
      const failures: string[] = [];
      const seen = new Set<string>();
      const callers = Array.from({ length: 3 }, async () => {
        while (!halt.signal.aborted) {
          const { status, text, json } = await infer(first);
          if (status !== 200) failures.push(`${status} ${text}`);
          else seen.add(`${json.model_version} ${JSON.stringify(json.outputs[0].data)}`);
        }
      });
      const deploying = scenario.mw(['deploy', 'iris', '--version', '2']);
      await until('the second version to take calls', () => [...seen].some((key) => key.startsWith('2 ')), 60_000);
      const back = await ask(server.url, '/api/v1/endpoints/iris/rollback', { method: 'POST' });
      expect(back.status).toBe(200);
      const from = performance.now();
      expect((await infer(first)).json.model_version).toBe('1');
      expect(performance.now() - from).toBeLessThan(1000);
      halt.abort();
      await Promise.all(callers);
      await deploying;
      expect(failures).toEqual([]);
      // Each answer is exactly one version's.
      expect(seen).toEqual(
        new Set([`1 ${JSON.stringify(first.answers.flat())}`, `2 ${JSON.stringify(second.answers.flat())}`]),
      );
      const { endpoint } = await detail();
      expect(endpoint.releases.find((release: Json) => release.percent === 100)).toMatchObject({ version: 1 });
    });

    test('says in the plan that nothing changes for what is served already, and builds nothing for a plan', async () => {
      const plan = await ask(server.url, '/api/v1/endpoints/iris/plan', { body: { model: 'iris/1' } });
      expect(plan.json).toMatchObject({ unchanged: true });
    });
  });
