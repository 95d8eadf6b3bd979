import type { PipelineRun, StepRun } from '../../api/types.ts';
import type { MarkKind } from '../../parts/status-mark.tsx';

export function stepMark(step: StepRun): MarkKind {
  if (step.reusedFrom !== undefined) return 'reused';
  switch (step.status) {
    case 'waiting':
      return 'waits';
    case 'running':
      return 'running';
    case 'succeeded':
      return 'done';
    case 'failed':
      return 'failed';
    case 'cancelled':
    case 'skipped':
      return 'expected';
  }
}

export function runMark(run: PipelineRun): MarkKind {
  switch (run.status) {
    case 'running':
      return 'running';
    case 'failed':
      return 'failed';
    case 'cancelled':
      return 'expected';
    case 'succeeded':
      return run.result?.kind === 'refused' ? 'warning' : run.result?.kind === 'accepted' ? 'passed' : 'done';
  }
}
