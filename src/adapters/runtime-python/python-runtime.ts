/** Python models (an MLflow folder of any flavour, or a predict.py) in processes of their own environment (ports/model-runtime.ts). */
import { MillwrightError } from '../../domain/errors.ts';
import type { ModelRuntime } from '../../ports/model-runtime.ts';
import { createOutputLog } from './process-output.ts';
import { startModel } from './python-model.ts';
import type { ModelLimits, PythonModel } from './python-model.ts';

export interface PythonRuntimeOptions extends Partial<ModelLimits> {
  /** Absolute path of python/serve_model.py. */
  readonly program: string;
  /** Gets what models print, capped, and what became of their processes. */
  readonly log?: (line: string) => void;
  /** Longest time until a process has its model, ms. Importing mlflow and its libraries from a cold disk takes tens of seconds. */
  readonly loadMs?: number;
  /** Largest answer to one batch, bytes. */
  readonly answerBytes?: number;
}

export interface PythonRuntime extends ModelRuntime {
  /** Of the processes of all models, or of one release: for fault tests. */
  pids(releaseId?: string): readonly number[];
}

export function createPythonRuntime(options: PythonRuntimeOptions): PythonRuntime {
  const { log = () => undefined } = options;
  const loaded = new Map<PythonModel, string>();
  const limits: ModelLimits = {
    batchRows: options.batchRows ?? 1024,
    deaths: options.deaths ?? 5,
    windowMs: options.windowMs ?? 60_000,
    lookMs: options.lookMs ?? 500,
    idleMs: options.idleMs ?? 60_000,
  };
  return {
    caps: { formats: ['mlflow', 'predict.py'], batching: true },
    async load(source) {
      const { runtime: spec, releaseId } = source;
      if (spec.kind !== 'python') {
        throw new MillwrightError('MW-MODEL-LOAD', `a model of the kind ${spec.kind} is no Python model`, {
          where: releaseId,
        });
      }
      const model = await startModel(
        source,
        {
          releaseId,
          program: options.program,
          folder: source.path,
          spec,
          signature: source.signature,
          loadMs: options.loadMs ?? 120_000,
          answerBytes: options.answerBytes ?? 256 * 1024 * 1024,
          output: createOutputLog((line) => log(`${releaseId}: ${line}`)),
        },
        limits,
        log,
      );
      loaded.set(model, releaseId);
      return {
        ...model,
        async unload() {
          loaded.delete(model);
          await model.unload();
        },
      };
    },
    pids: (releaseId) =>
      [...loaded].flatMap(([model, of]) => (releaseId === undefined || releaseId === of ? model.pids() : [])),
    async close() {
      await Promise.all([...loaded.keys()].map((model) => model.unload()));
      loaded.clear();
    },
  };
}
