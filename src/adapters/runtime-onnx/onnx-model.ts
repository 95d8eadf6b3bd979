/** A loaded model: its scheduler, its session on the gateway's own thread while it is quick, its workers while it is not. */
import { MillwrightError } from '../../domain/errors.ts';
import type { ErrorCode } from '../../domain/errors.ts';
import type { Tensor } from '../../domain/tensors.ts';
import type { ModelSignature } from '../../domain/registry.ts';
import { createBatchScheduler } from '../../platform/batch-scheduler.ts';
import type { LaneHandle } from '../../platform/batch-lane.ts';
import type { LoadedModel, ModelSource, RunOptions } from '../../ports/model-runtime.ts';
import { openEngine } from './engine.ts';
import type { EngineName, EngineSession } from './engine.ts';
import { checkJob } from './job-check.ts';
import { isBatchable } from './merge.ts';
import type { LoadReport, RunJob } from './messages.ts';
import { hasLoops, INLINE_BATCH_MS, INLINE_TEXT, KEEP_MS, KEEP_ROW_MS, mayRunInline } from './placement.ts';
import type { Placement } from './placement.ts';
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

/** Batches in a worker from which a model that refused the probes is known well enough. */
const LEARNED = 64;
/** A model that became slow inline stays away from there for so long, ms. */
const BANNED_MS = 60_000;

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
    max: Math.max(1, Math.min(options.workers, source.replicas.max)),
    idleMs: options.idleMs,
    onQuarantine(reason) {
      const error = `its workers ended again and again: ${reason}`;
      scheduler.close(coded('MW-QUARANTINED', error, { next: 'roll back, or release the version again: mw deploy' }));
      void workers.close();
      void leaveInline();
    },
  });
  const startedAt = performance.now();
  const forced = options.placement === 'auto' ? undefined : options.placement;
  let isolated = forced === undefined ? options.isolate : forced === 'process';
  let inline: InlineSession | undefined;
  let moving = false;
  let bannedUntil = 0;
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

  const wanted = (quiet: boolean): boolean =>
    forced === 'inline' || (!loops && !isolated && mayRunInline(report, quiet));

  if (wanted(options.quiet())) await enterInline();
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
      bannedUntil = now + BANNED_MS;
      workers.keep(Math.max(1, source.replicas.min), workerKind());
      if (workers.count > 0) move(leaveInline);
    } else if (isolated) {
      if (now - startedAt < options.provenMs || workers.restarts > 0) return;
      isolated = false;
      move(async () => {
        if (wanted(options.quiet())) return enterInline();
        await workers.add('thread');
        workers.keep(Math.max(1, source.replicas.min), 'thread');
        workers.retire('process');
      });
    } else if (now > bannedUntil && bannedUntil > 0 && scheduler.cost.predict(1) < KEEP_MS / 3) {
      bannedUntil = now + BANNED_MS;
      if (wanted(options.quiet())) move(enterInline);
    } else if (report.probes.length < 2 && bannedUntil === 0 && scheduler.cost.learned > LEARNED) {
      // It did not run on made-up rows. What its calls cost is known by now.
      bannedUntil = now + BANNED_MS;
      const probes = [1, 16].map((rows) => ({ rows, ms: scheduler.cost.predict(rows) }));
      if (!loops && mayRunInline({ ...report, probes }, options.quiet())) move(enterInline);
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
        return scheduler.run({
          input,
          rows,
          deadline,
          ...(group === undefined ? {} : { group }),
          ...(priority === undefined ? {} : { priority }),
          ...(signal === undefined ? {} : { signal }),
          ...(text > INLINE_TEXT ? { slow: true } : {}),
        });
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
      scheduler.close(coded('MW-UNAVAILABLE', 'the model was unloaded', {}));
      await workers.close();
      await leaveInline();
    },
  };
}
