/** A loaded model: its scheduler, its session on the gateway's own thread while it is quick, its workers while it is not. */
import { MillwrightError } from '../../domain/errors.ts';
import type { ErrorCode } from '../../domain/errors.ts';
import { rowsOf } from '../../domain/tensor-data.ts';
import type { Tensor } from '../../domain/tensors.ts';
import type { ModelSignature } from '../../domain/registry.ts';
import { createBatchScheduler } from '../../platform/batch-scheduler.ts';
import type { BatchJob, LaneHandle } from '../../platform/batch-lane.ts';
import type { LoadedModel, ModelSource, RunOptions } from '../../ports/model-runtime.ts';
import { openEngine } from './engine.ts';
import type { EngineName, EngineSession } from './engine.ts';
import { checkJob } from './job-check.ts';
import { isBatchable } from './merge.ts';
import type { LoadReport, RunJob } from './messages.ts';
import { hasLoops, INLINE_BATCH_MS, INLINE_TEXT, KEEP_MS, KEEP_ROW_MS, mayRunInline } from './placement.ts';
import type { Placement } from './placement.ts';
import { joinAnswers, partRows, runParts, splitJob } from './row-split.ts';
import { createSessionRunner } from './session-runner.ts';
import { createWorkers, outcomeOf } from './workers.ts';
import type { Workers } from './workers.ts';

export interface OnnxModelOptions {
  readonly engine: EngineName;
  /** `auto`: inline what is quick, in threads what is not. */
  readonly placement: Placement | 'auto';
  /** Each model in a process of its own, until it has gone PROVEN_MS without a death. */
  readonly isolate: boolean;
  readonly depth: number;
  readonly batchRows: number;
  /** At most so many calls wait, whatever the source says. */
  readonly queueLimit: number;
  readonly graceMs: number;
  /** At most so many workers, whatever the source says. */
  readonly workers: number;
  readonly idleMs: number;
  readonly provenMs: number;
  /** Is nobody served now whom a load on this thread could delay? */
  readonly quiet: () => boolean;
}

export interface OnnxModel extends LoadedModel {
  readonly workers: Workers;
  readonly placement: Placement;
  /** When it was last called, monotonic ms. */
  readonly calledAt: number;
  tick(): void;
}

/** Batches from which what was learned counts for more than the probes. */
const LEARNED = 64;
/** A model that became slow inline stays away from there for so long, ms; twice as long each further time. */
const BANNED_MS = 30_000;
const MOST_BANNED_MS = 3_600_000;

const coded = (
  code: string,
  message: string,
  detail: { readonly next?: string; readonly retryAfterMs?: number },
): Error => new MillwrightError(code as ErrorCode, message, detail);

interface InlineSession {
  readonly session: EngineSession;
  readonly lane: LaneHandle;
}

/** Rejects with the engine's reason. */
export async function loadOnnxModel(source: ModelSource, options: OnnxModelOptions): Promise<OnnxModel> {
  const mostWorkers = Math.max(1, Math.min(options.workers, source.replicas.max));
  const scheduler = createBatchScheduler<RunJob, readonly Tensor[]>({
    batchRows: options.batchRows,
    queueLimit: Math.min(options.queueLimit, source.queueLimit),
    graceMs: options.graceMs,
    error: coded,
    onWaiting: () => workers.waiting(),
  });
  const workers = createWorkers(scheduler, {
    engine: options.engine,
    path: source.path,
    depth: options.depth,
    max: mostWorkers,
    idleMs: options.idleMs,
    onQuarantine(reason) {
      const error = `its workers ended again and again: ${reason}`;
      scheduler.close(coded('MW-QUARANTINED', error, { next: 'roll back, or release the version again: mw deploy' }));
      unloaded = true;
      void workers.close();
      void leaveInline();
    },
  });
  const startedAt = performance.now();
  const forced = options.placement === 'auto' ? undefined : options.placement;
  let isolated = forced === undefined ? options.isolate : forced === 'process';
  let inline: InlineSession | undefined;
  let [moving, unloaded] = [false, false];
  let [bannedUntil, bannedMs] = [0, BANNED_MS];
  let calledAt = Number.NEGATIVE_INFINITY;

  const workerKind = (): 'process' | 'thread' => (isolated ? 'process' : 'thread');
  const loops = options.engine === 'wasm' || forced !== undefined || hasLoops(source.path);
  const report: LoadReport = await workers.add(workerKind()).catch(async (error: unknown) => {
    await workers.close();
    throw error;
  });
  const signature: ModelSignature = report.signature;
  const batchable = isBatchable(signature);
  for (const { rows, ms } of report.probes) scheduler.cost.learn(rows, ms);

  async function enterInline(): Promise<void> {
    const session = await (await openEngine('native')).load(source.path);
    if (unloaded) return session.release();
    const runner = createSessionRunner(session);
    const lane = scheduler.addLane({
      depth: 1,
      turn: true,
      maxMs: INLINE_BATCH_MS,
      run(jobs) {
        const results = runner.run(jobs);
        return results instanceof Promise ? results.then((list) => list.map(outcomeOf)) : results.map(outcomeOf);
      },
    });
    inline = { session, lane };
    // A thread's session is a model's memory: it comes back when a call is too big for this thread.
    workers.keep(0, 'thread');
    workers.retire('thread');
    workers.retire('process');
  }

  async function leaveInline(): Promise<void> {
    const left = inline;
    inline = undefined;
    await left?.lane.remove();
    await left?.session.release();
  }

  async function runInParts(job: BatchJob<RunJob>, rowsOfPart: number): Promise<readonly Tensor[]> {
    const parts = splitJob(job.input, rowsOfPart);
    const answers = await runParts(parts, mostWorkers + 1, (input) =>
      scheduler.run({ ...job, input, rows: rowsOf(input.inputs) }),
    );
    return joinAnswers(parts, answers) ?? scheduler.run(job);
  }

  const probed = (): { oneMs: number; rowMs: number } | undefined => {
    const [one, many] = report.probes;
    if (one === undefined || many === undefined) return undefined;
    return { oneMs: one.ms, rowMs: Math.max(0, many.ms - one.ms) / (many.rows - one.rows) };
  };
  const learned = (): { oneMs: number; rowMs: number } | undefined =>
    scheduler.cost.learned < LEARNED ? undefined : { oneMs: scheduler.cost.predict(1), rowMs: scheduler.cost.perRowMs };

  function wanted(cost: { oneMs: number; rowMs: number } | undefined): boolean {
    if (forced !== undefined) return forced === 'inline';
    return !loops && !isolated && cost !== undefined && mayRunInline(report, cost, options.quiet());
  }

  if (wanted(probed())) await enterInline();
  else workers.keep(Math.max(1, source.replicas.min), workerKind());

  function move(step: () => Promise<void>): void {
    moving = true;
    step()
      // It stays where it is; the next look tries again.
      .catch(() => undefined)
      .finally(() => (moving = false));
  }

  function reconsider(now: number): void {
    if (moving || forced !== undefined) return;
    if (inline !== undefined) {
      if (scheduler.cost.predict(1) <= KEEP_MS && scheduler.cost.perRowMs <= KEEP_ROW_MS) return;
      workers.keep(Math.max(1, source.replicas.min), workerKind());
      if (workers.count === 0) return;
      bannedMs = Math.min(bannedMs * 2, MOST_BANNED_MS);
      bannedUntil = now + bannedMs;
      move(leaveInline);
    } else if (isolated) {
      if (now - startedAt < options.provenMs || workers.restarts > 0) return;
      isolated = false;
      move(async () => {
        if (wanted(learned() ?? probed())) return enterInline();
        await workers.add('thread');
        workers.keep(Math.max(1, source.replicas.min), 'thread');
        workers.retire('process');
      });
    } else if (now > bannedUntil && wanted(learned())) {
      // The probes met a busy machine, or made-up rows that it refused; or it was slow for a while.
      bannedUntil = now + bannedMs;
      move(enterInline);
    }
  }

  return {
    signature,
    workers,
    get placement() {
      return inline === undefined ? workerKind() : 'inline';
    },
    get calledAt() {
      return calledAt;
    },
    infer(inputs: readonly Tensor[], { outputs, deadline, priority, signal }: RunOptions) {
      const input: RunJob = outputs === undefined ? { inputs } : { inputs, outputs };
      calledAt = performance.now();
      try {
        const { group, rows, text } = checkJob(input, signature, batchable);
        const job = {
          input,
          rows,
          deadline,
          ...(group === undefined ? {} : { group }),
          ...(priority === undefined ? {} : { priority }),
          ...(signal === undefined ? {} : { signal }),
          ...(text > INLINE_TEXT ? { slow: true } : {}),
        };
        const part = group === undefined ? rows : partRows(rows, scheduler.cost);
        return part < rows ? runInParts(job, part) : scheduler.run(job);
      } catch (error) {
        return Promise.reject(error);
      }
    },
    stats() {
      const rssBytes = workers.rssBytes();
      return {
        ...scheduler.stats(),
        replicas: workers.count + (inline === undefined ? 0 : 1),
        restarts: workers.restarts,
        ...(rssBytes === undefined ? {} : { rssBytes }),
      };
    },
    tick() {
      workers.tick();
      reconsider(performance.now());
    },
    async unload() {
      unloaded = true;
      scheduler.close(coded('MW-UNAVAILABLE', 'the model was unloaded', {}));
      await workers.close();
      await leaveInline();
    },
  };
}
