/** Which earlier tracking Runs hold what the reused steps of a run once logged. */
import type { PipelineRun, StepRun } from '../../domain/pipelines.ts';
import type { Stores } from '../../ports/metadata-store.ts';
import { isTwin } from './plan.ts';

export interface RunCopy {
  readonly from: string;
  readonly to: string;
}

/** A twin logs into the champion's tracking Run. */
const runOf = (run: PipelineRun, step: string): string =>
  (isTwin(step) ? run.championRunId : undefined) ?? run.trackingRunId;

/** Newest source first: of two values for one key, the one that was logged last counts. */
export async function reusedRuns(
  store: Pick<Stores, 'pipelineRuns' | 'stepRuns'>,
  run: PipelineRun,
  steps: readonly StepRun[],
): Promise<readonly RunCopy[]> {
  const found = new Map<string, RunCopy & { readonly at: number }>();
  for (const { step, reusedFrom } of steps) {
    const original = reusedFrom === undefined ? undefined : await store.stepRuns.get(reusedFrom);
    const source = original === undefined ? undefined : await store.pipelineRuns.get(original.pipelineRunId);
    if (original === undefined || source === undefined) continue;
    const copy = { from: runOf(source, original.step), to: runOf(run, step), at: source.createdAt };
    if (copy.from !== copy.to) found.set(`${copy.from} ${copy.to}`, copy);
  }
  return [...found.values()].sort((a, b) => b.at - a.at).map(({ from, to }) => ({ from, to }));
}
