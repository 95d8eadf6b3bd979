/**
 * Brings calls and workers together: which waiting calls run next, together with which, and where. Knows no tensors and no models.
 *
 * - Work-conserving: a call goes out at once when a lane is idle; what waits when a lane comes free goes out together, up to a row cap
 *   and up to the cost that still meets the deadlines. No timer ever holds a call back.
 * - The cost of a batch, fixed + perRow * rows, is learned from the batches themselves (see batch-cost.ts).
 * - What could not be answered in time, or comes on top of a full queue, is refused on arrival in O(1): MW-OVERLOADED, with
 *   `retryAfterMs` on the error (after how long it is worth asking again: the Retry-After header).
 * - A higher priority goes first; each AGING_MS of waiting raises a call by one level, so that none starves.
 */
import { createBatchCost } from './batch-cost.ts';
import { Caution } from './batch-caution.ts';
import { BatchCounts } from './batch-counts.ts';
import { forecast, takes } from './batch-forecast.ts';
import type { Batch, Call, Forecast, Newcomer, Place } from './batch-forecast.ts';
import { LaneLost } from './batch-lane.ts';
import type { BatchJob, BatchScheduler, Lane, SchedulerOptions } from './batch-lane.ts';
import { BatchQueue, levelOf } from './batch-queue.ts';
import { createSweeper } from './batch-sweeper.ts';
import { CodedError } from './coded-error.ts';

/** A second batch is sent behind a running one only when that is shorter than this, ms: behind a longer one it is better to wait, merge and be overtaken. */
const PREFETCH_MS = 3;

export function createBatchScheduler<In, Out>(options: SchedulerOptions): BatchScheduler<In, Out> {
  const now = options.now ?? ((): number => performance.now());
  const fail = options.error ?? ((code, message, detail): Error => new CodedError(code, message, detail));
  const cost = createBatchCost();
  const light = new BatchQueue<Call<In, Out>>();
  const heavy = new BatchQueue<Call<In, Out>>();
  const places: Place<In, Out>[] = [];
  const caution = new Caution();
  /** The dearest batch that lanes with a limit take; without such lanes nothing is heavy. */
  let lightMs = Number.POSITIVE_INFINITY;
  let running = 0;
  let closed: Error | undefined;
  const counts = new BatchCounts();

  function answer(call: Call<In, Out>, result: Out | Error): void {
    if (call.answered) return;
    call.answered = true;
    if (call.leave !== undefined) call.signal?.removeEventListener('abort', call.leave);
    if (result instanceof Error) call.reject(result);
    else call.resolve(result);
  }

  function overloaded(message: string, retryAfterMs: number): Error {
    counts.refused();
    return fail('MW-OVERLOADED', message, {
      next: 'send fewer at once, or try again after the time in Retry-After',
      retryAfterMs: Math.max(1, Math.ceil(retryAfterMs)),
    });
  }

  /** A batch that gets no cheaper by growing only makes the next one wait. */
  const mostRows = (): number => Math.min(options.batchRows, cost.worthRows);

  const late = (): Error => fail('MW-DEADLINE', 'the request waited past its deadline', {});

  /** For a call that came now. */
  function forecastOf(queue: BatchQueue<Call<In, Out>>, call: Newcomer, at: number): Forecast {
    const limited = queue === light && lightMs < Number.POSITIVE_INFINITY;
    const most = limited ? Math.min(mostRows(), cost.rowsWithin(lightMs)) : mostRows();
    const lanes = places.filter(({ lane }) => takes(lane, queue === heavy, lightMs));
    return forecast(queue, call, at, cost, most, lanes);
  }

  /** Until all that waits has begun, ms. */
  const drained = (queue: BatchQueue<Call<In, Out>>, at: number): number =>
    forecastOf(queue, { rows: 1, priority: Number.NEGATIVE_INFINITY, merges: true }, at).wait;

  /** Takes what goes next on this lane; what is too late by now is refused instead, unless nothing else waits. */
  function takeBatch(queue: BatchQueue<Call<In, Out>>, lane: Lane<In, Out>, at: number): Batch<In, Out> | undefined {
    const calls: Call<In, Out>[] = [];
    let [rows, earliest, latest] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    let group: string | undefined;
    for (;;) {
      const next = calls.length === 0 ? queue.head(at) : group === undefined ? undefined : queue.headOf(group);
      if (next === undefined) break;
      if (next.deadline <= at) {
        queue.drop(next);
        caution.late();
        answer(next, late());
        continue;
      }
      const ms = cost.predict(rows + next.rows);
      const doneAt = at + ms * caution.factor;
      if (calls.length === 0) {
        if (doneAt > next.deadline && queue.size > 1) {
          queue.drop(next);
          caution.late();
          answer(next, overloaded('it waited too long to be answered in time', drained(queue, at)));
          continue;
        }
        if (lane.maxMs !== undefined && ms > 2 * lane.maxMs) {
          // It was thought to be quick when it came.
          queue.drop(next);
          heavy.push(retake(next, next.group, true));
          options.onWaiting?.();
          continue;
        }
      } else if (rows + next.rows > mostRows() || doneAt > Math.min(earliest, next.deadline)) break;
      else if (lane.maxMs !== undefined && ms > lane.maxMs) break;
      queue.drop(next);
      calls.push(next);
      group = next.group;
      rows += next.rows;
      earliest = Math.min(earliest, next.deadline);
      latest = Math.max(latest, next.deadline);
      counts.waited(at - next.queuedAt);
    }
    if (calls.length === 0) return undefined;
    return { calls, rows, sentAt: at, doneAt: at + cost.predict(rows), earliest, latest };
  }

  /** The same call on a new place: the old one may still be in line. */
  function retake(call: Call<In, Out>, group: string | undefined, isHeavy: boolean): Call<In, Out> {
    const again = { ...call, group, heavy: isHeavy, again: undefined };
    call.again = again;
    return again;
  }

  function finish(place: Place<In, Out>, batch: Batch<In, Out>, results: readonly (Out | Error)[]): void {
    const at = now();
    const begun = place.lane.concurrent === true ? batch.sentAt : Math.max(batch.sentAt, place.endedAt);
    place.endedAt = at;
    release(place, batch);
    const ms = at - begun;
    counts.ran(batch.rows, batch.calls.length, ms);
    // A batch of which nothing ran was quick for another reason.
    if (results.some((result) => !(result instanceof Error))) {
      cost.learn(batch.rows, ms);
    }
    caution.ended(batch.calls, at, ms);
    dispatch();
    batch.calls.forEach((call, index) =>
      answer(call, results[index] ?? fail('MW-INTERNAL', 'the worker gave no answer to this request', {})),
    );
  }

  function release(place: Place<In, Out>, batch: Batch<In, Out>): void {
    place.batches.splice(place.batches.indexOf(batch), 1);
    running -= 1;
    if (place.removed && place.batches.length === 0) for (const gone of place.gone.splice(0)) gone();
  }

  function failed(place: Place<In, Out>, batch: Batch<In, Out>, error: unknown): void {
    // Given up by the watchdog: answered already.
    if (!place.batches.includes(batch)) return;
    release(place, batch);
    if (error instanceof LaneLost && closed === undefined) {
      remove(place);
      for (const call of batch.calls.toReversed()) {
        if (call.answered) continue;
        if (!error.blameless && call.tried) {
          answer(
            call,
            fail('MW-UNAVAILABLE', `the model's worker died twice on this request: ${error.message}`, {
              next: 'send it again without the rows that are unusual, and see the gateway log',
            }),
          );
          continue;
        }
        // Alone, so that a request that kills workers takes no other with it.
        const again = retake(call, error.blameless ? call.group : undefined, call.heavy);
        again.tried = call.tried || !error.blameless;
        (again.heavy ? heavy : light).putBack(again);
      }
      options.onWaiting?.();
    } else {
      const reason = closed ?? (error instanceof Error ? error : new Error(String(error)));
      for (const call of batch.calls) answer(call, reason);
    }
    dispatch();
  }

  function send(place: Place<In, Out>, batch: Batch<In, Out>): void {
    place.batches.push(batch);
    running += 1;
    try {
      const inputs = batch.calls.map((call) => call.input);
      const results = place.lane.run(inputs, { rows: batch.rows, deadline: batch.latest });
      if ('then' in results) {
        results
          .then((list) => (place.batches.includes(batch) ? finish(place, batch, list) : undefined))
          .catch((error: unknown) => failed(place, batch, error));
      } else finish(place, batch, results);
    } catch (error) {
      failed(place, batch, error);
    }
  }

  function fill(place: Place<In, Out>): boolean {
    const at = now();
    for (const queue of [heavy, light]) {
      if (queue.size === 0 || !takes(place.lane, queue === heavy, lightMs)) continue;
      const batch = takeBatch(queue, place.lane, at);
      if (batch === undefined) continue;
      send(place, batch);
      return true;
    }
    return false;
  }

  function turn(place: Place<In, Out>): void {
    place.turnAsked = false;
    if (place.removed) return;
    fill(place);
    // The rest after the next look at what arrived: a long queue must not keep the event loop from its sockets.
    if (light.size > 0) askTurn(place);
  }

  function askTurn(place: Place<In, Out>): void {
    if (place.turnAsked) return;
    place.turnAsked = true;
    setImmediate(turn, place);
  }

  function roomOn({ lane, batches }: Place<In, Out>, depth: number): boolean {
    if (batches.length !== depth || depth >= lane.depth) return false;
    if (depth === 0 || lane.concurrent === true) return true;
    return batches.every((batch) => cost.predict(batch.rows) < PREFETCH_MS);
  }

  let [dispatching, changed] = [false, false];
  function dispatch(): void {
    changed = true;
    // A lane that runs here and now comes back in here when it is done.
    if (dispatching || closed !== undefined) return;
    dispatching = true;
    while (changed) {
      changed = false;
      // Idle lanes first; only then a second batch behind a busy one.
      const deepest = places.reduce((most, { lane }) => Math.max(most, lane.depth), 0);
      for (let depth = 0; depth < deepest; depth += 1) fillAt(depth);
    }
    dispatching = false;
  }

  function fillAt(depth: number): void {
    for (let index = 0; index < places.length && light.size + heavy.size > 0; index += 1) {
      const place = places[index];
      if (place === undefined || !roomOn(place, depth)) continue;
      if (place.lane.turn !== true) fill(place);
      else if (light.size > 0) askTurn(place);
    }
  }

  function remove(place: Place<In, Out>): void {
    if (place.removed) return;
    place.removed = true;
    places.splice(places.indexOf(place), 1);
    lightLimit();
  }

  function lightLimit(): void {
    lightMs = places.reduce((least, { lane }) => Math.min(least, lane.maxMs ?? Number.POSITIVE_INFINITY), Infinity);
  }

  function sweep(): void {
    const at = now();
    for (const queue of [light, heavy]) {
      for (const call of queue.list()) {
        if (call.deadline > at) continue;
        queue.drop(call);
        answer(call, late());
      }
    }
    for (const place of places.slice()) {
      const [oldest, ...behind] = place.batches;
      if (oldest === undefined) continue;
      for (const batch of place.batches) {
        if (batch.earliest > at) continue;
        for (const call of batch.calls) {
          if (call.deadline <= at)
            answer(call, fail('MW-DEADLINE', 'the model did not answer before the deadline of the request', {}));
        }
      }
      if (oldest.latest + (options.graceMs ?? 1000) > at || place.lane.hung === undefined) continue;
      remove(place);
      for (const batch of behind.toReversed()) failed(place, batch, new LaneLost('the one before it hung', true));
      failed(place, oldest, fail('MW-DEADLINE', 'the model did not answer in time; its worker was ended', {}));
      place.lane.hung();
    }
  }

  const watch = createSweeper(sweep, () => light.size + heavy.size + running === 0);

  /** Room for a call in a full queue, at the cost of a less important one. */
  function makeRoom(priority: number): boolean {
    const victim = light.lowestBelow(priority) ?? heavy.lowestBelow(priority);
    if (victim === undefined) return false;
    (victim.heavy ? heavy : light).drop(victim);
    answer(victim, overloaded('more important requests took its place', 1000));
    return true;
  }

  function refusal(
    job: BatchJob<In>,
    priority: number,
    queue: BatchQueue<Call<In, Out>>,
    at: number,
  ): Error | undefined {
    if (closed !== undefined) return closed;
    if (job.signal?.aborted === true) return fail('MW-CANCELLED', 'the caller left', {});
    if (job.deadline <= at) return late();
    if (queue.size === 0 && running === 0) return undefined;
    const ahead = forecastOf(queue, { rows: job.rows, priority, merges: job.group !== undefined }, at);
    if (light.size + heavy.size >= options.queueLimit && !makeRoom(priority))
      return overloaded(`${light.size + heavy.size} requests wait already`, ahead.wait);
    if (ahead.wait > 0 && at + ahead.answer * caution.factor > job.deadline)
      return overloaded(`it would wait ${Math.ceil(ahead.wait)} ms and miss its deadline`, ahead.wait);
    return undefined;
  }

  return {
    cost,
    run(job) {
      const at = now();
      const priority = levelOf(job.priority);
      const isHeavy = lightMs < Number.POSITIVE_INFINITY && (job.slow === true || cost.predict(job.rows) > lightMs);
      const queue = isHeavy ? heavy : light;
      const refused = refusal(job, priority, queue, at);
      if (refused !== undefined) return Promise.reject(refused);
      return new Promise<Out>((resolve, reject) => {
        const { input, rows, deadline, signal, group } = job;
        const leave =
          signal === undefined
            ? undefined
            : (): void => {
                let last = call;
                while (last.again !== undefined) last = last.again;
                (last.heavy ? heavy : light).drop(last);
                answer(last, fail('MW-CANCELLED', 'the caller left', {}));
              };
        const call: Call<In, Out> = {
          input,
          rows,
          deadline,
          priority,
          group,
          signal,
          leave,
          resolve,
          reject,
          queuedAt: at,
          waiting: true,
          heavy: isHeavy,
          tried: false,
          answered: false,
          again: undefined,
        };
        if (leave !== undefined) signal?.addEventListener('abort', leave, { once: true });
        queue.push(call);
        watch.wake();
        dispatch();
        if (call.waiting && !(queue === light && lightMs < Number.POSITIVE_INFINITY)) options.onWaiting?.();
      });
    },
    addLane(lane) {
      const place: Place<In, Out> = { lane, batches: [], endedAt: now(), turnAsked: false, removed: false, gone: [] };
      places.push(place);
      lightLimit();
      dispatch();
      return {
        remove() {
          remove(place);
          if (place.batches.length === 0) return Promise.resolve();
          return new Promise((resolve) => place.gone.push(resolve));
        },
        get busy() {
          return place.batches.length;
        },
        get usedAt() {
          return place.batches.length > 0 ? now() : place.endedAt;
        },
      };
    },
    backlogMs() {
      const at = now();
      return Math.max(heavy.size === 0 ? 0 : drained(heavy, at), light.size === 0 ? 0 : drained(light, at));
    },
    stats: () => counts.stats(light.size + heavy.size, cost),
    close(error) {
      closed = error;
      watch.stop();
      for (const queue of [light, heavy]) {
        for (const call of queue.list()) {
          queue.drop(call);
          answer(call, error);
        }
      }
      for (const place of places.slice()) {
        remove(place);
        for (const batch of place.batches.slice()) failed(place, batch, error);
      }
    },
  };
}
