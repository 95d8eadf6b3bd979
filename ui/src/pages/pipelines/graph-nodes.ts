import type { StepRun } from '../../api/types.ts';
import type { StepNode } from '../../charts/graph.tsx';
import type { Text } from '../../i18n/use-text.tsx';
import { stepMark } from './step-marks.ts';

/** Steps as nodes: a step needs every step that makes one of its inputs. */
export function graphNodes(
  steps: readonly StepRun[],
  selected: string,
  { t, f }: Text,
  now: number,
): readonly StepNode[] {
  const names = new Set(steps.map((one) => one.step));
  return steps.map((step): StepNode => {
    const took = step.startedAt === undefined ? undefined : (step.endedAt ?? now) - step.startedAt;
    const bytes = step.outputs.reduce((sum, one) => sum + (one.bytes ?? 0), 0);
    const note =
      step.reusedFrom !== undefined
        ? t('prun.cached')
        : step.status === 'waiting'
          ? t('mark.waits')
          : step.status === 'cancelled' || step.status === 'skipped'
            ? t('pipeline.cancelled')
            : [took === undefined ? '' : f.duration(took), step.kind === 'data' && bytes > 0 ? f.bytes(bytes) : '']
                .filter(Boolean)
                .join(' · ');
    return {
      id: step.step,
      name: step.step.replace(/^data:/, ''),
      needs: [...new Set(step.inputs.map((one) => one.from).filter((from) => names.has(from)))],
      note,
      mark: stepMark(step),
      data: step.kind === 'data' || step.kind === 'environment',
      running: step.status === 'running',
      waiting: step.status === 'waiting',
      ready: step.status === 'succeeded',
      selected: step.step === selected,
    };
  });
}
