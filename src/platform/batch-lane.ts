/** What a batch scheduler is given and gives: jobs, lanes, figures. */
import type { BatchCost } from './batch-cost.ts';

export interface BatchJob<In> {
  readonly input: In;
  /** What the cost is counted in. */
  readonly rows: number;
  /** ms of the monotonic clock. A call that waits past it is MW-DEADLINE; one that runs past it is answered so as well. */
  readonly deadline: number;
  /** 0 = ordinary; a higher one goes first. Clamped to -8 … 8. */
  readonly priority?: number;
  /** What waits is dropped (MW-CANCELLED); what runs is finished and thrown away. */
  readonly signal?: AbortSignal;
  /** Only jobs with equal groups run in one batch; without it a job runs alone. */
  readonly group?: string;
  /** Dearer than its rows say: never for a lane with a limit. */
  readonly slow?: boolean;
}

export interface LaneBatch {
  readonly rows: number;
  /** The latest deadline in it, monotonic ms: after it nobody waits for the answer. */
  readonly deadline: number;
}

/** A place where batches run: this thread, a worker thread, a process, another server. */
export interface Lane<In, Out> {
  /** Batches it may hold at once. 2 = the next one is there when the last is done, instead of a message's way later. */
  readonly depth: number;
  /** Its batches run side by side, not one after the other: then their times do not add up. Default: false. */
  readonly concurrent?: boolean;
  /** Takes only batches of at most this predicted cost, ms. What is dearer waits for another lane. Default: no limit. */
  readonly maxMs?: number;
  /** Jobs are taken at the end of the event loop's turn, so that all that arrived in it run as one. For lanes on this thread. Default: false. */
  readonly turn?: boolean;
  /**
   * An answer, or the error of just that job, for each input in order; not a promise when it ran here and now. A rejection fails every job of the batch with that error;
   * `LaneLost` says that the worker is gone: the lane is removed, and the jobs go to another once more.
   */
  run(inputs: readonly In[], batch: LaneBatch): Promise<readonly (Out | Error)[]> | readonly (Out | Error)[];
  /** Its oldest batch is `graceMs` past its latest deadline. The lane was removed and its calls are answered: end the worker. */
  hung?(): void;
}

/** Thrown by a lane's run: its worker ended. `blameless`: the batch only waited behind the one that was running, and is tried again as if nothing was. */
export class LaneLost extends Error {
  readonly blameless: boolean;
  constructor(reason: string, blameless = false) {
    super(reason);
    this.name = 'LaneLost';
    this.blameless = blameless;
  }
}

export interface LaneHandle {
  /** Takes no more; resolves when its last batch is answered. Idempotent. */
  remove(): Promise<void>;
  /** Batches it holds. */
  readonly busy: number;
  /** When it last ran something, monotonic ms. */
  readonly usedAt: number;
}

export interface SchedulerStats {
  readonly waiting: number;
  readonly queueMs: number;
  readonly computeMs: number;
  readonly batches: number;
  readonly batchedRows: number;
  readonly batchSizes: { readonly bounds: readonly number[]; readonly counts: readonly number[] };
  readonly shed: number;
  readonly cost?: { readonly fixedMs: number; readonly perRowMs: number };
}

export interface BatchScheduler<In, Out> {
  /** Rejects with MW-OVERLOADED (`retryAfterMs`), MW-DEADLINE, MW-CANCELLED, MW-UNAVAILABLE (lane lost twice, or closed), or the lane's own error. */
  run(job: BatchJob<In>): Promise<Out>;
  addLane(lane: Lane<In, Out>): LaneHandle;
  /** When what waits now would be done, in ms from now: what a scaler looks at. 0 when nothing waits. */
  backlogMs(): number;
  /** Teaches the cost from outside (a warm-up). */
  readonly cost: BatchCost;
  stats(): SchedulerStats;
  /** What waits and what runs is refused with `error`; run() as well from then on. */
  close(error: Error): void;
}

export interface SchedulerErrorDetail {
  readonly next?: string;
  readonly retryAfterMs?: number;
}

export interface SchedulerOptions {
  /** Rows of the largest batch; a single job may be larger. */
  readonly batchRows: number;
  /** Jobs that may wait. */
  readonly queueLimit: number;
  /** How long after its last deadline a running batch counts as hung. Default 1000. */
  readonly graceMs?: number;
  /** Makes the errors; default: CodedError. Adapters pass one that makes their domain's. */
  readonly error?: (code: string, message: string, detail: SchedulerErrorDetail) => Error;
  /** A call came, or came back, and no lane was free for it: the moment to think of another lane. Not for lanes that take turns. */
  readonly onWaiting?: () => void;
  /** Monotonic ms; default `performance.now`. */
  readonly now?: () => number;
}
