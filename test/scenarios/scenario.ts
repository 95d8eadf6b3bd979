/** A temp project folder, a real server on free ports, real commands; and the end of every process that came of it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const FIXTURES = fileURLToPath(new URL('../../src/testing/fixtures/', import.meta.url));
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface ServerProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly url: string;
  readonly rest: string;
  readonly grpc: string;
}

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A body of a black box: each test states what it expects of it. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Json = any;

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body as JSON; undefined when it is none. */
  readonly json: Json;
}

/** The last line of a command's JSON output, or its only document. */
export function jsonOf(ended: Ended): Json {
  try {
    return JSON.parse(ended.out);
  } catch {
    throw new Error(`not JSON: ${ended.out.slice(0, 500)} | ${ended.err.slice(0, 500)}`);
  }
}

export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  ms = 20_000,
): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`waited ${ms} ms for ${what}`);
    await sleep(50);
  }
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A string or bytes go as they are; anything else as JSON. */
  readonly body?: unknown;
}

/** `path` goes out byte for byte: `fetch` would tidy `..` away and set its own Host. */
export function ask(base: string, path: string, options: Ask = {}): Promise<Answer> {
  const { hostname, port } = new URL(base);
  const { body } = options;
  const payload =
    body === undefined || typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const call = request(
      {
        hostname,
        port,
        path,
        method: options.method ?? (body === undefined ? 'GET' : 'POST'),
        headers: {
          ...(payload === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(payload)) }),
          ...options.headers,
        },
        agent: false,
        timeout: 20_000,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          let json: unknown;
          try {
            json = JSON.parse(text);
          } catch {
            json = undefined;
          }
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json });
        });
      },
    );
    call.on('timeout', () => call.destroy(new Error(`no answer within 20 s: ${path.slice(0, 100)}`)));
    call.on('error', reject);
    call.end(payload);
  });
}

/** Also false for one that has ended and that nobody has waited for. */
export function runs(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.trim().startsWith('Z');
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

export interface Scenario {
  readonly root: string;
  /** The project folder that commands run in. */
  readonly project: string;
  readonly home: string;
  write(path: string, content: string | Uint8Array): void;
  /** Starts `mw server`; throws what it printed when it does not come up. */
  start(options?: {
    readonly args?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
  }): Promise<ServerProcess>;
  /** `mw …` in the project folder with this scenario's home, to its end. */
  mw(
    args: readonly string[],
    options?: { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string; readonly home?: string },
  ): Promise<Ended>;
  planePid(): number;
  end(): Promise<void>;
}

const environment = (extra: Readonly<Record<string, string>> = {}): Record<string, string> => {
  const own = Object.fromEntries(
    Object.entries(process.env).filter(([name, value]) => value !== undefined && !name.startsWith('MILLWRIGHT_')),
  ) as Record<string, string>;
  return { ...own, NO_COLOR: '1', ...extra };
};

export async function createScenario(name: string): Promise<Scenario> {
  const root = await mkdtemp(join(tmpdir(), `mw-scenario-${name}-`));
  const project = join(root, 'project');
  const home = join(root, 'home');
  mkdirSync(project);
  const children = new Set<ChildProcess>();

  function launch(args: readonly string[], cwd: string, env: Readonly<Record<string, string>> | undefined) {
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd,
      env: environment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.add(child);
    const texts = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.err += text));
    const ended = new Promise<Ended>((resolve) => {
      child.once('close', (code) => {
        children.delete(child);
        resolve({ code, ...texts });
      });
    });
    return { child, texts, ended };
  }

  function planePid(): number {
    return (JSON.parse(readFileSync(join(home, 'plane', 'plane.json'), 'utf8')) as { pid: number }).pid;
  }

  return {
    root,
    project,
    home,
    planePid,
    write(path, content) {
      const full = join(project, path);
      mkdirSync(join(full, '..'), { recursive: true });
      writeFileSync(full, content);
    },
    async start({ args = [], env } = {}) {
      const base = [
        'server',
        '--home',
        home,
        '--port',
        '0',
        '--rest-port',
        '0',
        '--grpc-port',
        '0',
        '--log-level',
        'warn',
      ];
      const { child, texts, ended } = launch([...base, ...args], project, env);
      let over: Ended | undefined;
      void ended.then((how) => (over = how));
      const record = await until(
        'the server',
        () => {
          if (over !== undefined) throw new Error(`the server ended with ${over.code}: ${over.out}${over.err}`);
          try {
            const found = JSON.parse(readFileSync(join(home, 'server.json'), 'utf8')) as ServerProcess;
            return found.pid === child.pid ? found : undefined;
          } catch {
            return undefined;
          }
        },
        30_000,
      ).catch((error: unknown) => {
        throw new Error(`${String(error)}\n${texts.out}${texts.err}`);
      });
      return { ...record, child };
    },
    async mw(args, { env, cwd, home: other } = {}) {
      return launch([...args, '--home', other ?? home], cwd ?? project, env).ended;
    },
    async end() {
      for (const child of children) child.kill('SIGKILL');
      await until('the children to end', () => children.size === 0);
      let plane: number | undefined;
      try {
        const record = JSON.parse(readFileSync(join(home, 'plane', 'plane.json'), 'utf8')) as {
          readonly pid: number;
          readonly keeper?: { readonly pid: number };
        };
        plane = record.pid;
        // First whoever would start it again.
        if (record.keeper !== undefined && alive(record.keeper.pid)) process.kill(record.keeper.pid, 'SIGKILL');
        process.kill(plane, 'SIGTERM');
      } catch {
        // There is none, or it is gone.
      }
      if (plane !== undefined) {
        const pid = plane;
        await until('the data plane to end', () => !alive(pid), 12_000).catch(() => process.kill(pid, 'SIGKILL'));
      }
      await rm(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}

export const kill9 = async (child: ChildProcess): Promise<void> => {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
};

const TRAIN = `import json, os, shutil
p = json.loads(os.environ["MW_PARAMS"])
shutil.copy(p["model"], "model.onnx")
json.dump({"accuracy": p["accuracy"]}, open("metrics.json", "w"))
`;

export interface TinyOptions {
  readonly name?: string;
  readonly rollout?: string;
}

/** A project whose "training" copies one of three models (version k answers kx + k): fast, and an answer names its version. */
export function tinyProject(scenario: Scenario, { name = 'tiny', rollout }: TinyOptions = {}): void {
  for (const file of ['linear-1.onnx', 'linear-2.onnx', 'linear-3.onnx', 'nan.onnx', 'broken.onnx'])
    cpSync(join(FIXTURES, file), join(scenario.project, file));
  scenario.write('train.py', TRAIN);
  scenario.write('data/rows.csv', 'a,b\n1,2\n3,4\n');
  scenario.write(
    'millwright.yaml',
    `project: ${name}
datasets:
  rows: { from: "data/*.csv", checks: [rows >= 1] }
pipeline:
  train: { run: python train.py, in: [rows], out: [model.onnx, metrics.json], params: { model: linear-1.onnx, accuracy: 0.9 } }
model:
  name: ${name}
  artifact: model.onnx
  gates: [accuracy >= 0.7]
endpoint:
  name: ${name}
  rollout: ${rollout ?? '{ strategy: all-at-once }'}
`,
  );
}

/** Throws for an answer that is not 200, so that a load loop counts it as failed. */
export async function inferTiny(
  rest: string,
  name = 'tiny',
): Promise<{ readonly version: number; readonly values: readonly number[] }> {
  const response = await fetch(`${rest}/v2/models/${name}/infer`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: [1, 2] }] }),
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${response.status} ${text.slice(0, 200)}`);
  const body = JSON.parse(text) as { model_version: string; outputs: { data: number[] }[] };
  return { version: Number(body.model_version), values: body.outputs[0]?.data ?? [] };
}

export interface Load {
  readonly served: () => number;
  readonly versions: ReadonlyMap<number, number>;
  readonly failures: readonly string[];
  stop(): Promise<void>;
}

/** Constant load of `callers` callers, each with a short pause; every answer that is not a 200 is a failure. */
export function startLoad(rest: string, name = 'tiny', callers = 3): Load {
  const failures: string[] = [];
  const versions = new Map<number, number>();
  let served = 0;
  const halt = new AbortController();
  const caller = async (): Promise<void> => {
    while (!halt.signal.aborted) {
      try {
        const { version } = await inferTiny(rest, name);
        served += 1;
        versions.set(version, (versions.get(version) ?? 0) + 1);
      } catch (error) {
        failures.push(
          error instanceof Error
            ? `${error.message} ${error.cause instanceof Error ? error.cause.message : ''}`
            : String(error),
        );
      }
      await sleep(5);
    }
  };
  const all = Promise.all(Array.from({ length: callers }, caller));
  return {
    served: () => served,
    versions,
    failures,
    async stop() {
      halt.abort();
      await all;
    },
  };
}
