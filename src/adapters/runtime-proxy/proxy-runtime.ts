/** Models of another server that speaks the Open Inference Protocol V2 over REST (ports/model-runtime.ts). It does its own batching. */
import { MillwrightError } from '../../domain/errors.ts';
import type { ErrorCode } from '../../domain/errors.ts';
import { rowsOf } from '../../domain/tensor-data.ts';
import type { Tensor } from '../../domain/tensors.ts';
import { createBatchScheduler } from '../../platform/batch-scheduler.ts';
import type { LoadedModel, ModelRuntime, ModelSource } from '../../ports/model-runtime.ts';
import { createPeer } from './peer.ts';
import type { Peer } from './peer.ts';
import { decodeAnswer, decodeMetadata, encodeCall, errorOf, takesBinary } from './v2-codec.ts';
import type { EncodedCall } from './v2-codec.ts';

export interface ProxyRuntimeOptions {
  /** Requests at once to one model; more wait here. */
  readonly connections?: number;
  /** Largest answer, bytes. */
  readonly answerBytes?: number;
  /** Longest wait for the metadata at the load, ms. */
  readonly loadMs?: number;
}

interface ProxyCall {
  readonly call: EncodedCall;
  readonly deadline: number;
}

/** Asks what the model is. Throws MW-MODEL-LOAD. */
async function look(peer: Peer, path: string, source: ModelSource, loadMs: number) {
  const deadline = performance.now() + loadMs;
  const get = (at: string) => peer.ask({ method: 'GET', path: at, deadline });
  try {
    const answer = await get(path);
    if (answer.status !== 200) throw errorOf('the other server', answer);
    const ready = await get(`${path}/ready`);
    if (ready.status !== 200) throw new Error(`it is not ready (status ${ready.status})`);
    const server = await get('/v2');
    return { signature: decodeMetadata(answer.body), binary: server.status === 200 && takesBinary(server.body) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new MillwrightError('MW-MODEL-LOAD', `the model of the other server cannot be used: ${reason}`, {
      where: source.releaseId,
      next: 'see whether it answers GET /v2/models/<model> there',
      cause: error,
    });
  }
}

export function createProxyRuntime(options: ProxyRuntimeOptions = {}): ModelRuntime {
  const loaded = new Set<LoadedModel>();
  const connections = options.connections ?? 32;

  async function load(source: ModelSource): Promise<LoadedModel> {
    const { runtime: spec, releaseId } = source;
    if (spec.kind !== 'proxy') {
      throw new MillwrightError('MW-MODEL-LOAD', `a model of the kind ${spec.kind} is not at another server`, {
        where: releaseId,
      });
    }
    const peer = createPeer(spec.url, { connections, bytes: options.answerBytes ?? 256 * 1024 * 1024 });
    const versioned = spec.version === undefined ? '' : `/versions/${encodeURIComponent(spec.version)}`;
    const path = `/v2/models/${encodeURIComponent(spec.model)}${versioned}`;
    const found = await look(peer, path, source, options.loadMs ?? 30_000).catch((error: unknown) => {
      peer.close();
      throw error;
    });
    const { binary } = found;
    const signature = found.signature.inputs.length > 0 ? found.signature : (source.signature ?? found.signature);

    async function run({ call, deadline }: ProxyCall): Promise<readonly Tensor[]> {
      const answer = await peer.ask({ method: 'POST', path: `${path}/infer`, ...call, deadline });
      if (answer.status !== 200) throw errorOf(`the server behind ${releaseId}`, answer);
      try {
        return decodeAnswer(answer);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new MillwrightError('MW-UNAVAILABLE', `the server behind ${releaseId} gave ${reason}`, { cause: error });
      }
    }

    const scheduler = createBatchScheduler<ProxyCall, readonly Tensor[]>({
      batchRows: 1,
      queueLimit: source.queueLimit,
      error: (code, message, detail) => Object.assign(new MillwrightError(code as ErrorCode, message, detail), detail),
    });
    scheduler.addLane({
      depth: connections,
      concurrent: true,
      run: ([only]) => (only === undefined ? [] : run(only).then((outputs) => [outputs])),
    });
    const model: LoadedModel = {
      signature,
      infer: (inputs, { outputs, deadline, priority, signal }) =>
        scheduler.run({
          input: { call: encodeCall(inputs, outputs, binary), deadline },
          rows: rowsOf(inputs),
          deadline,
          ...(priority === undefined ? {} : { priority }),
          ...(signal === undefined ? {} : { signal }),
        }),
      stats: () => ({ ...scheduler.stats(), replicas: 1, restarts: 0 }),
      unload() {
        loaded.delete(model);
        scheduler.close(new MillwrightError('MW-UNAVAILABLE', 'the model was unloaded', { where: releaseId }));
        peer.close();
        return Promise.resolve();
      },
    };
    loaded.add(model);
    return model;
  }

  return {
    caps: { formats: ['v2'], batching: false },
    load,
    async close() {
      await Promise.all(Array.from(loaded, (model) => model.unload()));
    },
  };
}
