/** ONNX models on onnxruntime-node in worker threads (ports/model-runtime.ts). */
import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { MillwrightError } from '../../domain/errors.ts';
import type { ModelRuntime } from '../../ports/model-runtime.ts';
import { createPool } from './pool.ts';
import type { PoolOptions } from './pool.ts';

export interface OnnxRuntime extends ModelRuntime {
  /** Threads that hung inside the engine, were replaced, and still run: while there are any, an orderly exit of the process waits for ever. */
  stuck(): number;
  /** Ends a thread as a fault would: for fault tests. */
  killWorker(index: number): Promise<void>;
}

/** `workers` defaults to min(2, cores): each holds its own session of every model. */
export function createOnnxRuntime(options: Partial<PoolOptions> = {}): OnnxRuntime {
  const pool = createPool({
    workers: options.workers ?? Math.min(2, availableParallelism()),
    depth: options.depth ?? 2,
    batchRows: options.batchRows ?? 1024,
    queueLimit: options.queueLimit ?? 2048,
    graceMs: options.graceMs ?? 1000,
  });
  let last = 0;
  return {
    caps: { formats: ['onnx'], batching: true },
    async load(path) {
      last += 1;
      const model = last;
      const signature = await pool.load(model, path).catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        throw new MillwrightError(
          'MW-MODEL-LOAD',
          `the model does not load: ${reason.replaceAll(path, basename(path))}`,
          {
            where: basename(path),
            next: 'check the file with: python -c "import onnx; onnx.checker.check_model(\'model.onnx\')"',
            cause: error,
          },
        );
      });
      return {
        signature,
        infer: (inputs, outputs, deadline) =>
          pool.run({ model, inputs, ...(outputs === undefined ? {} : { outputs }) }, deadline),
        unload() {
          pool.unload(model);
          return Promise.resolve();
        },
      };
    },
    stuck: () => pool.stuck(),
    killWorker: (index) => pool.killWorker(index),
    close: () => pool.close(),
  };
}
