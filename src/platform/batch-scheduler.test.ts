import { describe, expect, it } from 'vitest';
import { LaneLost } from './batch-lane.ts';
import type { BatchJob, Lane, LaneBatch, SchedulerOptions } from './batch-lane.ts';
import { createBatchScheduler } from './batch-scheduler.ts';

/** A worker whose batches end when the test says so. */
function fakeLane(options: Partial<Lane<number, number>> = {}): {
  readonly lane: Lane<number, number>;
  readonly batches: { readonly inputs: readonly number[]; readonly batch: LaneBatch }[];
  /** Answers the oldest open batch with its inputs times ten. */
  done(): Promise<void>;
  fail(error: Error): Promise<void>;
} {
  const batches: { readonly inputs: readonly number[]; readonly batch: LaneBatch }[] = [];
  const open: { readonly inputs: readonly number[]; ok: (out: readonly number[]) => void; no: (e: Error) => void }[] =
    [];
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    batches,
    lane: {
      depth: 1,
      run(inputs, batch) {
        batches.push({ inputs, batch });
        return new Promise((ok, no) => open.push({ inputs, ok, no }));
      },
      ...options,
    },
    done() {
      const first = open.shift();
      first?.ok(first.inputs.map((input) => input * 10));
      return settled();
    },
    fail(error) {
      open.shift()?.no(error);
      return settled();
    },
  };
}

function world(options: Partial<SchedulerOptions> = {}) {
  const clock = { now: 0 };
  const scheduler = createBatchScheduler<number, number>({
    batchRows: 8,
    queueLimit: 100,
    now: () => clock.now,
    ...options,
  });
  const job = (input: number, more: Partial<BatchJob<number>> = {}): BatchJob<number> => ({
    input,
    rows: 1,
    deadline: clock.now + 10_000,
    group: 'g',
    ...more,
  });
  return { clock, scheduler, job };
}

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'answered',
    (error: unknown) => (error as { code?: string }).code,
  );

describe('batches', () => {
  it('a lonely call goes out at once; what waits goes out together, in order, up to the row limit', async () => {
    const { scheduler, job } = world();
    const worker = fakeLane();
    scheduler.addLane(worker.lane);
    const answers = Array.from({ length: 12 }, (_, index) => scheduler.run(job(index)));
    expect(worker.batches.map(({ inputs }) => inputs)).toEqual([[0]]);
    await worker.done();
    expect(worker.batches[1]?.inputs).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    await worker.done();
    await worker.done();
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 12 }, (_, index) => index * 10));
    const stats = scheduler.stats();
    expect([stats.batches, stats.batchedRows, stats.waiting, stats.shed]).toEqual([3, 12, 0, 0]);
    // 1 row, 8 rows, 3 rows (bounds 1, 2, 4, 8).
    expect(stats.batchSizes.counts.slice(0, 5)).toEqual([1, 0, 1, 1, 0]);
  });

  it('only equal groups run together, the oldest group first; a job without a group runs alone', async () => {
    const { scheduler, job } = world();
    const worker = fakeLane();
    scheduler.addLane(worker.lane);
    const all = [job(0), job(1, { group: 'a' }), job(2, { group: 'b' }), job(3, { group: 'a' })].map((one) =>
      scheduler.run(one),
    );
    const { group: _, ...alone } = job(4);
    all.push(scheduler.run(alone), scheduler.run({ ...alone, input: 5 }), scheduler.run(job(6, { group: 'b' })));
    for (let index = 0; index < 5; index += 1) await worker.done();
    expect(await Promise.all(all)).toHaveLength(7);
    expect(worker.batches.map(({ inputs }) => inputs)).toEqual([[0], [1, 3], [2, 6], [4], [5]]);
  });

  it('counts rows, not calls, and lets a larger call go alone', async () => {
    const { scheduler, job } = world();
    const worker = fakeLane();
    scheduler.addLane(worker.lane);
    const all = [1, 5, 5, 20].map((rows, index) => scheduler.run(job(index, { rows })));
    for (let index = 0; index < 4; index += 1) await worker.done();
    await Promise.all(all);
    expect(worker.batches.map(({ batch }) => batch.rows)).toEqual([1, 5, 5, 20]);
  });

  it('a batch is no larger than what the learned cost can finish before the tightest deadline in it', async () => {
    const { clock, scheduler, job } = world({ batchRows: 1000 });
    for (let rows = 1; rows < 100; rows += 3) scheduler.cost.learn(rows, rows);
    const worker = fakeLane();
    scheduler.addLane(worker.lane);
    const first = scheduler.run(job(0));
    const rest = Array.from({ length: 40 }, (_, index) => scheduler.run(job(index, { deadline: 21 })));
    const refused = rest.map(codeOf);
    clock.now = 1;
    await worker.done();
    await first;
    expect(worker.batches[1]?.batch.rows).toBeGreaterThan(15);
    expect(worker.batches[1]?.batch.rows).toBeLessThanOrEqual(20);
    clock.now = 20;
    await worker.done();
    clock.now = 30;
    await worker.done();
    const outcome = await Promise.all(refused);
    // What could not make it was refused, most of it on arrival; nothing was run in vain.
    expect(outcome.filter((code) => code === 'answered').length).toBeGreaterThan(15);
    expect(outcome.filter((code) => code !== 'answered').length).toBeGreaterThan(18);
    expect(new Set(outcome)).toEqual(new Set(['answered', 'MW-OVERLOADED']));
  });

  it('sends a second batch behind a short one, and waits to merge behind a long one', async () => {
    const { scheduler, job } = world();
    const worker = fakeLane({ depth: 2 });
    for (let index = 0; index < 10; index += 1) scheduler.cost.learn(1, 0.1);
    scheduler.addLane(worker.lane);
    const short = [scheduler.run(job(1)), scheduler.run(job(2))];
    expect(worker.batches).toHaveLength(2);
    await worker.done();
    await worker.done();
    await Promise.all(short);
    for (let index = 0; index < 20; index += 1) scheduler.cost.learn(1, 50);
    const long = [3, 4, 5].map((input) => scheduler.run(job(input)));
    expect(worker.batches).toHaveLength(3);
    await worker.done();
    await worker.done();
    await Promise.all(long);
    expect(worker.batches[3]?.inputs).toEqual([4, 5]);
  });

  it('idle lanes come before a second batch on a busy one', async () => {
    const { scheduler, job } = world();
    const [one, two] = [fakeLane({ depth: 2 }), fakeLane({ depth: 2 })];
    scheduler.addLane(one.lane);
    scheduler.addLane(two.lane);
    const all = [1, 2, 3].map((input) => scheduler.run(job(input)));
    expect([one.batches.length, two.batches.length]).toEqual([2, 1]);
    await Promise.all([one.done(), two.done(), one.done()]);
    await Promise.all(all);
  });

  it('an error of one input is its own; a rejection is the whole batch’s', async () => {
    const { scheduler, job } = world();
    let calls = 0;
    scheduler.addLane({
      depth: 1,
      turn: true,
      run: (inputs) => {
        calls += 1;
        if (inputs.includes(99)) throw new Error('all of it');
        return inputs.map((input) => (input === 2 ? new Error('just me') : input));
      },
    });
    const mixed = await Promise.allSettled([1, 2, 3].map((input) => scheduler.run(job(input))));
    expect(mixed.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(calls).toBe(1);
    const all = await Promise.allSettled([99, 1].map((input) => scheduler.run(job(input))));
    expect(all.every((one) => one.status === 'rejected' && one.reason.message === 'all of it')).toBe(true);
  });
});

describe('lanes on this thread', () => {
  it('take what arrived in one turn of the event loop as one batch', async () => {
    const { scheduler, job } = world();
    const sizes: number[] = [];
    scheduler.addLane({ depth: 1, turn: true, maxMs: 5, run: (inputs) => (sizes.push(inputs.length), inputs) });
    await Promise.all([1, 2, 3].map((input) => scheduler.run(job(input))));
    await scheduler.run(job(4));
    expect(sizes).toEqual([3, 1]);
  });

  it('never take what is dearer than their limit: it waits for a lane without one and delays nobody', async () => {
    let asked = 0;
    const { clock, scheduler, job } = world({ batchRows: 100_000, queueLimit: 1000, onWaiting: () => (asked += 1) });
    for (const rows of [1, 32, 1000]) scheduler.cost.learn(rows, rows * 0.01);
    const sizes: number[] = [];
    const run = (inputs: readonly number[], { rows }: LaneBatch): readonly number[] => {
      sizes.push(rows);
      clock.now += rows * 0.01;
      return inputs;
    };
    scheduler.addLane({ depth: 1, turn: true, maxMs: 2, run });
    const big = scheduler.run(job(1, { rows: 50_000 }));
    const slow = scheduler.run(job(2, { slow: true }));
    expect(await Promise.all(Array.from({ length: 500 }, () => scheduler.run(job(3))))).toHaveLength(500);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(200);
    expect(asked).toBeGreaterThan(0);
    const worker = fakeLane();
    scheduler.addLane(worker.lane);
    await worker.done();
    await worker.done();
    expect(await Promise.all([big, slow])).toEqual([10, 20]);
    // The thread takes nothing that is for this one.
    await scheduler.run(job(4));
    expect(worker.batches).toHaveLength(1);
  });

  it('give the event loop its turn between two batches', async () => {
    const { scheduler, job } = world({ batchRows: 2 });
    let turns = 0;
    const seen: number[] = [];
    scheduler.addLane({ depth: 1, turn: true, maxMs: 5, run: (inputs) => (seen.push(turns), inputs) });
    const tick = (): void => {
      turns += 1;
      if (turns < 50) setImmediate(tick);
    };
    setImmediate(tick);
    await Promise.all([1, 2, 3, 4, 5, 6].map((input) => scheduler.run(job(input))));
    expect(new Set(seen).size).toBe(3);
  });
});

describe('limits', () => {
  it('refuses what comes on top of a full queue, and says when to come back', async () => {
    const { scheduler, job } = world({ queueLimit: 3, batchRows: 1 });
    for (let index = 0; index < 10; index += 1) scheduler.cost.learn(1, 20);
    const worker = fakeLane();
    scheduler.addLane(worker.lane);
    const taken = [0, 1, 2, 3].map((input) => scheduler.run(job(input)));
    const refused = await scheduler.run(job(4)).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'MW-OVERLOADED' });
    expect((refused as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(50);
    expect((refused as { retryAfterMs: number }).retryAfterMs).toBeLessThan(110);
    for (let index = 0; index < 4; index += 1) await worker.done();
    await Promise.all(taken);
    expect(scheduler.stats().shed).toBe(1);
  });

  it('refuses on arrival what would be too late, but never the first: the forecast may be wrong', async () => {
    const { clock, scheduler, job } = world({ batchRows: 1 });
    for (let index = 0; index < 10; index += 1) scheduler.cost.learn(1, 1000);
    const worker = fakeLane();
    scheduler.addLane(worker.lane);
    const first = scheduler.run(job(1, { deadline: 10 }));
    expect(await codeOf(scheduler.run(job(2, { deadline: 1500 })))).toBe('MW-OVERLOADED');
    clock.now = 5;
    await worker.done();
    expect(await first).toBe(10);
  });

  it('a more important call takes the place of the newest unimportant one', async () => {
    const { scheduler, job } = world({ queueLimit: 2, batchRows: 1 });
    const worker = fakeLane();
    scheduler.addLane(worker.lane);
    const running = scheduler.run(job(0));
    const older = scheduler.run(job(1));
    const newer = codeOf(scheduler.run(job(2)));
    const important = scheduler.run(job(3, { priority: 1 }));
    expect(await newer).toBe('MW-OVERLOADED');
    for (let index = 0; index < 3; index += 1) await worker.done();
    expect(await Promise.all([running, older, important])).toEqual([0, 10, 30]);
    expect(worker.batches.map(({ inputs }) => inputs[0])).toEqual([0, 3, 1]);
  });

  it('priorities go first, and waiting raises the others', async () => {
    const { clock, scheduler, job } = world({ batchRows: 1 });
    const worker = fakeLane();
    scheduler.addLane(worker.lane);
    const all = [scheduler.run(job(0)), scheduler.run(job(1)), scheduler.run(job(2, { priority: 2 }))];
    clock.now = 200;
    all.push(scheduler.run(job(3, { priority: 2 })), scheduler.run(job(4, { priority: 8 })));
    for (let index = 0; index < 5; index += 1) await worker.done();
    await Promise.all(all);
    // 4 waited nothing at level 8; 2 waited 200 ms at level 2 (= 6); 1 waited 200 ms at level 0 (= 4); 3 is at level 2.
    expect(worker.batches.map(({ inputs }) => inputs[0])).toEqual([0, 4, 2, 1, 3]);
  });

  it('under twice the load it can carry, what is answered is still nine tenths of what it can carry', async () => {
    const { clock, scheduler, job } = world({ batchRows: 16, queueLimit: 1000 });
    const open: { inputs: readonly number[]; endsAt: number; ok: (out: readonly number[]) => void }[] = [];
    scheduler.addLane({
      depth: 1,
      // 2 ms + 0.5 ms a row: at best 16 rows in 10 ms = 1.6 a ms.
      run: (inputs, { rows }) => new Promise((ok) => open.push({ inputs, endsAt: clock.now + 2 + 0.5 * rows, ok })),
    });
    let [inTime, late, refused] = [0, 0, 0];
    const seconds = 3;
    for (; clock.now < seconds * 1000; clock.now += 1) {
      for (let index = 0; index < 3; index += 1) {
        const deadline = clock.now + 60;
        scheduler.run(job(index, { deadline })).then(
          () => (clock.now <= deadline ? (inTime += 1) : (late += 1)),
          (error: unknown) => {
            refused += 1;
            if ((error as { code: string }).code !== 'MW-OVERLOADED') late += 1;
          },
        );
      }
      const [first] = open;
      if (first !== undefined && first.endsAt <= clock.now) {
        open.shift();
        first.ok(first.inputs);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(inTime).toBeGreaterThan(0.9 * 1.6 * seconds * 1000);
    expect(late).toBeLessThan(0.02 * inTime);
    expect(refused).toBeGreaterThan(0.35 * 3 * seconds * 1000);
    scheduler.close(new Error('over'));
  });
});

describe('leaving', () => {
  it('a call whose caller left is not run; one that runs is thrown away', async () => {
    const { scheduler, job } = world();
    const worker = fakeLane();
    scheduler.addLane(worker.lane);
    const [running, waiting] = [new AbortController(), new AbortController()];
    const first = codeOf(scheduler.run(job(1, { signal: running.signal })));
    const second = codeOf(scheduler.run(job(2, { signal: waiting.signal })));
    const third = scheduler.run(job(3));
    waiting.abort();
    running.abort();
    expect(await Promise.all([first, second])).toEqual(['MW-CANCELLED', 'MW-CANCELLED']);
    await worker.done();
    await worker.done();
    expect(await third).toBe(30);
    expect(worker.batches.map(({ inputs }) => inputs)).toEqual([[1], [3]]);
    expect(await codeOf(scheduler.run(job(4, { signal: waiting.signal })))).toBe('MW-CANCELLED');
  });

  it('thousands that come and leave behind a busy worker leave nothing behind', async () => {
    const { scheduler, job } = world();
    const worker = fakeLane();
    scheduler.addLane(worker.lane);
    const first = scheduler.run(job(1));
    for (let index = 0; index < 5000; index += 1) {
      const caller = new AbortController();
      const gone = codeOf(scheduler.run(job(index, { signal: caller.signal, group: `g${index}` })));
      caller.abort();
      expect(await gone).toBe('MW-CANCELLED');
    }
    const last = scheduler.run(job(7));
    expect(scheduler.stats().waiting).toBe(1);
    await worker.done();
    await worker.done();
    expect(await Promise.all([first, last])).toEqual([10, 70]);
  });

  it('deadlines are kept while waiting, while running, and without any lane', async () => {
    const { clock, scheduler, job } = world();
    const lonely = codeOf(scheduler.run(job(1, { deadline: 5 })));
    clock.now = 10;
    expect(await lonely).toBe('MW-DEADLINE');
    expect(await codeOf(scheduler.run(job(1, { deadline: 10 })))).toBe('MW-DEADLINE');
    const worker = fakeLane();
    scheduler.addLane(worker.lane);
    const running = codeOf(scheduler.run(job(2, { deadline: 20 })));
    clock.now = 30;
    expect(await running).toBe('MW-DEADLINE');
  });
});

describe('workers that end', () => {
  it('a batch on a lost lane is run again, each call alone; the one that kills twice is refused', async () => {
    const { scheduler, job } = world();
    const [one, two] = [fakeLane(), fakeLane()];
    const handle = scheduler.addLane(one.lane);
    const first = scheduler.run(job(0));
    const all = [1, 2, 3].map((input) => scheduler.run(job(input)));
    const code = codeOf(all[0] as Promise<number>);
    await one.done();
    await first;
    expect(one.batches[1]?.inputs).toEqual([1, 2, 3]);
    await one.fail(new LaneLost('SIGSEGV'));
    expect(handle.busy).toBe(0);
    scheduler.addLane(two.lane);
    expect(two.batches.map(({ inputs }) => inputs)).toEqual([[1]]);
    await two.fail(new LaneLost('SIGSEGV'));
    expect(await code).toBe('MW-UNAVAILABLE');
    const three = fakeLane();
    scheduler.addLane(three.lane);
    await three.done();
    await three.done();
    expect(await Promise.all(all.slice(1))).toEqual([20, 30]);
    expect(three.batches.map(({ inputs }) => inputs)).toEqual([[2], [3]]);
  });

  it('a batch that hangs is given up: its calls get MW-DEADLINE, those behind it go elsewhere, the worker is ended', async () => {
    const { clock, scheduler, job } = world({ graceMs: 50 });
    let ended: (times: string) => void = () => undefined;
    const hung = new Promise<string>((resolve) => (ended = resolve));
    const stuck = fakeLane({ depth: 2, hung: () => ended('ended') });
    scheduler.addLane(stuck.lane);
    const first = codeOf(scheduler.run(job(1, { deadline: 100 })));
    const behind = scheduler.run(job(2));
    expect(stuck.batches).toHaveLength(2);
    clock.now = 151;
    expect(await first).toBe('MW-DEADLINE');
    const worker = fakeLane();
    expect(await hung).toBe('ended');
    scheduler.addLane(worker.lane);
    await worker.done();
    expect(await behind).toBe(20);
    // Its late answer means nothing any more.
    await stuck.done();
    expect(scheduler.stats().batches).toBe(1);
  });

  it('a lane that is lost when all is closed says why it was closed', async () => {
    const { scheduler, job } = world();
    const worker = fakeLane();
    const handle = scheduler.addLane(worker.lane);
    const code = codeOf(scheduler.run(job(1)));
    void handle.remove();
    scheduler.close(Object.assign(new Error('given up'), { code: 'MW-QUARANTINED' }));
    await worker.fail(new LaneLost('SIGSEGV'));
    expect(await code).toBe('MW-QUARANTINED');
  });

  it('a removed lane ends what it has and takes no more; close refuses everything', async () => {
    const { scheduler, job } = world();
    const worker = fakeLane();
    const handle = scheduler.addLane(worker.lane);
    const first = scheduler.run(job(1));
    const second = codeOf(scheduler.run(job(2)));
    const removed = handle.remove();
    await worker.done();
    await removed;
    expect(await first).toBe(10);
    expect(worker.batches).toHaveLength(1);
    scheduler.close(Object.assign(new Error('closed'), { code: 'MW-UNAVAILABLE' }));
    expect(await second).toBe('MW-UNAVAILABLE');
    expect(await codeOf(scheduler.run(job(3)))).toBe('MW-UNAVAILABLE');
  });
});
