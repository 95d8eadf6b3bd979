/**
 * Hands requests to worker threads. Work-conserving (no timer): a request goes out at once when a thread is idle; what waits when a
 * thread comes free goes out together, up to a row cap, so that batches grow with load and a lonely request pays nothing.
 */
import { MillwrightError } from '../../domain/errors.ts';
import { rowsOf } from '../../domain/tensor-data.ts';
import type { ModelSignature } from '../../domain/registry.ts';
import type { Tensor } from '../../domain/tensors.ts';
import type { JobResult, SentJob, SentResult, WorkerJob } from './messages.ts';
import { pack, unpack } from './pack.ts';
import { createWorkerSlot } from './worker-slot.ts';
import type { WorkerSlot } from './worker-slot.ts';

export interface PoolOptions {
  readonly workers: number;
  /** Rows that may go out together. */
  readonly batchRows: number;
  /** Batches a thread may have at once: with 2 the next one is there when the last is done, instead of a message's way later. */
  readonly depth: number;
  /** Requests that may wait before new ones are refused (MW-OVERLOADED). */
  readonly queueLimit: number;
  /** How long after its last deadline a busy thread counts as hung and is ended. */
  readonly graceMs: number;
}

interface Waiting {
  readonly job: WorkerJob;
  readonly rows: number;
  readonly deadline: number;
  retried: boolean;
  readonly resolve: (outputs: readonly Tensor[]) => void;
  readonly reject: (error: Error) => void;
}

interface Lane {
  readonly slot: WorkerSlot;
  /** Sent and not answered, oldest first. */
  readonly batches: (readonly Waiting[])[];
  hung: boolean;
}

export interface Pool {
  load(model: number, path: string): Promise<ModelSignature>;
  unload(model: number): void;
  run(job: WorkerJob, deadline: number): Promise<readonly Tensor[]>;
  /** Threads that hung inside the engine, were replaced, and still run. */
  stuck(): number;
  /** Ends a thread as a fault would: for fault tests. */
  killWorker(index: number): Promise<void>;
  close(): Promise<void>;
}

const CALLER_FAULT =
  /invalid feed|unexpected input data type|got invalid dimensions|is missing in 'feeds'|invalid rank|tensor.+size/i;

function runError(reason: string): MillwrightError {
  const code = CALLER_FAULT.test(reason) ? 'MW-TENSOR' : 'MW-MODEL-OUTPUT';
  return new MillwrightError(code, `the model did not run: ${reason}`, {
    next: 'compare the request with GET /v2/models/<endpoint>',
  });
}

const waitedTooLong = (): MillwrightError => new MillwrightError('MW-DEADLINE', 'the request waited past its deadline');

export function createPool(options: PoolOptions): Pool {
  const queue: Waiting[] = [];
  const lanes: Lane[] = [];
  const signatures = new Map<number, ModelSignature>();
  let closed = false;

  function takeBatch(): Waiting[] {
    const batch: Waiting[] = [];
    let rows = 0;
    let next = queue[0];
    while (next !== undefined && (batch.length === 0 || rows + next.rows <= options.batchRows)) {
      queue.shift();
      if (next.deadline < performance.now()) next.reject(waitedTooLong());
      else {
        batch.push(next);
        rows += next.rows;
      }
      next = queue[0];
    }
    return batch;
  }

  function sent(job: WorkerJob): SentJob {
    const signature = job.outputs === undefined ? signatures.get(job.model) : undefined;
    const packed = signature === undefined ? undefined : pack(job.inputs, signature.inputs);
    return packed === undefined ? job : { model: job.model, packed };
  }

  function received(result: SentResult | undefined, model: number): JobResult {
    if (result === undefined) return { error: 'no answer' };
    if (!('packed' in result)) return result;
    const signature = signatures.get(model);
    return signature === undefined
      ? { error: 'the model was unloaded' }
      : { outputs: unpack(result.packed, signature.outputs) };
  }

  function pump(): void {
    // Idle threads first; only then a second batch behind a busy one.
    for (let depth = 0; depth < options.depth; depth += 1) {
      for (const lane of lanes) {
        if (queue.length === 0) return;
        if (lane.batches.length !== depth || !lane.slot.alive()) continue;
        const batch = takeBatch();
        if (batch.length === 0) return;
        lane.batches.push(batch);
        lane.slot.run(batch.map((waiting) => sent(waiting.job)));
      }
    }
  }

  function settle(lane: Lane, results: readonly SentResult[]): void {
    const batch = lane.batches.shift() ?? [];
    pump();
    batch.forEach((waiting, index) => {
      const result = received(results[index], waiting.job.model);
      if ('outputs' in result) waiting.resolve(result.outputs);
      else waiting.reject(runError(result.error));
    });
  }

  function died(lane: Lane, reason: string): void {
    const [running = [], ...behind] = lane.batches.splice(0);
    // What only waited behind it did the thread no harm: back to the front of the queue, in order.
    queue.unshift(...behind.flat());
    for (const waiting of running.toReversed()) {
      // A request that hung or already killed a thread once is not tried again: it would take the others down one by one.
      if (closed) waiting.reject(new MillwrightError('MW-UNAVAILABLE', 'the runtime was closed'));
      else if (lane.hung)
        waiting.reject(new MillwrightError('MW-DEADLINE', 'the model did not answer in time; its worker was ended'));
      else if (waiting.retried) {
        waiting.reject(
          new MillwrightError('MW-UNAVAILABLE', `the model's worker died twice on this request: ${reason}`),
        );
      } else {
        waiting.retried = true;
        queue.unshift(waiting);
      }
    }
    lane.hung = false;
    pump();
  }

  /** With the first model: a thread and its engine hold 20 MB, which a gateway that serves nothing need not hold. */
  function addLane(): void {
    const slot = createWorkerSlot({
      done: (results) => settle(lane, results),
      died: (reason) => died(lane, reason),
      // The new thread queues what it is sent behind its loads.
      revived: pump,
    });
    const lane: Lane = { slot, batches: [], hung: false };
    lanes.push(lane);
  }

  const watchdog = setInterval(() => {
    const now = performance.now();
    // With every thread hung nobody else would look at them.
    if (queue.some((waiting) => waiting.deadline < now)) {
      for (const waiting of queue.splice(0)) {
        if (waiting.deadline < now) waiting.reject(waitedTooLong());
        else queue.push(waiting);
      }
    }
    for (const lane of lanes) {
      const [batch] = lane.batches;
      const latest =
        batch === undefined ? Number.POSITIVE_INFINITY : Math.max(...batch.map((waiting) => waiting.deadline));
      if (latest + options.graceMs >= now || lane.hung) continue;
      lane.hung = true;
      void lane.slot.kill();
    }
  }, 250);
  watchdog.unref();

  return {
    async load(model, path) {
      while (lanes.length < options.workers) addLane();
      const loads = await Promise.allSettled(lanes.map((lane) => lane.slot.load(model, path)));
      let signature: ModelSignature | undefined;
      let failure: unknown;
      for (const load of loads) {
        if (load.status === 'fulfilled') signature = load.value;
        else failure = load.reason;
      }
      if (failure === undefined && signature !== undefined) {
        signatures.set(model, signature);
        return signature;
      }
      for (const lane of lanes) lane.slot.unload(model);
      throw failure instanceof Error ? failure : new Error('no worker thread could load it');
    },
    unload(model) {
      signatures.delete(model);
      for (const lane of lanes) lane.slot.unload(model);
    },
    run(job, deadline) {
      if (closed) return Promise.reject(new MillwrightError('MW-UNAVAILABLE', 'the runtime is closed'));
      if (queue.length >= options.queueLimit) {
        return Promise.reject(
          new MillwrightError('MW-OVERLOADED', `${queue.length} requests wait already`, {
            next: 'send fewer at once, or try again in a second',
          }),
        );
      }
      return new Promise((resolve, reject) => {
        queue.push({ job, rows: rowsOf(job.inputs), deadline, retried: false, resolve, reject });
        pump();
      });
    },
    stuck: () => lanes.reduce((sum, lane) => sum + lane.slot.stuck(), 0),
    killWorker: (index) => lanes[index]?.slot.kill() ?? Promise.resolve(),
    async close() {
      closed = true;
      clearInterval(watchdog);
      for (const waiting of queue.splice(0))
        waiting.reject(new MillwrightError('MW-UNAVAILABLE', 'the runtime was closed'));
      await Promise.all(lanes.map((lane) => lane.slot.close()));
      for (const lane of lanes) {
        for (const waiting of lane.batches.splice(0).flat())
          waiting.reject(new MillwrightError('MW-UNAVAILABLE', 'the runtime was closed'));
      }
    },
  };
}
