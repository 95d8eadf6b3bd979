/** Where models run, and that nobody can tell from the answers. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ModelSignature } from '../../domain/registry.ts';
import type { Tensor } from '../../domain/tensors.ts';
import { sourceOf } from '../../testing/runtime.contract.ts';
import { createOnnxRuntime } from './onnx-runtime.ts';
import type { OnnxRuntime, OnnxRuntimeOptions } from './onnx-runtime.ts';
import { hasLoops, mayRunInline } from './placement.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`../../testing/fixtures/${name}`, import.meta.url));
const soon = (ms = 20_000): number => performance.now() + ms;
const open: OnnxRuntime[] = [];
function runtimeOf(options: OnnxRuntimeOptions = {}): OnnxRuntime {
  const runtime = createOnnxRuntime(options);
  open.push(runtime);
  return runtime;
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()));
});

function rows(count: number): readonly Tensor[] {
  const all = Array.from({ length: count }, (_, row) => row);
  return [
    {
      name: 'carrier',
      datatype: 'BYTES',
      shape: [count, 1],
      data: all.map((row) => ['AA', 'UA', 'DL'][row % 3] ?? ''),
    },
    { name: 'distance', datatype: 'FP32', shape: [count, 1], data: Float32Array.from(all, (row) => row * 13.7) },
    { name: 'wind', datatype: 'FP32', shape: [count, 1], data: Float32Array.from(all, (row) => Math.sin(row)) },
  ];
}
const x = (...values: number[]): readonly Tensor[] => [
  { name: 'x', datatype: 'FP32', shape: [values.length / 2, 2], data: Float32Array.from(values) },
];

describe('where a model runs', () => {
  it('a quick one runs on the gateway’s own thread and holds no worker', async () => {
    const runtime = runtimeOf();
    const model = await runtime.load(sourceOf(fixture('tabular.onnx')));
    await vi.waitFor(() => expect(runtime.placements()).toMatchObject([{ placement: 'inline' }]));
    await vi.waitFor(() => expect(model.stats().replicas).toBe(1));
  });

  it('one that loops as long as its data says never does: what runs there cannot be ended', async () => {
    const runtime = runtimeOf();
    await runtime.load(sourceOf(fixture('loop.onnx')));
    expect(runtime.placements()).toMatchObject([{ placement: 'thread' }]);
    expect([hasLoops(fixture('loop.onnx')), hasLoops(fixture('tabular.onnx'))]).toEqual([true, false]);
  });

  it('a loop is found wherever it is in the file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'mw-loops-'));
    try {
      for (const at of [0, 5, (1 << 20) - 3, (1 << 20) + 1, 2 * (1 << 20) - 2]) {
        const bytes = Buffer.alloc(2_500_000, 1);
        bytes.set(Buffer.from([0x22, 4, ...Buffer.from('Scan')]), at);
        writeFileSync(join(folder, 'model'), bytes);
        expect(hasLoops(join(folder, 'model'))).toBe(true);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('the rules: a quick row, cheap further rows, only rows free, and no long load while others are served', () => {
    const signature: ModelSignature = {
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: [-1] }],
    };
    const file = { signature, loadMs: 5, bytes: 5_000_000 };
    const slowLoad = { ...file, loadMs: 400 };
    expect(mayRunInline(file, { oneMs: 0.05, rowMs: 0.01 }, false)).toBe(true);
    expect(mayRunInline(file, { oneMs: 1.5, rowMs: 0.01 }, false)).toBe(false);
    expect(mayRunInline(file, { oneMs: 0.3, rowMs: 0.3 }, false)).toBe(false);
    expect(mayRunInline(slowLoad, { oneMs: 0.05, rowMs: 0.01 }, false)).toBe(false);
    expect(mayRunInline(slowLoad, { oneMs: 0.05, rowMs: 0.01 }, true)).toBe(true);
    expect(mayRunInline({ ...slowLoad, bytes: 50_000 }, { oneMs: 0.05, rowMs: 0.01 }, false)).toBe(true);
    const free = { ...signature, inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, -1] }] };
    expect(mayRunInline({ ...file, signature: free }, { oneMs: 0.05, rowMs: 0.01 }, true)).toBe(false);
  });

  it('inline, thread, process and WebAssembly give the same numbers, alone and merged', async () => {
    const answers = [];
    const kinds: OnnxRuntimeOptions[] = [
      { placement: 'inline' },
      { placement: 'thread' },
      { placement: 'process' },
      { engine: 'wasm' },
    ];
    for (const options of kinds) {
      const model = await runtimeOf(options).load(sourceOf(fixture('tabular.onnx')));
      const alone = await model.infer(rows(5), { deadline: soon() });
      const merged = await Promise.all([1, 2, 3, 4, 5].map((count) => model.infer(rows(count), { deadline: soon() })));
      expect(merged[4]).toEqual(alone);
      answers.push(merged);
    }
    const flat = answers.map((merged) => merged.flat().flatMap(({ data }) => Array.from(data, Number)));
    for (const one of flat.slice(1)) {
      expect(one).toHaveLength(flat[0]?.length ?? 0);
      one.forEach((value, index) => expect(value).toBeCloseTo(flat[0]?.[index] ?? Number.NaN, 5));
    }
  });

  it('a request of very many rows goes to a thread, and requests of one row are answered meanwhile', async () => {
    const runtime = runtimeOf();
    const model = await runtime.load(sourceOf(fixture('tabular.onnx')));
    expect(runtime.placements()).toMatchObject([{ placement: 'inline' }]);
    const many = 200_000;
    const state = { over: false };
    const big = model.infer(rows(many), { deadline: soon() }).finally(() => {
      state.over = true;
    });
    // The thread comes up and gets its batch; from then on nothing of it is done here until the answer comes.
    await vi.waitFor(() => expect(model.stats().replicas).toBe(2), 10_000);
    let meanwhile = 0;
    let slowest = 0;
    while (!state.over) {
      const start = performance.now();
      await model.infer(rows(1), { deadline: soon() });
      if (state.over) break;
      slowest = Math.max(slowest, performance.now() - start);
      meanwhile += 1;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect((await big)[1]?.shape).toEqual([many, 2]);
    expect(meanwhile).toBeGreaterThan(5);
    // Most of it is the way of the strings between the threads; a run here would be hundreds of ms without any other answer.
    expect(slowest).toBeLessThan(250);
  });

  it('after a native fault models run in processes until they have proven themselves, then where the rules say', async () => {
    const runtime = runtimeOf({ isolate: true, provenMs: 700 });
    const model = await runtime.load(sourceOf(fixture('tabular.onnx')));
    const [before] = runtime.placements();
    expect(before?.placement).toBe('process');
    expect(before?.pids).toHaveLength(1);
    expect(model.stats().rssBytes ?? 0).toBeGreaterThan(1e6);
    const answer = await model.infer(rows(3), { deadline: soon() });
    await vi.waitFor(() => expect(runtime.placements()).toMatchObject([{ placement: 'inline', pids: [] }]), 5000);
    expect(await model.infer(rows(3), { deadline: soon() })).toEqual(answer);
  });

  it('one whose process died stays in processes', async () => {
    const runtime = runtimeOf({ isolate: true, provenMs: 700 });
    const model = await runtime.load(sourceOf(fixture('tabular.onnx')));
    process.kill(runtime.placements()[0]?.pids[0] ?? 0, 'SIGSEGV');
    await vi.waitFor(() => expect(model.stats().restarts).toBe(1), 5000);
    await model.infer(rows(1), { deadline: soon() });
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(runtime.placements()).toMatchObject([{ placement: 'process' }]);
  });
});

describe('workers of a model', () => {
  it('are added while calls wait, up to the limit, and ended when they are idle', async () => {
    const runtime = runtimeOf({ workers: 4, idleMs: 300, batchRows: 1 });
    // Each call takes some ms: it loops as often as its number says.
    const model = await runtime.load({ ...sourceOf(fixture('loop.onnx')), replicas: { min: 1, max: 2 } });
    expect(model.stats().replicas).toBe(1);
    const calls = Array.from({ length: 100 }, () => model.infer(x(20_000, 1), { deadline: soon(60_000) }));
    await vi.waitFor(() => expect(model.stats().replicas).toBe(2), 10_000);
    await Promise.all(calls);
    expect(model.stats().replicas).toBe(2);
    await vi.waitFor(() => expect(model.stats().replicas).toBe(1), 5000);
  });

  it('WebAssembly takes over when the native engine cannot be loaded, and says so once', async () => {
    vi.doMock('onnxruntime-node', () => {
      throw new Error('libonnxruntime.so: cannot open shared object file');
    });
    const { createOnnxRuntime: create } = await vi.importActual<{
      readonly createOnnxRuntime: typeof createOnnxRuntime;
    }>('./onnx-runtime.ts');
    const said: string[] = [];
    const runtime = create({ warn: (message) => said.push(message) });
    try {
      const model = await runtime.load(sourceOf(fixture('linear-2.onnx')));
      await runtime.load(sourceOf(fixture('linear-1.onnx')));
      expect((await model.infer(x(1, 2), { deadline: soon() }))[0]?.data).toEqual(Float32Array.of(4, 6));
      expect(said).toHaveLength(1);
      expect(said[0]).toMatch(/WebAssembly.+npm install onnxruntime-node/);
    } finally {
      await runtime.close();
      vi.doUnmock('onnxruntime-node');
    }
  });
});

describe('halves', () => {
  it.each(['inline', 'thread'] as const)('FP16 goes in and comes out as its bits: %s', async (placement) => {
    const model = await runtimeOf({ placement }).load(sourceOf(fixture('half.onnx')));
    expect(model.signature.inputs[0]?.datatype).toBe('FP16');
    // 1.5 and -2 as binary16, doubled: 3 and -4.
    const input: Tensor = { name: 'x', datatype: 'FP16', shape: [1, 2], data: Uint16Array.of(0x3e_00, 0xc0_00) };
    const [output] = await model.infer([input], { deadline: soon() });
    expect(output).toEqual({ name: 'y', datatype: 'FP16', shape: [1, 2], data: Uint16Array.of(0x42_00, 0xc4_00) });
  });

  it('BF16 is refused with the way out', async () => {
    await expect(runtimeOf().load(sourceOf(fixture('bfloat.onnx')))).rejects.toMatchObject({
      code: 'MW-MODEL-LOAD',
      message: expect.stringMatching(/bfloat16; convert the model/),
    });
  });
});
