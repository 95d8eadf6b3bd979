/** The scheduler's own view of calls, batches and lanes, and how long they will take. */
import type { BatchCost } from './batch-cost.ts';
import type { Lane } from './batch-lane.ts';
import type { BatchQueue, Waiting } from './batch-queue.ts';

export interface Call<In, Out> extends Waiting {
  readonly input: In;
  readonly deadline: number;
  readonly resolve: (answer: Out) => void;
  readonly reject: (error: Error) => void;
  readonly signal: AbortSignal | undefined;
  readonly leave: (() => void) | undefined;
  heavy: boolean;
  /** It was running when a lane was lost. */
  tried: boolean;
  answered: boolean;
  /** Its place in the queue after a lane was lost. */
  again: Call<In, Out> | undefined;
}

export interface Batch<In, Out> {
  readonly calls: readonly Call<In, Out>[];
  readonly rows: number;
  readonly sentAt: number;
  /** When it should be done, monotonic ms. */
  readonly doneAt: number;
  readonly earliest: number;
  readonly latest: number;
}

export interface Place<In, Out> {
  readonly lane: Lane<In, Out>;
  readonly batches: Batch<In, Out>[];
  /** When its last batch ended. */
  endedAt: number;
  turnAsked: boolean;
  removed: boolean;
  readonly gone: (() => void)[];
}

/** Heavy calls go to lanes without a limit. Light ones go to those with one, or to any when there is none. */
export function takes(lane: { readonly maxMs?: number }, isHeavy: boolean, lightMs: number): boolean {
  if (isHeavy) return lane.maxMs === undefined;
  return lightMs === Number.POSITIVE_INFINITY || lane.maxMs !== undefined;
}

export interface Newcomer {
  readonly rows: number;
  readonly priority: number;
  readonly merges: boolean;
}

export interface Forecast {
  /** Until a call that came now would begin, ms. */
  readonly wait: number;
  /** Until it would be answered, with all of its batch. */
  readonly answer: number;
}

/**
 * For a call of so many `rows` at this priority: what runs and what waits before it, shared by the lanes that take it. `mostRows`: rows
 * of the largest batch. Once a batch is full before it, its own is expected to be full as well: under load the calls behind it join.
 */
export function forecast<In, Out>(
  queue: BatchQueue<Call<In, Out>>,
  call: Newcomer,
  at: number,
  cost: BatchCost,
  mostRows: number,
  lanes: readonly Place<In, Out>[],
): Forecast {
  const own = cost.predict(call.rows);
  let work = 0;
  let free = false;
  for (const { lane, batches } of lanes) {
    const last = batches[batches.length - 1];
    if (last === undefined || (lane.concurrent === true && batches.length < lane.depth)) free = true;
    else work += Math.max(0, last.doneAt - at) / (lane.concurrent === true ? lane.depth : 1);
  }
  if (queue.size === 0)
    return free ? { wait: 0, answer: own } : { wait: work / lanes.length, answer: work / lanes.length + own };
  const most = Math.max(1, mostRows);
  const { rows, alone, aloneRows } = queue.ahead(call.priority);
  const full = Math.floor(rows / most);
  work += alone * cost.fixedMs + aloneRows * cost.perRowMs + full * cost.predict(most);
  const rest = rows - full * most;
  const wait = (work + (rest > 0 ? cost.predict(rest) : 0)) / Math.max(1, lanes.length);
  if (!call.merges) return { wait, answer: wait + own };
  const last = Math.max(call.rows, full > 0 ? most : Math.min(most, rest + call.rows));
  return { wait, answer: work / Math.max(1, lanes.length) + cost.predict(last) };
}
