/**
 * The engine under the sessions: onnxruntime-node called without a turn of the event loop between, or by its public door when this
 * version of it has no such call, or onnxruntime-web (WebAssembly) where the native part cannot be loaded.
 *
 * `session.run()` of onnxruntime-node is a setImmediate around a synchronous native call: on the gateway's own thread that is a turn of
 * the event loop for each batch, and a time that cannot be measured. The class below it is reached by the package's file
 * `dist/binding.js`; everything that is used of it is looked at first, and anything missing falls back to the public door.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { ModelSignature } from '../../domain/registry.ts';
import { signatureOf, signatureOfRaw } from './ort-types.ts';
import type { Feed, Fetched, RawMetadata } from './ort-types.ts';

export type EngineName = 'native' | 'wasm';

export interface EngineSession {
  readonly signature: ModelSignature;
  /** All outputs when none are named. Not a promise when the engine runs here and now. */
  run(feeds: Readonly<Record<string, Feed>>, outputs: readonly string[] | undefined): Fetched | Promise<Fetched>;
  release(): Promise<void>;
}

interface Engine {
  readonly name: EngineName;
  /** Reads, checks and prepares the model; blocks the thread it is called on. */
  load(path: string): Promise<EngineSession>;
}

const OPTIONS = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  // Errors come back as exceptions; the engine's own warnings would fill the plane's log.
  logSeverityLevel: 4,
} as const;

/** What is used of the class in onnxruntime-node's `dist/binding.js`. */
interface NativeSession {
  loadModel(path: string, options: object): void;
  run(feeds: Readonly<Record<string, Feed>>, fetches: Readonly<Record<string, null>>, options: object): Fetched;
  dispose(): void;
  readonly inputMetadata: readonly RawMetadata[];
  readonly outputMetadata: readonly RawMetadata[];
}

interface NativeBinding {
  readonly binding: { readonly InferenceSession: new () => NativeSession };
  readonly initOrt: () => void;
}

const require = createRequire(import.meta.url);

function nativeBinding(): NativeBinding | undefined {
  try {
    const found = require('onnxruntime-node/dist/binding') as Partial<NativeBinding>;
    const made = found.binding?.InferenceSession.prototype as Partial<NativeSession> | undefined;
    if (typeof found.initOrt !== 'function' || made === undefined) return undefined;
    const whole = (['loadModel', 'run', 'dispose'] as const).every((name) => typeof made[name] === 'function');
    return whole ? (found as NativeBinding) : undefined;
  } catch {
    return undefined;
  }
}

function loadDirect(native: NativeBinding, path: string): EngineSession | undefined {
  native.initOrt();
  const session = new native.binding.InferenceSession();
  session.loadModel(path, OPTIONS);
  const { inputMetadata, outputMetadata } = session;
  if (!Array.isArray(inputMetadata) || !Array.isArray(outputMetadata)) {
    session.dispose();
    return undefined;
  }
  const signature = { inputs: signatureOfRaw(inputMetadata), outputs: signatureOfRaw(outputMetadata) };
  const fetches = (names: readonly string[]): Record<string, null> =>
    Object.fromEntries(names.map((name) => [name, null]));
  const all = fetches(signature.outputs.map((spec) => spec.name));
  return {
    signature,
    run: (feeds, outputs) => session.run(feeds, outputs === undefined ? all : fetches(outputs), {}),
    release() {
      session.dispose();
      return Promise.resolve();
    },
  };
}

interface OnnxRuntime {
  readonly InferenceSession: typeof InferenceSession;
  readonly Tensor: typeof Tensor;
}

async function loadPublic(
  ort: OnnxRuntime,
  model: string | Uint8Array,
  options: InferenceSession.SessionOptions,
): Promise<EngineSession> {
  const session = await (typeof model === 'string'
    ? ort.InferenceSession.create(model, options)
    : ort.InferenceSession.create(model, options));
  return {
    signature: signatureOf(session),
    run(feeds, outputs) {
      const tensors = Object.fromEntries(
        Object.entries(feeds).map(([name, { type, data, dims }]) => [name, new ort.Tensor(type, data, [...dims])]),
      );
      return outputs === undefined ? session.run(tensors) : session.run(tensors, [...outputs]);
    },
    release: () => session.release(),
  };
}

async function nativeEngine(): Promise<Engine> {
  const ort = await import('onnxruntime-node');
  const native = nativeBinding();
  return {
    name: 'native',
    async load(path) {
      const direct = native === undefined ? undefined : loadDirect(native, path);
      return direct ?? loadPublic(ort, path, OPTIONS);
    },
  };
}

async function wasmEngine(): Promise<Engine> {
  const ort = await import('onnxruntime-web');
  // One thread, as everywhere: more workers, not more threads in one.
  ort.env.wasm.numThreads = 1;
  return { name: 'wasm', load: async (path) => loadPublic(ort, await readFile(path), { logSeverityLevel: 4 }) };
}

/** Throws when the engine cannot be loaded: its native part is missing, or it was not built for this system. */
export function openEngine(name: EngineName): Promise<Engine> {
  return name === 'native' ? nativeEngine() : wasmEngine();
}
