/**
 * Copies of calls for a release that is only watched (shadow). A copy is made after the live answer was given, runs after everything
 * live, and is left out when too many wait: a mirror never makes a caller wait.
 */
import { MillwrightError } from '../../domain/errors.ts';
import { rowsOf } from '../../domain/tensor-data.ts';
import type { Tensor } from '../../domain/tensors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Hold } from './cold-start.ts';
import { conform, TENSOR_LIMITS } from './conform.ts';
import type { TensorLimits } from './conform.ts';
import { countAnswer, countFailure, enter, leave } from './call-count.ts';
import type { PredictionLog } from './prediction-log.ts';
import type { PredictionRecord } from './prediction-record.ts';
import type { Releases } from './releases.ts';
import type { ReleaseSlot } from './release-slot.ts';
import type { ShadowCounters } from './shadow-compare.ts';
import { placeOf } from './split.ts';

/** Copies that run at once, copies that wait, and their rows: what comes on top is not made. */
const IN_FLIGHT = 8;
const WAITING = 256;
const WAITING_ROWS = 20_000;
/** Below every caller: see platform/batch-scheduler. */
const PRIORITY = -8;

/** What the live call was and answered; times in ms. */
export interface MirroredCall {
  readonly id: string;
  readonly time: number;
  readonly receivedAt: number;
  readonly rows: number;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** The live record is logged: the copy's is as well. */
  readonly logged: boolean;
}

export interface MirrorDeps {
  readonly clock: Clock;
  readonly log: Pick<PredictionLog, 'add'>;
  readonly releases: Releases;
  readonly hold: Hold;
  readonly limits?: TensorLimits;
}

export interface MirrorSpec {
  readonly endpoint: string;
  readonly slot: ReleaseSlot;
  readonly percent: number;
  readonly timeoutMs: number;
  readonly counters: ShadowCounters;
  readonly redact: Pick<PredictionRecord, 'redact'> | undefined;
}

export interface Mirror {
  readonly slot: ReleaseSlot;
  /** Returns at once. */
  offer(call: MirroredCall): void;
}

export function createMirror(deps: MirrorDeps, spec: MirrorSpec): Mirror {
  const { clock, releases } = deps;
  const { slot, percent, counters, endpoint } = spec;
  const waiting: MirroredCall[] = [];
  let waitingRows = 0;
  let running = 0;
  let scheduled = false;

  async function answer(call: MirroredCall, start: number): Promise<void> {
    const deadline = start + spec.timeoutMs;
    const inputs = conform(slot.signature, call.inputs, slot.datatypes, deps.limits ?? TENSOR_LIMITS);
    const model = slot.model ?? (await deps.hold(slot, deadline));
    const outputs = await model.infer(inputs, { deadline, priority: PRIORITY });
    const latencyMs = clock.monotonic() - start;
    const rows = rowsOf(inputs);
    countAnswer(slot, rows, latencyMs, call.receivedAt, outputs);
    counters.compare(call.outputs, outputs, rows);
    if (!call.logged) return;
    const { version, releaseId } = slot.source;
    const { id, time, receivedAt } = call;
    deps.log.add({
      endpoint,
      id,
      time,
      receivedAt,
      version,
      releaseId,
      latencyMs,
      rows,
      inputs,
      outputs,
      role: 'shadow',
      ...spec.redact,
    });
  }

  async function run(call: MirroredCall): Promise<void> {
    running += 1;
    const start = clock.monotonic();
    try {
      await answer(call, start);
    } catch (error) {
      const coded = error instanceof MillwrightError ? error.code : undefined;
      if (coded === 'MW-OVERLOADED' || coded === 'MW-DEADLINE' || slot.withdrawn) counters.drop();
      else counters.fail(error);
      countFailure(slot, error, clock.monotonic() - start);
    } finally {
      running -= 1;
      leave(releases, slot);
      schedule();
    }
  }

  function drain(): void {
    scheduled = false;
    while (running < IN_FLIGHT) {
      const next = waiting.shift();
      if (next === undefined) return;
      waitingRows -= next.rows;
      void run(next);
    }
  }

  function schedule(): void {
    // One look a turn of the event loop: the busier the callers keep it, the fewer copies are made.
    if (scheduled || waiting.length === 0 || running >= IN_FLIGHT) return;
    scheduled = true;
    setImmediate(drain);
  }

  return {
    slot,
    offer(call) {
      if (percent < 100 && placeOf(`mirror/${call.id}`) >= percent) return;
      if (waiting.length >= WAITING || waitingRows + call.rows > WAITING_ROWS || slot.retired) {
        counters.drop();
        return;
      }
      enter(slot, clock.monotonic());
      waiting.push(call);
      waitingRows += call.rows;
      schedule();
    },
  };
}
