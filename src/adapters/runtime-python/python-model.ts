/** The processes of one model: as many as the load asks for, replaced when they die, leak or hang, given up when they die again and again. */
import { MillwrightError } from '../../domain/errors.ts';
import type { ErrorCode } from '../../domain/errors.ts';
import type { ModelSignature } from '../../domain/registry.ts';
import { rowsOf } from '../../domain/tensor-data.ts';
import type { Tensor } from '../../domain/tensors.ts';
import type { LaneHandle } from '../../platform/batch-lane.ts';
import { createBatchScheduler } from '../../platform/batch-scheduler.ts';
import type { LoadedModel, ModelSource } from '../../ports/model-runtime.ts';
import { cut, groupOf, isBatchable, joined } from './call-groups.ts';
import type { PythonAnswer, PythonCall } from './messages.ts';
import { residentBytes } from './process-memory.ts';
import { startProcess } from './python-process.ts';
import type { ProcessOptions, PythonProcess } from './python-process.ts';

export interface ModelLimits {
  /** Rows of the largest batch. */
  readonly batchRows: number;
  /** So many deaths within the window and the model is given up. */
  readonly deaths: number;
  readonly windowMs: number;
  /** How often memory and load are looked at, ms. */
  readonly lookMs: number;
  /** A process above the least number that had nothing to do for so long is ended, ms. */
  readonly idleMs: number;
}

export interface PythonModel extends LoadedModel {
  /** Of the processes that hold the model now, oldest first: for fault tests. */
  pids(): readonly number[];
}

interface Replica {
  readonly process: PythonProcess;
  readonly lane: LaneHandle;
  rss: number;
  /** It takes no more calls; another one takes its place. */
  leaving: boolean;
}

const BACK_OFF_MS = 200;
const BACK_OFF_MOST_MS = 30_000;
/** Above the limit a process is replaced when it has finished; above this share of it, at once. */
const HARD_SHARE = 1.25;

type Fallen = readonly (readonly Tensor[] | Error)[];

/** Each alone: one bad row fails its own call and no other. */
async function oneByOne(process: PythonProcess, calls: readonly PythonCall[]): Promise<Fallen> {
  const answers: PythonAnswer[] = [];
  for (const call of calls) answers.push(await process.run(joined([call]), call, true));
  return answers;
}

async function runTogether(process: PythonProcess, calls: readonly PythonCall[]): Promise<Fallen> {
  const [first] = calls;
  if (first === undefined) return [];
  const answer = await process.run(joined(calls), first, calls.length === 1);
  if (calls.length === 1) return [answer];
  const parts = answer instanceof Error ? undefined : cut(calls, answer);
  return parts ?? oneByOne(process, calls);
}

/** Loads the first processes. Throws MW-MODEL-LOAD; nothing is left running then. */
export async function startModel(
  source: ModelSource,
  options: ProcessOptions,
  limits: ModelLimits,
  log: (line: string) => void,
): Promise<PythonModel> {
  const { releaseId } = source;
  const { min, max } = source.replicas;
  const memory = options.spec.memoryMib * 2 ** 20;
  const scheduler = createBatchScheduler<PythonCall, readonly Tensor[]>({
    batchRows: limits.batchRows,
    queueLimit: source.queueLimit,
    // A caller's own short deadline ends his call and not the process: only the model's timeout does, which the process watches itself.
    graceMs: options.spec.timeoutMs + 1000,
    error: (code, message, detail) => Object.assign(new MillwrightError(code as ErrorCode, message, detail), detail),
  });
  const replicas: Replica[] = [];
  let deaths: number[] = [];
  let wanted = min;
  let starting = 0;
  let restarts = 0;
  let waited = 0;
  let over: MillwrightError | undefined;
  let ticker: NodeJS.Timeout | undefined;
  let restarter: NodeJS.Timeout | undefined;

  function add(process: PythonProcess): void {
    const replica: Replica = {
      process,
      rss: 0,
      leaving: false,
      lane: scheduler.addLane({
        depth: 2,
        // What was running when the model was given up or unloaded hears of that.
        run: (calls) => runTogether(process, calls).catch((error: unknown) => Promise.reject(over ?? error)),
        hung: () => process.kill('it did not answer in time'),
      }),
    };
    replicas.push(replica);
    void watch(replica);
  }

  async function watch(replica: Replica): Promise<void> {
    const { reason, expected } = await replica.process.ended;
    void replica.lane.remove();
    const index = replicas.indexOf(replica);
    if (index !== -1) replicas.splice(index, 1);
    if (!expected && over === undefined) died(reason);
  }

  function died(reason: string): void {
    const now = performance.now();
    deaths = [...deaths.filter((at) => now - at < limits.windowMs), now];
    restarts += 1;
    log(`${releaseId}: ${reason}`);
    if (deaths.length >= limits.deaths) {
      giveUp(reason);
      return;
    }
    // The first is replaced at once; whoever dies again and again must not spin the machine.
    const wait = deaths.length === 1 ? 0 : Math.min(BACK_OFF_MS * 2 ** (deaths.length - 2), BACK_OFF_MOST_MS);
    clearTimeout(restarter);
    restarter = setTimeout(() => void refill(), wait);
    restarter.unref();
  }

  function giveUp(reason: string): void {
    const times = `${deaths.length} times within ${Math.round(limits.windowMs / 1000)} s`;
    over = new MillwrightError('MW-QUARANTINED', `the model was given up: its process died ${times}; last: ${reason}`, {
      where: releaseId,
      next: 'see plane/plane.log, correct the model and deploy a new version, or deploy this one again',
    });
    log(`${releaseId}: ${over.message}`);
    scheduler.close(over);
    end();
  }

  function end(): void {
    clearInterval(ticker);
    clearTimeout(restarter);
    for (const { process } of replicas) process.kill('the model was unloaded');
  }

  /** Brings the processes to the wanted number. One that does not start counts as one that died. */
  async function refill(): Promise<void> {
    const staying = replicas.filter((replica) => !replica.leaving).length;
    if (over !== undefined || starting > 0 || staying >= wanted) return;
    starting += 1;
    try {
      const process = await startProcess(options);
      if (over !== undefined) await process.stop();
      else add(process);
    } catch (error) {
      if (over === undefined) died(error instanceof Error ? error.message : String(error));
    } finally {
      starting -= 1;
    }
    if (replicas.length > 0) void refill();
  }

  async function retire(replica: Replica): Promise<void> {
    await replica.lane.remove();
    await replica.process.stop();
  }

  /** Start, then stop: while the new one imports its libraries the old one answers. */
  function replace(replica: Replica): void {
    replica.leaving = true;
    restarts += 1;
    log(`${releaseId}: a process has ${mib(replica.rss)} MiB, more than ${mib(memory)}; it is replaced`);
    const before = new Set(replicas);
    void refill();
    const wait = setInterval(() => {
      const fresh = replicas.some((other) => !before.has(other));
      if (!fresh && replicas.includes(replica) && over === undefined) return;
      clearInterval(wait);
      if (replicas.includes(replica)) void retire(replica);
    }, limits.lookMs);
    wait.unref();
  }

  async function lookAtMemory(): Promise<void> {
    const now = replicas.slice();
    for (const replica of now) {
      replica.rss = (await residentBytes(replica.process.pid)) ?? replica.rss;
      if (replica.rss > memory * HARD_SHARE) {
        replica.process.kill(`the model's process had ${mib(replica.rss)} MiB; the limit is ${mib(memory)}`);
      } else if (replica.rss > memory && !replica.leaving) replace(replica);
    }
  }

  function lookAtLoad(): void {
    const staying = replicas.filter((replica) => !replica.leaving);
    // A start costs seconds of a core: only for calls that still wait at the third look.
    waited = scheduler.stats().waiting > 0 ? waited + 1 : 0;
    if (waited >= 3 && wanted < max && starting === 0) {
      waited = 0;
      wanted += 1;
      void refill();
      return;
    }
    const idle = staying.findLast((replica) => performance.now() - replica.lane.usedAt > limits.idleMs);
    if (idle === undefined || staying.length <= min || wanted <= min) return;
    wanted -= 1;
    idle.leaving = true;
    void retire(idle);
  }

  const first = await startFirst(options, min);
  const tooLarge = (await residentBytes(first[0]?.process.pid ?? 0)) ?? 0;
  if (tooLarge > memory) {
    await Promise.all(first.map(({ process }) => process.stop()));
    throw new MillwrightError('MW-MODEL-LOAD', `the model takes ${mib(tooLarge)} MiB, the limit is ${mib(memory)}`, {
      where: releaseId,
      next: `raise endpoint.limits.memory above ${mib(tooLarge * 1.3)} MiB`,
    });
  }
  for (const { process } of first) add(process);
  const signature: ModelSignature = first[0]?.process.signature ?? { inputs: [], outputs: [] };
  const example = first[0]?.process.example;
  const batchable = isBatchable(signature);
  await lookAtMemory();
  let looking = false;
  ticker = setInterval(() => {
    lookAtLoad();
    if (looking) return;
    looking = true;
    void lookAtMemory().finally(() => {
      looking = false;
    });
  }, limits.lookMs);
  ticker.unref();

  return {
    signature,
    ...(example === undefined ? {} : { example }),
    infer(inputs, { outputs, deadline, priority, signal, params }) {
      const call: PythonCall = {
        inputs,
        ...(outputs === undefined ? {} : { outputs }),
        ...(params === undefined ? {} : { params }),
      };
      return scheduler.run({
        input: call,
        rows: rowsOf(inputs),
        deadline,
        ...(priority === undefined ? {} : { priority }),
        ...(signal === undefined ? {} : { signal }),
        ...(batchable ? { group: groupOf(call) } : {}),
      });
    },
    stats: () => ({
      ...scheduler.stats(),
      replicas: replicas.length,
      restarts,
      rssBytes: replicas.reduce((sum, { rss }) => sum + rss, 0),
    }),
    async unload() {
      const running = [...replicas];
      over ??= new MillwrightError('MW-UNAVAILABLE', 'the model was unloaded', { where: releaseId });
      clearInterval(ticker);
      clearTimeout(restarter);
      scheduler.close(over);
      await Promise.all(running.map(({ process }) => process.stop()));
    },
    pids: () => replicas.map(({ process }) => process.pid),
  };
}

const mib = (bytes: number): number => Math.round(bytes / 2 ** 20);

/** All or none. */
async function startFirst(options: ProcessOptions, count: number): Promise<readonly { process: PythonProcess }[]> {
  const results = await Promise.allSettled(Array.from({ length: Math.max(1, count) }, () => startProcess(options)));
  const started = results.flatMap((result) => (result.status === 'fulfilled' ? [{ process: result.value }] : []));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed === undefined) return started;
  await Promise.all(started.map(({ process }) => process.stop()));
  throw failed.reason;
}
