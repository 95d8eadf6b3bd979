/** The hot path: one call from its tensors to its answer. What an endpoint does not use costs it nothing here. */
import { MillwrightError } from '../../domain/errors.ts';
import { rowsOf } from '../../domain/tensor-data.ts';
import type { ModelSignature } from '../../domain/registry.ts';
import type { Tensor } from '../../domain/tensors.ts';
import type { Clock, Ids } from '../../ports/clock.ts';
import type { RunOptions } from '../../ports/model-runtime.ts';
import { countAnswer, countFailure, enter, leave } from './call-count.ts';
import type { Hold } from './cold-start.ts';
import { checkOutputs, conform } from './conform.ts';
import type { TensorLimits } from './conform.ts';
import { EXAMPLE_ROWS, exampleRows } from './example-rows.ts';
import type { PredictionLog } from './prediction-log.ts';
import type { Releases } from './releases.ts';
import { pick, routeOf } from './route-table.ts';
import type { RouteTable } from './route-table.ts';
import { placeOf } from './split.ts';

export interface InferCall {
  readonly endpoint: string;
  /** Model version; without it the route's weights decide. */
  readonly version?: number;
  /** The client's id (at most 200 of [A-Za-z0-9_.:-]); generated when absent or empty. Row i is logged as `<id>/<i>`. */
  readonly id?: string;
  /** Tensors, or a function that makes them once the release (so its signature) is known. */
  readonly inputs: readonly Tensor[] | ((signature: ModelSignature) => readonly Tensor[]);
  readonly outputs?: readonly string[];
  /** Event time for the prediction log, ms; default: arrival. */
  readonly eventTime?: number;
  /** Calls with the same key go to the same release while the weights stay. */
  readonly stickyKey?: string;
  /** Default: the endpoint's. */
  readonly timeoutMs?: number;
  /** 0 = ordinary; a higher one goes first. */
  readonly priority?: number;
  /** Who calls, for limits per client: a hash of the token, else the address. */
  readonly client?: string;
  /** Aborted when the client leaves. */
  readonly signal?: AbortSignal;
  /** MLflow's `params`, checked once the signature is known; undefined when the model takes none. */
  readonly params?: (signature: ModelSignature) => Readonly<Record<string, unknown>> | undefined;
}

export interface InferAnswer {
  readonly id: string;
  readonly endpoint: string;
  readonly version: number;
  readonly releaseId: string;
  readonly outputs: readonly Tensor[];
}

export interface InferDeps {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Pick<PredictionLog, 'add'>;
  readonly releases: Releases;
  readonly hold: Hold;
  readonly limits: TensorLimits;
  /** The table as it is now. */
  readonly table: () => RouteTable;
}

const CLIENT_ID = /^[\w.:-]{1,200}$/;

function requestId(given: string | undefined, ids: Ids): string {
  if (given === undefined || given === '') return ids.next('p');
  if (CLIENT_ID.test(given)) return given;
  throw new MillwrightError('MW-INVALID', 'the request id must have 1 to 200 characters out of A-Z a-z 0-9 _ . : -', {
    where: 'id',
    next: 'leave the id out to get one',
  });
}

/** Members are added one by one: spreading what is absent costs more than all the rest here. */
function runOptions(call: InferCall, deadline: number, params: RunOptions['params']): RunOptions {
  const options: { -readonly [K in keyof RunOptions]: RunOptions[K] } = { deadline };
  if (call.outputs !== undefined) options.outputs = call.outputs;
  if (call.priority !== undefined) options.priority = call.priority;
  if (call.signal !== undefined) options.signal = call.signal;
  if (params !== undefined) options.params = params;
  return options;
}

export interface Inference {
  readonly infer: (call: InferCall) => Promise<InferAnswer>;
  /** Calls admitted and not answered. */
  readonly inFlight: () => number;
}

export function createInfer(deps: InferDeps): Inference {
  const { clock, ids, releases, limits } = deps;
  let admitted = 0;

  async function infer(call: InferCall): Promise<InferAnswer> {
    const id = requestId(call.id, ids);
    const { endpoint } = call;
    const route = routeOf(deps.table(), endpoint);
    route.limiter?.take(call.client ?? '');
    const slot = pick(route, call.version, call.stickyKey ?? id);
    const receivedAt = clock.now();
    const start = clock.monotonic();
    enter(slot, start);
    admitted += 1;
    try {
      const { signature } = slot;
      const given = typeof call.inputs === 'function' ? call.inputs(signature) : call.inputs;
      const inputs = conform(signature, given, slot.datatypes, limits);
      checkOutputs(signature, call.outputs);
      const params = call.params?.(signature);
      const deadline = start + (call.timeoutMs ?? route.timeoutMs);
      const model = slot.model ?? (await deps.hold(slot, deadline, call.signal));
      const outputs = await model.infer(inputs, runOptions(call, deadline, params));
      const latencyMs = clock.monotonic() - start;
      const rows = rowsOf(inputs);
      countAnswer(slot, rows, latencyMs, receivedAt, outputs);
      const { version, releaseId } = slot.source;
      const time = Math.floor(call.eventTime ?? receivedAt);
      const logged = route.sample >= 100 || placeOf(`log/${id}`) < route.sample;
      if (logged) {
        if (slot.example === undefined && rows <= EXAMPLE_ROWS) slot.example = exampleRows(inputs);
        const record = { endpoint, id, time, receivedAt, version, releaseId, latencyMs, rows, inputs, outputs };
        const marks = call.version === undefined ? route.marks : route.redact;
        deps.log.add(marks === undefined ? record : { ...record, ...marks });
      }
      const { mirror } = route;
      // A caller who names a version tries that version; the comparison is of what the route answers.
      if (mirror !== undefined && mirror.slot !== slot && call.version === undefined)
        mirror.offer({ id, time, receivedAt, rows, inputs, outputs, logged });
      return { id, endpoint, version, releaseId, outputs };
    } catch (error) {
      countFailure(slot, error, clock.monotonic() - start);
      throw error;
    } finally {
      admitted -= 1;
      leave(releases, slot);
    }
  }

  return { infer, inFlight: () => admitted };
}
