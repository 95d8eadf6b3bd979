/** The servers that data scientists would otherwise take, with their defaults, on the same model. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { pythonWithMlflow } from '../../test/compat/mlflow/python-client.ts';
import { freePort } from '../../test/free-port.ts';
import { processesOf } from '../mlflow-server.ts';
import { rssMiB } from '../server.ts';
import { boostingBody } from './state-model.ts';
import type { StateModels } from './state-model.ts';

export interface ServingPeer {
  readonly name: string;
  readonly url: string;
  readonly body: string;
  /** Resident memory of all its processes. */
  rss(): number;
  stop(): Promise<void>;
}

interface Recipe {
  readonly requirements: readonly string[];
  readonly path: string;
  readonly body: string;
  command(python: string, port: number, models: StateModels, folder: string): readonly string[];
}

const source = (name: string): string => fileURLToPath(new URL(`./peers/${name}`, import.meta.url));
const ENGINE = ['onnxruntime', 'numpy'];
const V2 = boostingBody(1);
const program =
  (name: string): Recipe['command'] =>
  (python) => [python, source(name)];

const RECIPES: Readonly<Record<string, Recipe>> = {
  'FastAPI + uvicorn + ORT': {
    requirements: ['fastapi', 'uvicorn[standard]', ...ENGINE, 'litserve'],
    path: '/predict',
    body: V2,
    command: program('fastapi_app.py'),
  },
  LitServe: {
    requirements: ['fastapi', 'uvicorn[standard]', ...ENGINE, 'litserve'],
    path: '/predict',
    body: V2,
    command: program('litserve_app.py'),
  },
  'MLflow serve': {
    requirements: [],
    path: '/invocations',
    body: JSON.stringify({
      inputs: JSON.parse(V2).inputs[0].data.length === 20 ? [JSON.parse(V2).inputs[0].data] : [],
    }),
    command: (python, port, models) => [
      python,
      '-m',
      'mlflow',
      'models',
      'serve',
      '-m',
      models.mlflow,
      '--env-manager',
      'local',
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
    ],
  },
  MLServer: {
    // Its workers do not start under a newer uvloop.
    requirements: ['mlserver', 'uvloop<0.22', ...ENGINE],
    path: '/v2/models/boosting/infer',
    body: V2,
    command: (python, port, _models, folder) => {
      writeFileSync(
        join(folder, 'settings.json'),
        JSON.stringify({ http_port: port, grpc_port: port + 1, metrics_port: port + 2, host: '127.0.0.1' }),
      );
      const model = { name: 'boosting', implementation: 'mlserver_app.Boosting' };
      writeFileSync(join(folder, 'model-settings.json'), JSON.stringify(model));
      return [join(dirname(python), 'mlserver'), 'start', folder];
    },
  },
  BentoML: {
    requirements: ['bentoml', ...ENGINE],
    path: '/predict',
    body: V2,
    command: (python, port) => [
      python,
      '-m',
      'bentoml',
      'serve',
      'bentoml_app:Boosting',
      '--working-dir',
      source('.'),
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
    ],
  },
  'Ray Serve': { requirements: ['ray[serve]', ...ENGINE], path: '/', body: V2, command: program('ray_app.py') },
};

export const PEERS = Object.keys(RECIPES);

async function answers(url: string, body: string): Promise<string | undefined> {
  try {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(5000) });
    return answer.ok ? undefined : `${answer.status} ${(await answer.text()).slice(0, 300)}`;
  } catch (error) {
    return String(error);
  }
}

/** Throws when it does not answer in two minutes. */
export async function startPeer(name: string, models: StateModels): Promise<ServingPeer> {
  const recipe = RECIPES[name];
  if (recipe === undefined) throw new Error(`no peer "${name}"; there are ${PEERS.join(', ')}`);
  const found = recipe.requirements.length === 0 ? models : await pythonWithMlflow(recipe.requirements);
  if ('missing' in found) throw new Error(found.missing);
  const folder = mkdtempSync(join(tmpdir(), 'mw-bench-peer-'));
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const [command = '', ...args] = recipe.command(found.python, port, models, folder);
  const child = spawn(command, args, {
    cwd: folder,
    // A group of its own, so that its workers end with it.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      PORT: String(port),
      MODEL: models.boosting,
      PYTHONPATH: source('.'),
      PATH: `${dirname(found.python)}:${process.env['PATH'] ?? ''}`,
      MLFLOW_DISABLE_TELEMETRY: 'true',
      BENTOML_DO_NOT_TRACK: 'True',
      RAY_USAGE_STATS_ENABLED: '0',
    },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-3000)));
  const group = child.pid ?? 0;
  const stop = async (): Promise<void> => {
    const ended = child.exitCode === null ? new Promise((resolve) => child.once('exit', resolve)) : undefined;
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      for (const pid of processesOf(group)) process.kill(pid, signal);
      await Promise.race([ended, sleep(5000)]);
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  const url = `http://127.0.0.1:${port}${recipe.path}`;
  const until = performance.now() + 120_000;
  for (
    let trouble = await answers(url, recipe.body);
    trouble !== undefined;
    trouble = await answers(url, recipe.body)
  ) {
    if (child.exitCode !== null || performance.now() > until) {
      await stop();
      throw new Error(`${name} does not answer: ${trouble}\n${said}`);
    }
    await sleep(200);
  }
  return {
    name,
    url,
    body: recipe.body,
    rss: () => processesOf(group).reduce((sum, pid) => sum + rssMiB(pid), 0),
    stop,
  };
}
