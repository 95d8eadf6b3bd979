/** One ModelRuntime for all kinds of models: each kind's adapter is loaded when the first model of its kind comes. */
import { join } from 'node:path';
import { createOnnxRuntime } from '../adapters/runtime-onnx/onnx-runtime.ts';
import type { ModelRuntime } from '../ports/model-runtime.ts';
import { pythonFolder } from './paths.ts';

export interface GatewayRuntimes extends ModelRuntime {
  /** Threads that hang inside an engine: while there are any, an orderly exit of the process waits for ever. */
  stuck(): number;
}

export interface RuntimesOptions {
  readonly workers: number | undefined;
  /** Native models in processes of their own: the gateway before died by a native fault. */
  readonly isolate?: boolean;
  /** Gets what models of other processes say and what became of them. Default: standard error, which is plane.log. */
  readonly log?: (line: string) => void;
}

/** Made at the first call; `made` is what there is to close. */
function lazily(make: () => Promise<ModelRuntime>): {
  readonly get: () => Promise<ModelRuntime>;
  close(): Promise<void>;
} {
  let made: Promise<ModelRuntime> | undefined;
  return {
    get: () => (made ??= make()),
    async close() {
      await (await made)?.close();
    },
  };
}

export function createRuntimes(options: RuntimesOptions): GatewayRuntimes {
  const log = options.log ?? ((line: string): void => void process.stderr.write(`${line}\n`));
  const onnx = createOnnxRuntime({
    ...(options.workers === undefined ? {} : { workers: options.workers }),
    ...(options.isolate === undefined ? {} : { isolate: options.isolate }),
    warn: log,
  });
  const python = lazily(async () => {
    const { createPythonRuntime } = await import('../adapters/runtime-python/python-runtime.ts');
    return createPythonRuntime({ program: join(pythonFolder(), 'serve_model.py'), log });
  });
  const proxy = lazily(async () => {
    const { createProxyRuntime } = await import('../adapters/runtime-proxy/proxy-runtime.ts');
    return createProxyRuntime();
  });
  return {
    caps: onnx.caps,
    async load(source) {
      if (source.runtime.kind === 'python') return (await python.get()).load(source);
      if (source.runtime.kind === 'proxy') return (await proxy.get()).load(source);
      return onnx.load(source);
    },
    stuck: () => onnx.stuck(),
    async close() {
      // Processes and connections first: an ONNX thread that hangs may take its time.
      await Promise.allSettled([python.close(), proxy.close()]);
      await onnx.close();
    },
  };
}
