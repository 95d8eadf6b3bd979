/** Real processes that are killed, hang, leak, print, exit and lie: each call gets a coded error, and the model goes on. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import type { LoadedModel, ModelSource } from '../../ports/model-runtime.ts';
import { createPythonRuntime } from './python-runtime.ts';
import type { PythonRuntime, PythonRuntimeOptions } from './python-runtime.ts';

const PROGRAM = fileURLToPath(new URL('../../../python/serve_model.py', import.meta.url));

function findPython(): string | undefined {
  try {
    return execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}

const python = findPython();
const MODEL = `
import ctypes, os, sys, time
SIGNATURE = {
    "inputs": [{"name": "x", "datatype": "FP64", "shape": [-1, 1]}, {"name": "who", "datatype": "BYTES", "shape": [-1, 1]}],
    "outputs": [{"name": "y", "datatype": "FP64", "shape": [-1]}],
}
kept = []
def predict(model, inputs):
    for [what] in inputs["who"]:
        if what == "exit": os._exit(3)
        if what == "segfault": ctypes.string_at(0)
        if what == "hang": time.sleep(600)
        if what == "slow": time.sleep(0.3)
        if what == "leak": kept.append(bytearray(80 << 20))
        if what == "burst": bytearray(4 << 30)
        if what == "quit": sys.exit("bye")
        if what == "interrupt": raise KeyboardInterrupt()
        if what == "raise": raise ValueError("no such person: 'Ada Lovelace'", inputs["who"])
        if what == "flood":
            for _ in range(200000): print("a line of a model that prints too much " * 4)
        if what == "environment": return {"y": [float(sum(name.startswith("MW_") or "SECRET" in name for name in os.environ))]}
        if what == "huge": return {"y": [0.0] * 3000000}
        if what == "nan": return {"y": [float("nan")]}
        if what == "square": return {"y": [[1.0, 2.0]]}
        if what == "other": return {"z": [1.0]}
        if what == "nothing": return None
        if what == "object": return {"y": object()}
    return {"y": [2 * value for [value] in inputs["x"]]}
`;

const open: { runtime: PythonRuntime; root: string }[] = [];
afterEach(async () => {
  for (const { runtime, root } of open.splice(0)) {
    await runtime.close();
    rmSync(root, { recursive: true, force: true });
  }
});

interface Subject {
  readonly runtime: PythonRuntime;
  readonly model: LoadedModel;
  readonly lines: readonly string[];
  readonly ask: (who: string, x?: number, ms?: number) => Promise<number | undefined>;
}

async function start(
  options: Partial<PythonRuntimeOptions> = {},
  source: Partial<ModelSource> & { memoryMib?: number; timeoutMs?: number } = {},
  text = MODEL,
): Promise<Subject> {
  const root = mkdtempSync(join(tmpdir(), 'mw-python-fault-'));
  mkdirSync(join(root, 'model'));
  writeFileSync(join(root, 'model', 'predict.py'), text);
  const lines: string[] = [];
  const runtime = createPythonRuntime({ program: PROGRAM, lookMs: 50, ...options, log: (line) => lines.push(line) });
  open.push({ runtime, root });
  const { memoryMib = 512, timeoutMs = 10_000, ...rest } = source;
  const model = await runtime.load({
    releaseId: 'r1',
    path: join(root, 'model'),
    runtime: { kind: 'python', interpreter: python ?? '', entry: 'predict.py', memoryMib, timeoutMs },
    replicas: { min: 1, max: 1 },
    queueLimit: 2048,
    ...rest,
  });
  return {
    runtime,
    model,
    lines,
    async ask(who, x = 1, ms = 10_000) {
      const outputs = await model.infer(
        [
          { name: 'x', datatype: 'FP64', shape: [1, 1], data: Float64Array.of(x) },
          { name: 'who', datatype: 'BYTES', shape: [1, 1], data: [who] },
        ],
        { deadline: performance.now() + ms },
      );
      return outputs[0]?.data[0] as number | undefined;
    },
  };
}

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

async function until(what: string, look: () => boolean, ms = 10_000): Promise<void> {
  const end = performance.now() + ms;
  while (!look()) {
    if (performance.now() > end) throw new Error(`waited ${ms} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

if (python === undefined) {
  test.skip('NOT RUN: faults of Python models; there is no python3: install it', () => undefined);
} else
  describe('a Python model', { timeout: 30_000 }, () => {
    test.each([
      ['quit', 'MW-MODEL-OUTPUT', /SystemExit: bye \(predict\.py line \d+, in predict\)/],
      ['interrupt', 'MW-MODEL-OUTPUT', /KeyboardInterrupt/],
      ['burst', 'MW-MODEL-OUTPUT', /MemoryError/],
      ['huge', 'MW-MODEL-OUTPUT', /larger than 8 MiB/],
      ['square', 'MW-MODEL-OUTPUT', /"y" has shape \[1, 2\], the signature says \[-1\]/],
      ['other', 'MW-MODEL-OUTPUT', /no output "y"/],
      ['nothing', 'MW-MODEL-OUTPUT', /returned None/],
    ])('that does "%s" fails that call with %s, and its process goes on', async (who, code, message) => {
      const { ask, runtime } = await start({ answerBytes: 8 * 2 ** 20 });
      const before = runtime.pids();
      await expect(ask(who)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
      expect(await ask('Ada', 21)).toBe(42);
      expect(runtime.pids()).toEqual(before);
    });

    test('gives values that are no number, and sees none of our variables', async () => {
      process.env['MW_SECRET_OF_TEST'] = 'x';
      const { ask } = await start();
      expect(await ask('nan')).toBeNaN();
      expect(await ask('environment')).toBe(0);
      delete process.env['MW_SECRET_OF_TEST'];
    });

    test('that raises says its type, its place and its message, and none of the values it was given', async () => {
      const { model } = await start();
      const failed = model.infer(
        [
          { name: 'x', datatype: 'FP64', shape: [2, 1], data: Float64Array.of(1, 2) },
          { name: 'who', datatype: 'BYTES', shape: [2, 1], data: ['Ada Lovelace', 'raise'] },
        ],
        { deadline: performance.now() + 5000 },
      );
      const error = await failed.then(
        () => undefined,
        (thrown: unknown) => thrown as Error,
      );
      expect(error).toMatchObject({ code: 'MW-MODEL-REFUSED', message: expect.stringContaining('ValueError') });
      expect(error?.message).toMatch(/predict\.py line \d+, in predict/);
      expect(error?.message).not.toContain('Lovelace');
    });

    test('that prints without end is answered; the log gets some of it and is told of the rest', async () => {
      const { ask, lines } = await start();
      expect(await ask('flood', 2)).toBe(4);
      expect(await ask('Ada', 3)).toBe(6);
      expect(lines.length).toBeGreaterThan(5);
      expect(lines.join('').length).toBeLessThan(200_000);
    });

    test.each(['exit', 'segfault'])(
      'killed by "%s" in the midst of many calls loses none of the others',
      async (who) => {
        const { ask, model } = await start();
        const others = Array.from({ length: 40 }, (_, index) => ask('Ada', index));
        const poison = ask(who);
        const more = Array.from({ length: 40 }, (_, index) => ask('Bob', index));
        await expect(poison).rejects.toMatchObject({ code: 'MW-UNAVAILABLE' });
        expect(await Promise.all([...others, ...more])).toEqual(
          [0, 1].flatMap(() => Array.from({ length: 40 }, (_, i) => 2 * i)),
        );
        expect(model.stats().restarts).toBeGreaterThanOrEqual(2);
      },
    );

    test('killed from outside answers the call that was running, by another process', async () => {
      const { ask, runtime } = await start({}, { replicas: { min: 2, max: 2 } });
      const running = [ask('slow', 1), ask('slow', 2)];
      await new Promise((resolve) => setTimeout(resolve, 100));
      process.kill(runtime.pids()[0] ?? 0, 'SIGKILL');
      expect(await Promise.all(running)).toEqual([2, 4]);
      await until('the replacement', () => runtime.pids().length === 2);
    });

    test('that hangs is ended with its group at its timeout: MW-DEADLINE, and those behind it are answered', async () => {
      const { ask, runtime } = await start({}, { timeoutMs: 400 });
      const [pid = 0] = runtime.pids();
      const from = performance.now();
      const hung = ask('hang');
      const behind = [ask('Ada', 1), ask('Ada', 2)];
      await expect(hung).rejects.toMatchObject({ code: 'MW-DEADLINE' });
      expect(await Promise.all(behind)).toEqual([2, 4]);
      expect(performance.now() - from).toBeLessThan(5000);
      await until('the end of the hung process', () => !alive(pid));
    });

    test('that is slower than its caller waits is not ended: only he hears MW-DEADLINE', async () => {
      const { ask, runtime, model } = await start();
      const before = runtime.pids();
      const from = performance.now();
      for (let turn = 0; turn < 6; turn += 1)
        await expect(ask('slow', 1, 60)).rejects.toMatchObject({ code: expect.stringMatching(/DEADLINE|OVERLOADED/) });
      expect(performance.now() - from).toBeLessThan(3000);
      expect(await ask('slow', 4)).toBe(8);
      expect(runtime.pids()).toEqual(before);
      expect(model.stats().restarts).toBe(0);
    });

    test('that hangs beyond the deadline of its caller is ended at its own timeout', async () => {
      const { ask, runtime } = await start({}, { timeoutMs: 700 });
      const [pid = 0] = runtime.pids();
      const from = performance.now();
      await expect(ask('hang', 1, 200)).rejects.toMatchObject({ code: 'MW-DEADLINE' });
      expect(performance.now() - from).toBeLessThan(650);
      await until('the end of the hung process', () => !alive(pid));
      expect(await ask('Ada', 4)).toBe(8);
    });

    test('that leaks is replaced before it hurts, without a failed call', async () => {
      const { ask, runtime, model } = await start({}, { memoryMib: 250 });
      const [pid = 0] = runtime.pids();
      // The dirty pages of three allocations; then calls go on while it is replaced.
      for (let index = 0; index < 3; index += 1) expect(await ask('leak', index)).toBe(2 * index);
      await until('its memory to be seen', () => (model.stats().rssBytes ?? 0) > 0);
      const answers: (number | undefined)[] = [];
      await until('the replacement', () => {
        void ask('Ada', 5).then((value) => answers.push(value));
        return !runtime.pids().includes(pid) && runtime.pids().length === 1;
      });
      expect(await ask('Ada', 6)).toBe(12);
      expect(new Set(answers)).toEqual(new Set([10]));
      expect(model.stats().restarts).toBe(1);
    });

    test('whose processes die again and again is given up: MW-QUARANTINED, until it is loaded anew', async () => {
      const { ask, model, runtime, lines } = await start({ deaths: 4 });
      const from = performance.now();
      await expect(ask('exit')).rejects.toMatchObject({ code: 'MW-UNAVAILABLE' });
      await expect(ask('exit')).rejects.toMatchObject({ code: expect.stringMatching(/MW-UNAVAILABLE|MW-QUARANTINED/) });
      await expect(ask('Ada')).rejects.toMatchObject({
        code: 'MW-QUARANTINED',
        message: expect.stringContaining('exited with 3'),
      });
      expect(performance.now() - from).toBeLessThan(10_000);
      expect(runtime.pids()).toEqual([]);
      expect(lines.some((line) => line.includes('given up'))).toBe(true);
      await model.unload();
      const again = await start();
      expect(await again.ask('Ada', 1)).toBe(2);
    });

    test('gets more processes while calls wait, and loses them when they have nothing to do', async () => {
      const { ask, runtime } = await start({ idleMs: 300 }, { replicas: { min: 1, max: 3 } });
      const halt = new AbortController();
      const load = Array.from({ length: 6 }, async () => {
        while (!halt.signal.aborted) await ask('slow', 1);
      });
      await until('more processes', () => runtime.pids().length === 3);
      halt.abort();
      await Promise.all(load);
      await until('fewer processes', () => runtime.pids().length === 1);
      expect(await ask('Ada', 2)).toBe(4);
    });

    test('that does not load says why, leaves nothing, and names what to do', async () => {
      const missing = start({}, {}, 'import a_module_that_is_not_there');
      await expect(missing).rejects.toMatchObject({
        code: 'MW-MODEL-LOAD',
        message: expect.stringContaining('ModuleNotFoundError'),
      });
      await expect(start({}, {}, 'x = 1')).rejects.toMatchObject({
        code: 'MW-MODEL-LOAD',
        message: expect.stringContaining('no function predict'),
        next: expect.stringContaining('def predict'),
      });
      await expect(start({}, {}, 'import os; os._exit(7)')).rejects.toMatchObject({
        code: 'MW-MODEL-LOAD',
        message: expect.stringContaining('exited with 7'),
      });
      const slow = start({ loadMs: 300 }, {}, 'import time; time.sleep(60)');
      await expect(slow).rejects.toMatchObject({ code: 'MW-MODEL-LOAD', message: expect.stringContaining('0.3 s') });
      for (const { runtime } of open) expect(runtime.pids()).toEqual([]);
    });

    test('of the kind mlflow in an environment without mlflow is refused with the remedy', async () => {
      const spec = { kind: 'python', interpreter: python, entry: 'mlflow', memoryMib: 512, timeoutMs: 1000 } as const;
      const hasMlflow = spawn(python, ['-I', '-c', 'import mlflow']);
      const [code] = await once(hasMlflow, 'exit');
      if (code === 0) return;
      await expect(start({}, { runtime: spec })).rejects.toMatchObject({
        code: 'MW-MODEL-LOAD',
        message: expect.stringContaining('mlflow is not in the model'),
        next: expect.stringContaining('requirements'),
      });
    });

    test('ends with the process that started it', async () => {
      await start();
      const root = open[0]?.root;
      const script = `
        const { createPythonRuntime } = await import(${JSON.stringify(new URL('./python-runtime.ts', import.meta.url).href)});
        const runtime = createPythonRuntime({ program: ${JSON.stringify(PROGRAM)} });
        await runtime.load({ releaseId: 'r', path: ${JSON.stringify(join(root ?? '', 'model'))}, queueLimit: 10, replicas: { min: 2, max: 2 },
          runtime: { kind: 'python', interpreter: ${JSON.stringify(python)}, entry: 'predict.py', memoryMib: 512, timeoutMs: 1000 } });
        console.log(JSON.stringify(runtime.pids()));
        setInterval(() => undefined, 1000);`;
      const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [text] = (await once(parent.stdout, 'data')) as [Buffer];
      const pids = JSON.parse(String(text)) as number[];
      expect(pids.map(alive)).toEqual([true, true]);
      parent.kill('SIGKILL');
      await until('the end of the orphans', () => !pids.some(alive));
    });
  });
