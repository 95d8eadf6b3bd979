/** Steps that the server does itself: taking in a dataset, building the environment. Their log goes where all logs go. */
import { MillwrightError } from '../../domain/errors.ts';
import type { Context } from '../../ports/context.ts';
import type { Workspace } from '../../ports/workspace.ts';
import { closed, openAttempt, type StepScope } from './attempt.ts';
import { type StepOutcome, stepError } from './transitions.ts';

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

interface Done {
  readonly kind: 'succeeded';
  readonly outcome: Extract<StepOutcome, { kind: 'succeeded' }>;
}

/** Both kinds of work are idempotent by digest, so one that was cut short is simply done again. */
export async function runServerStep(scope: StepScope, workspace: Workspace, ctx: Context): Promise<StepOutcome> {
  const { deps, run, step } = scope;
  // An attempt that an earlier server left open died with it: unlike a process it cannot be found again.
  await scope.change((doc) => {
    const open = doc.attempts.at(-1)?.endedAt === undefined && doc.attempts.length > 0;
    return open ? { ...doc, attempts: closed(doc, { endedAt: deps.clock.now(), reason: 'server restarted' }) } : doc;
  });
  const attempt = await openAttempt(scope);
  let noted: Promise<void> = Promise.resolve();
  const note = (line: string): void => {
    // In order, and a log that cannot be written is no reason to stop the work.
    noted = noted.then(() => deps.executor.note(attempt.attemptId, `${line}\n`)).catch(() => undefined);
  };

  async function work(): Promise<Done> {
    if (step.dataset !== undefined) {
      const name = step.outputs[0] ?? step.name;
      note(`reading ${step.dataset.from.join(', ')}`);
      const version = await deps.datasets.version(ctx, run.project, name, step.dataset, workspace);
      const files = version.files.length;
      note(
        `${version.rows.toLocaleString('en')} rows in ${files} files, ${megabytes(version.bytes)}: version ${version.id}`,
      );
      for (const check of version.checks) note(`${check.passed ? 'ok  ' : 'FAIL'} ${check.text} (${check.observed})`);
      const outputs = [{ name, digest: version.digest, bytes: version.bytes }];
      return { kind: 'succeeded', outcome: { kind: 'succeeded', outputs, change: { datasetVersionId: version.id } } };
    }
    const environment = await deps.environments.ensure(ctx, step.environment ?? {}, workspace, note, run.project);
    note(`${environment.id}: Python ${environment.python}, ${environment.packages.length} packages`);
    return { kind: 'succeeded', outcome: { kind: 'succeeded', outputs: [], environmentId: environment.id } };
  }

  const result = work().catch((error: unknown) => ({ kind: 'failed' as const, error }));
  await scope.pause(step.timeoutMs, result);
  const stopped = scope.interruption();
  if (stopped === 'stop') return { kind: 'left' };
  if (stopped === 'cancel') {
    note('cancelled');
    return { kind: 'cancelled' };
  }
  const late = new MillwrightError(
    'MW-STEP-TIMEOUT',
    `step "${step.name}" did not end within ${step.timeoutMs / 1000} s`,
  );
  const found = await Promise.race([result, Promise.resolve({ kind: 'failed' as const, error: late })]);
  const failed = found.kind === 'failed' ? stepError(found.error, `pipeline.${step.name}`) : undefined;
  if (failed !== undefined) note(`${failed.code}: ${failed.message}`);
  await noted;
  const end = { endedAt: deps.clock.now(), ...(failed === undefined ? {} : { reason: failed.code }) };
  const doc = await deps.store.stepRuns.get(`${run.id}/${step.name}`);
  const attempts = doc === undefined ? {} : { attempts: closed(doc, end) };
  if (failed !== undefined) return { kind: 'failed', error: failed, change: attempts };
  if (found.kind !== 'succeeded') return { kind: 'left' };
  return { ...found.outcome, change: { ...found.outcome.change, ...attempts } };
}
