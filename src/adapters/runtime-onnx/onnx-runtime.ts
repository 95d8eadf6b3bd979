/** ONNX models (ports/model-runtime.ts): on the gateway's own thread while they are quick, else in worker threads or processes. */
import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { MillwrightError } from '../../domain/errors.ts';
import type { ModelRuntime } from '../../ports/model-runtime.ts';
import { openEngine } from './engine.ts';
import type { EngineName } from './engine.ts';
import { loadOnnxModel } from './onnx-model.ts';
import type { OnnxModel, OnnxModelOptions } from './onnx-model.ts';
import type { Placement } from './placement.ts';

export interface OnnxRuntimeOptions extends Partial<Omit<OnnxModelOptions, 'engine' | 'quiet'>> {
  /** Default: the native one, and WebAssembly where that cannot be loaded. */
  readonly engine?: EngineName;
  /** Told once when the native engine is missing. Default: a warning of the process. */
  readonly warn?: (message: string) => void;
}

export interface OnnxRuntime extends ModelRuntime {
  /** Threads that hung inside the engine, were replaced, and still run: while there are any, an orderly exit of the process waits for ever. */
  stuck(): number;
  /** Ends a worker of the release as a fault would: for fault tests. */
  killWorker(index: number, releaseId?: string): Promise<void>;
  /** Where each loaded model runs, and its worker processes: for tests. */
  placements(): readonly {
    readonly releaseId: string;
    readonly placement: Placement;
    readonly pids: readonly number[];
  }[];
}

const TICK_MS = 100;
/** Without a call for so long nobody notices a load on this thread. */
const QUIET_MS = 1000;

const loadError = (path: string, error: unknown): MillwrightError => {
  const reason = error instanceof Error ? error.message : String(error);
  return new MillwrightError('MW-MODEL-LOAD', `the model does not load: ${reason.replaceAll(path, basename(path))}`, {
    where: basename(path),
    next: 'check the file with: python -c "import onnx; onnx.checker.check_model(\'model.onnx\')"',
    cause: error,
  });
};

export function createOnnxRuntime(options: OnnxRuntimeOptions = {}): OnnxRuntime {
  const models = new Map<OnnxModel, string>();
  const warn = options.warn ?? ((message: string): void => process.emitWarning(message));
  let engine: Promise<EngineName> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let lost = 0;
  let closed = false;

  async function findEngine(): Promise<EngineName> {
    if (options.engine !== undefined) return options.engine;
    try {
      await openEngine('native');
      return 'native';
    } catch (error) {
      warn(
        `the native part of onnxruntime-node cannot be loaded (${error instanceof Error ? error.message : String(error)}); ` +
          'models run in WebAssembly, which is 2 to 3 times slower; to get it: ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node',
      );
      return 'wasm';
    }
  }

  function quiet(): boolean {
    const since = performance.now() - QUIET_MS;
    for (const model of models.keys()) if (model.calledAt > since) return false;
    return true;
  }

  function look(): void {
    for (const model of models.keys()) model.tick();
  }

  return {
    caps: { formats: ['onnx'], batching: true },
    async load(source) {
      if (closed) throw new MillwrightError('MW-UNAVAILABLE', 'the runtime is closed');
      engine ??= findEngine();
      const model = await loadOnnxModel(source, {
        engine: await engine,
        placement: options.placement ?? 'auto',
        isolate: options.isolate ?? false,
        depth: options.depth ?? 2,
        batchRows: options.batchRows ?? 1024,
        queueLimit: options.queueLimit ?? Number.POSITIVE_INFINITY,
        graceMs: options.graceMs ?? 1000,
        workers: options.workers ?? Math.max(2, availableParallelism()),
        idleMs: options.idleMs ?? 30_000,
        provenMs: options.provenMs ?? 600_000,
        quiet,
      }).catch((error: unknown) => {
        throw loadError(source.path, error);
      });
      models.set(model, source.releaseId);
      if (timer === undefined) {
        timer = setInterval(look, TICK_MS);
        timer.unref();
      }
      return {
        signature: model.signature,
        infer: (inputs, run) => model.infer(inputs, run),
        stats: () => model.stats(),
        async unload() {
          if (!models.delete(model)) return;
          await model.unload();
          lost += model.workers.stuck;
          if (models.size > 0) return;
          clearInterval(timer);
          timer = undefined;
        },
      };
    },
    stuck: () => [...models.keys()].reduce((sum, model) => sum + model.workers.stuck, lost),
    async killWorker(index, releaseId) {
      for (const [{ workers }, release] of models)
        if (workers.count > 0 && (releaseId ?? release) === release) return workers.kill(index);
      return undefined;
    },
    placements: () =>
      [...models].map(([{ placement, workers }, releaseId]) => ({ releaseId, placement, pids: workers.pids })),
    async close() {
      closed = true;
      clearInterval(timer);
      await Promise.all([...models.keys()].map((model) => model.unload()));
      lost += [...models.keys()].reduce((sum, model) => sum + model.workers.stuck, 0);
      models.clear();
    },
  };
}
