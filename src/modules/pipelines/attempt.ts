/** One step that runs outside the server: attempts through the executor, until one counts or the retries are used up. */
import type { AttemptState } from '../../ports/executor.ts';
import type { PipelineRun, PlannedStep, StepAttempt, StepOutput, StepRun } from '../../domain/pipelines.ts';
import type { PipelineDeps, PipelineLimits } from './deps.ts';
import { type StepFiles, stepVariables } from './step-files.ts';
import { type StepError, type StepOutcome } from './transitions.ts';

type Exited = Extract<AttemptState, { state: 'exited' }>;

/** Attempts that ended for a reason that is not the step's: the machine, the supervisor, the memory killer. */
const INFRASTRUCTURE_RETRIES = 2;

/** Why the work on a step was interrupted: somebody cancelled the run, or this server stops and the attempt goes on. */
export type Interruption = 'cancel' | 'stop';

export interface StepScope {
  readonly deps: PipelineDeps;
  readonly limits: PipelineLimits;
  readonly run: PipelineRun;
  readonly step: PlannedStep;
  /** Changes the step run while the lease is held; throws LeaseLost otherwise. */
  readonly change: (change: (doc: StepRun) => StepRun) => Promise<StepRun>;
  readonly interruption: () => Interruption | undefined;
  /** Resolves at an interruption, or after `ms`. */
  readonly pause: (ms: number, until?: Promise<unknown>) => Promise<void>;
  readonly fence: number;
}

function attemptId(run: PipelineRun, step: PlannedStep, number: number): string {
  return `${run.id}.${step.name}.${number}`;
}

/** Opens the next attempt in the tables, or takes up the one that an earlier server left open. */
export async function openAttempt(scope: StepScope): Promise<StepAttempt> {
  const { deps, run, step, fence } = scope;
  const now = deps.clock.now();
  const doc = await scope.change((before) => {
    const last = before.attempts.at(-1);
    const open = last !== undefined && last.endedAt === undefined;
    const number = open ? last.number : (last?.number ?? 0) + 1;
    const attempt: StepAttempt = open
      ? { ...last, fence }
      : { number, attemptId: attemptId(run, step, number), fence, startedAt: now };
    return {
      ...before,
      status: 'running',
      startedAt: before.startedAt ?? now,
      attempts: [...before.attempts.filter((one) => one.number !== number), attempt],
    };
  });
  const attempt = doc.attempts.at(-1);
  if (attempt === undefined) throw new Error('an attempt was just added');
  return attempt;
}

/** The attempts with the last one closed. */
export function closed(doc: StepRun, end: Partial<StepAttempt> & { readonly endedAt: number }): readonly StepAttempt[] {
  const last = doc.attempts.at(-1);
  return last === undefined ? [] : [...doc.attempts.slice(0, -1), { ...last, ...end }];
}

interface Verdict {
  readonly reason: string;
  /** `step`: counts against the step's retries; `machine`: against a budget of our own; `no`: would end the same way again. */
  readonly retry: 'step' | 'machine' | 'no';
  readonly error: StepError;
}

async function lastLines(deps: PipelineDeps, id: string): Promise<string> {
  const { text } = await deps.executor.log(id, -4096);
  const lines = text.trimEnd().split('\n');
  return lines.slice(-12).join('\n').trim();
}

async function judge(scope: StepScope, attempt: StepAttempt, state: AttemptState): Promise<Verdict | undefined> {
  const { deps, run, step, limits } = scope;
  const where = `pipeline.${step.name}`;
  const next = `mw logs ${run.id} ${step.name}`;
  const fail = (code: string, message: string, hint = next): StepError => ({ code, message, where, next: hint });
  if (state.state !== 'exited') {
    const error = fail(
      'MW-STEP-LOST',
      `step "${step.name}" vanished with its supervisor: the machine restarted, or killed both`,
    );
    return { reason: 'lost', retry: 'machine', error };
  }
  if (state.startError !== undefined) {
    const error = fail('MW-STEP-FAILED', `step "${step.name}" could not be started: ${state.startError}`);
    return { reason: 'could not start', retry: 'no', error };
  }
  if (state.ended === 'disk') {
    const size = `${(limits.diskBytes / 2 ** 20).toFixed(0)} MiB`;
    const error = fail('MW-DISK-FULL', `step "${step.name}" wrote more than the ${size} it may and was stopped`);
    return { reason: 'disk', retry: 'no', error };
  }
  const tail = await lastLines(deps, attempt.attemptId);
  const shown = tail === '' ? 'it printed nothing' : `the last it printed:\n${tail}`;
  if (state.ended === 'timeout') {
    const seconds = step.timeoutMs / 1000;
    const error = fail(
      'MW-STEP-TIMEOUT',
      `step "${step.name}" did not end within ${seconds} s and was stopped; ${shown}`,
    );
    return { reason: 'timeout', retry: 'step', error };
  }
  if (state.ended === 'cancelled') {
    const error = fail('MW-STEP-LOST', `step "${step.name}" was stopped from outside`);
    return { reason: 'lost', retry: 'machine', error };
  }
  if (state.exitCode === 0) return undefined;
  const how = state.signal === undefined ? `exit code ${state.exitCode}` : `signal ${state.signal}`;
  // Nobody of us sent it: the kernel does when memory runs out.
  const memory = state.signal === 'SIGKILL' ? ' (maybe for want of memory)' : '';
  const error = fail('MW-STEP-FAILED', `step "${step.name}" ended with ${how}${memory}; ${shown}`);
  return { reason: how, retry: state.signal === 'SIGKILL' ? 'machine' : 'step', error };
}

const retriesUsed = (attempts: readonly StepAttempt[], machine: boolean): number =>
  attempts.filter((one) => (one.reason === 'lost' || one.reason === 'signal SIGKILL') === machine).length;

/** Stores what the step made. An error when something is missing: the step's own fault, so no retry helps. */
async function takeOutputs(scope: StepScope, attempt: StepAttempt): Promise<readonly StepOutput[] | StepError> {
  const { deps, step } = scope;
  const outputs: StepOutput[] = [];
  for (const name of step.outputs) {
    const path = await deps.executor.output(attempt.attemptId, name);
    if (path === undefined) {
      return {
        code: 'MW-STEP-OUTPUT',
        message: `step "${step.name}" ended well but did not make the file ${name}`,
        where: `pipeline.${step.name}.out`,
        next: `write ${name} into the working folder, or take it off "out"`,
      };
    }
    const blob = await deps.artifacts.putFile(path);
    outputs.push({ name, digest: blob.digest, bytes: blob.bytes });
  }
  return outputs;
}

/** Polls fast at first, so that a short step costs little, then lets the executor's hint and a slow beat do. */
async function awaitEnd(scope: StepScope, id: string): Promise<AttemptState | Interruption> {
  const { executor } = scope.deps;
  for (let beat = 50; ; beat = Math.min(beat * 2, 1000)) {
    const stopped = scope.interruption();
    if (stopped !== undefined) return stopped;
    const state = await executor.status(id);
    if (state.state !== 'running') return state;
    await scope.pause(beat, executor.wait(id, beat));
  }
}

function ending(state: AttemptState): Partial<StepAttempt> {
  if (state.state !== 'exited') return {};
  const { exitCode, signal, peakRssBytes, cpuSeconds }: Exited = state;
  return {
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(signal === undefined ? {} : { signal }),
    ...(peakRssBytes === undefined ? {} : { peakRssBytes }),
    ...(cpuSeconds === undefined ? {} : { cpuSeconds }),
  };
}

/** Runs attempts until the step is decided. What the last one says about itself goes into `change` of the outcome. */
export async function runAttempts(scope: StepScope, files: StepFiles): Promise<StepOutcome> {
  const { deps, limits, run, step } = scope;
  const variables = stepVariables(deps, run, step, files.environment);
  for (let delay = limits.retryDelayMs; ; delay = Math.min(delay * 2, 30_000)) {
    const attempt = await openAttempt(scope);
    const id = attempt.attemptId;
    // Idempotent: after a restart this finds the attempt where it is, running or over.
    await deps.executor.submit({
      attemptId: id,
      argv: step.argv,
      env: variables,
      files: files.files,
      timeoutMs: step.timeoutMs,
      logLimitBytes: limits.logBytes,
      diskLimitBytes: limits.diskBytes,
    });
    const state = await awaitEnd(scope, id);
    if (state === 'stop') return { kind: 'left' };
    if (state === 'cancel') {
      await deps.executor.cancel(id);
      await scope.change((doc) => ({
        ...doc,
        attempts: closed(doc, { endedAt: deps.clock.now(), reason: 'cancelled' }),
      }));
      return { kind: 'cancelled' };
    }
    // A supervisor that was killed leaves its step running; two of one step must never run at once.
    if (state.state === 'lost') await deps.executor.cancel(id);
    const verdict = await judge(scope, attempt, state);
    const taken = verdict === undefined ? await takeOutputs(scope, attempt) : undefined;
    const endedAt = deps.clock.now();
    const end = { ...ending(state), endedAt };
    if (taken !== undefined && !('code' in taken)) {
      const doc = await deps.store.stepRuns.get(`${run.id}/${step.name}`);
      return { kind: 'succeeded', outputs: taken, change: doc === undefined ? {} : { attempts: closed(doc, end) } };
    }
    const error = taken ?? verdict?.error ?? { code: 'MW-INTERNAL', message: 'a step ended without a verdict' };
    const reason = verdict?.reason ?? 'missing output';
    const doc = await deps.store.stepRuns.get(`${run.id}/${step.name}`);
    const attempts = doc === undefined ? [] : closed(doc, { ...end, reason });
    const machine = verdict?.retry === 'machine';
    const allowed = machine ? INFRASTRUCTURE_RETRIES : verdict?.retry === 'step' ? step.retries : 0;
    // Closed together with the step's failure: a kill in between could otherwise grant one more retry.
    if (retriesUsed(attempts, machine) > allowed) return { kind: 'failed', error, change: { attempts } };
    await scope.change((before) => ({ ...before, attempts: closed(before, { ...end, reason }) }));
    await deps.executor.clean(id);
    await scope.pause(delay);
    const stopped = scope.interruption();
    if (stopped !== undefined) return stopped === 'stop' ? { kind: 'left' } : { kind: 'cancelled' };
  }
}
