/** Loads one release and warms it: the bytes are what the digest says, and it has answered. */
import { MillwrightError } from '../../domain/errors.ts';
import type { EndpointLimits } from '../../domain/serving.ts';
import type { Tensor } from '../../domain/tensors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { PlaneModel } from '../../ports/data-plane.ts';
import type { LoadedModel, ModelRuntime } from '../../ports/model-runtime.ts';
import { exampleRows } from './example-rows.ts';
import { readGolden } from './golden.ts';
import { warmUp } from './warm-up.ts';
import type { WarmUp } from './warm-up.ts';

const WARM_UP_MS = 20_000;

export interface LoadDeps {
  readonly runtime: ModelRuntime;
  readonly clock: Clock;
  /** Throws when the file is not what its digest says. */
  readonly verify: (model: PlaneModel) => Promise<void>;
  /** Text of a file of golden rows. */
  readonly readText: (path: string) => Promise<string>;
}

/** Throws MW-MODEL-LOAD with the reason; nothing stays behind then. */
export async function loadRelease(
  deps: LoadDeps,
  source: PlaneModel,
  limits: EndpointLimits,
): Promise<{ readonly model: LoadedModel; readonly warmUp: WarmUp; readonly example?: readonly Tensor[] | undefined }> {
  try {
    await deps.verify(source);
    const golden = source.golden === undefined ? undefined : readGolden(await deps.readText(source.golden));
    const model = await deps.runtime.load({
      releaseId: source.releaseId,
      path: source.path,
      runtime: source.runtime ?? { kind: 'onnx' },
      ...(source.signature === undefined ? {} : { signature: source.signature }),
      replicas: limits.replicas,
      queueLimit: limits.queue,
    });
    try {
      const now = (): number => deps.clock.monotonic();
      const warm = await warmUp(model, golden, { now, deadline: () => now() + WARM_UP_MS });
      return { model, warmUp: warm, example: golden === undefined ? undefined : exampleRows(golden.inputs) };
    } catch (error) {
      await model.unload();
      throw error;
    }
  } catch (error) {
    const named = `${source.model} v${source.version} (${source.releaseId})`;
    const reason = error instanceof Error ? error.message : String(error);
    const code = error instanceof MillwrightError ? error.code : 'MW-MODEL-LOAD';
    const detail = error instanceof MillwrightError && error.next !== undefined ? { next: error.next } : {};
    throw new MillwrightError('MW-MODEL-LOAD', `${named} cannot be served: ${reason}`, {
      where: code === 'MW-MODEL-LOAD' ? source.releaseId : `${source.releaseId} (${code})`,
      ...detail,
      cause: error,
    });
  }
}
