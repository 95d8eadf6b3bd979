/** The workers of one model: as many as its load needs, replaced when they end, given up when they end again and again. */
import { MillwrightError } from '../../domain/errors.ts';
import type { ModelSignature } from '../../domain/registry.ts';
import type { Tensor } from '../../domain/tensors.ts';
import { LaneLost } from '../../platform/batch-lane.ts';
import type { BatchScheduler, LaneHandle } from '../../platform/batch-lane.ts';
import type { EngineName } from './engine.ts';
import type { JobResult, LoadReport, RunJob, SentJob, SentResult } from './messages.ts';
import { pack, unpack } from './pack.ts';
import { openWorker, WorkerGone } from './worker-link.ts';
import type { WorkerKind, WorkerLink } from './worker-link.ts';

export type ModelScheduler = BatchScheduler<RunJob, readonly Tensor[]>;

export interface WorkersOptions {
  readonly engine: EngineName;
  readonly path: string;
  /** Batches a worker has at once. */
  readonly depth: number;
  readonly max: number;
  /** A worker above the least number that had nothing to do for this long is ended, ms. */
  readonly idleMs: number;
  /** Its workers ended DEATHS times within DEATHS_MS. */
  readonly onQuarantine: (reason: string) => void;
}

const DEATHS = 3;
const DEATHS_MS = 60_000;
/** A second worker is worth its memory when calls would wait this long, ms. */
const GROW_MS = 20;
const LOAD_TIMEOUT_MS = 120_000;

const CALLER_FAULT =
  /invalid feed|unexpected input data type|got invalid dimensions|is missing in 'feeds'|missing input|invalid rank|tensor.+size/i;

function runError(reason: string): MillwrightError {
  const code = CALLER_FAULT.test(reason) ? 'MW-TENSOR' : 'MW-MODEL-OUTPUT';
  return new MillwrightError(code, `the model did not run: ${reason}`, {
    next: 'compare the request with GET /v2/models/<endpoint>',
  });
}

/** A session's answer as the scheduler takes it. */
export function outcomeOf(result: JobResult): readonly Tensor[] | Error {
  return 'outputs' in result ? result.outputs : runError(result.error);
}

interface Member {
  readonly link: WorkerLink;
  readonly lane: LaneHandle;
}

export interface Workers {
  /** Starts one more and loads the model in it. Rejects with the engine's reason. */
  add(kind: WorkerKind): Promise<LoadReport>;
  /** No fewer than so many from now on; those missing are started. */
  keep(least: number, kind: WorkerKind): void;
  /** A call waits and no worker is free for it. */
  waiting(): void;
  /** Every now and then: grows, shrinks. */
  tick(): void;
  /** Ends those of a kind, once their batches are answered. */
  retire(kind: WorkerKind): void;
  readonly count: number;
  readonly restarts: number;
  readonly stuck: number;
  readonly pids: readonly number[];
  rssBytes(): number | undefined;
  /** Ends one as a fault would: for fault tests. */
  kill(index: number): Promise<void>;
  close(): Promise<void>;
}

export function createWorkers(scheduler: ModelScheduler, options: WorkersOptions): Workers {
  const members: Member[] = [];
  let [least, starting, restarts, stuck] = [0, 0, 0, 0];
  let [deaths, failures]: [number[], number] = [[], 0];
  let kind: WorkerKind = 'thread';
  let closed = false;

  function laneOf(link: WorkerLink, signature: ModelSignature): LaneHandle {
    const sent = (job: RunJob): SentJob => {
      const packed = job.outputs === undefined ? pack(job.inputs, signature.inputs) : undefined;
      return packed === undefined ? job : { packed };
    };
    const received = (result: SentResult): readonly Tensor[] | Error =>
      'packed' in result ? unpack(result.packed, signature.outputs) : outcomeOf(result);
    return scheduler.addLane({
      depth: options.depth,
      async run(jobs) {
        try {
          return (await link.run(jobs.map(sent))).map(received);
        } catch (error) {
          throw error instanceof WorkerGone ? new LaneLost(error.message, !error.running) : error;
        }
      },
      hung: () => {
        leave(link);
        void end(link);
        replace();
      },
    });
  }

  /** Resolves when it ended, or is known to be stuck. */
  async function end(link: WorkerLink): Promise<void> {
    if (await link.end()) return;
    stuck += 1;
    void link.exited.then(() => (stuck -= 1));
  }

  function leave(link: WorkerLink): boolean {
    const index = members.findIndex((member) => member.link === link);
    if (index === -1) return false;
    const [member] = members.splice(index, 1);
    void member?.lane.remove();
    return true;
  }

  function gone(link: WorkerLink, reason: string): void {
    if (!leave(link) || closed) return;
    const now = performance.now();
    deaths = [...deaths.filter((at) => now - at < DEATHS_MS), now];
    if (deaths.length >= DEATHS) {
      options.onQuarantine(reason);
      return;
    }
    replace();
  }

  /** At once the first time; one that ends again and again must not spin the machine. */
  function replace(): void {
    restarts += 1;
    if (members.length + starting >= Math.max(least, scheduler.stats().waiting > 0 ? 1 : 0)) return;
    const recent = Math.max(deaths.length - 1, failures);
    setTimeout(start, recent <= 0 ? 0 : Math.min(100 * 2 ** recent, 5000)).unref();
  }

  function start(): void {
    if (closed || members.length + starting >= options.max) return;
    add(kind).then(
      () => (failures = 0),
      () => {
        // The file was there when the model was loaded: the next try may find it again.
        failures += 1;
        if (failures < 20) replace();
      },
    );
  }

  async function add(of: WorkerKind): Promise<LoadReport> {
    starting += 1;
    let ready = false;
    const link = openWorker(of, options.engine, (reason) => {
      if (ready) gone(link, reason);
    });
    const timer = setTimeout(() => void end(link), LOAD_TIMEOUT_MS);
    timer.unref();
    try {
      const report = await link.load(options.path);
      if (closed) throw new Error('the model was unloaded meanwhile');
      ready = true;
      members.push({ link, lane: laneOf(link, report.signature) });
      return report;
    } catch (error) {
      void end(link);
      throw error;
    } finally {
      clearTimeout(timer);
      starting -= 1;
    }
  }

  /** Its batches are answered first. */
  function dismiss(member: Member): void {
    members.splice(members.indexOf(member), 1);
    void member.lane.remove().then(() => end(member.link));
  }

  return {
    add,
    keep(count, of) {
      kind = of;
      least = Math.min(count, options.max);
      for (let missing = least - members.length - starting; missing > 0; missing -= 1) start();
    },
    waiting() {
      if (starting > 0 || members.length >= options.max) return;
      if (members.length === 0 || scheduler.backlogMs() > GROW_MS) start();
    },
    tick() {
      if (starting > 0 || closed) return;
      if (members.length < options.max && members.length > 0 && scheduler.backlogMs() > GROW_MS) start();
      const now = performance.now();
      const idle = members.findLast(({ lane }) => lane.busy === 0 && now - lane.usedAt > options.idleMs);
      if (members.length > least && idle !== undefined) dismiss(idle);
    },
    retire(of) {
      for (const member of members.filter(({ link }) => link.kind === of)) dismiss(member);
    },
    get count() {
      return members.length;
    },
    get restarts() {
      return restarts;
    },
    get stuck() {
      return stuck;
    },
    get pids() {
      return members.flatMap(({ link }) => link.pid ?? []);
    },
    rssBytes() {
      const sizes = members.flatMap(({ link }) => link.rssBytes() ?? []);
      return sizes.length === 0 ? undefined : sizes.reduce((sum, size) => sum + size, 0);
    },
    async kill(index) {
      const member = members[index % Math.max(1, members.length)];
      if (member !== undefined) await end(member.link);
    },
    async close() {
      closed = true;
      await Promise.all(members.splice(0).map(({ link }) => end(link)));
    },
  };
}
