import type { PipelineRun, StepRun } from '../../api/types.ts';
import type { GanttRow } from '../../charts/gantt.tsx';
import type { Text } from '../../i18n/use-text.tsx';
import { stepMark } from './step-marks.ts';

const BLANK = '—';

/** One row a try; a step that was reused or still waits has one row, too. */
export function ganttRows(
  run: PipelineRun,
  steps: readonly StepRun[],
  selected: string,
  tryNumber: number | undefined,
  { t, f }: Text,
  now: number,
): readonly GanttRow[] {
  return steps.flatMap((step): GanttRow[] => {
    const name = step.step.replace(/^data:/, '');
    if (step.reusedFrom !== undefined) {
      const at = step.startedAt ?? run.createdAt;
      return [
        {
          key: step.step,
          name,
          mark: 'reused',
          state: 'reused',
          from: at,
          to: at,
          note: step.reason ?? step.reusedFrom,
          took: t('prun.cached'),
          peak: BLANK,
          cpu: BLANK,
          selected: step.step === selected,
        },
      ];
    }
    if (step.attempts.length === 0) {
      const done = step.startedAt !== undefined;
      return [
        {
          key: step.step,
          name,
          mark: stepMark(step),
          state:
            step.status === 'failed' ? 'failed' : done ? (step.status === 'running' ? 'running' : 'done') : 'expected',
          ...(step.startedAt === undefined ? {} : { from: step.startedAt, to: step.endedAt ?? now }),
          took: step.startedAt === undefined ? '' : f.duration((step.endedAt ?? now) - step.startedAt),
          peak: '',
          cpu: '',
          selected: step.step === selected,
        },
      ];
    }
    return step.attempts.map((one, i): GanttRow => {
      const last = i === step.attempts.length - 1;
      const failed = !last || step.status === 'failed';
      const running = last && step.status === 'running';
      const exit = one.signal ?? (one.exitCode === undefined ? undefined : t('prun.exit', { code: one.exitCode }));
      const note = failed ? [exit, one.reason].filter(Boolean).join('; ') : undefined;
      return {
        key: `${step.step} ${one.number}`,
        name: step.attempts.length > 1 ? t('prun.try', { step: name, n: one.number }) : name,
        mark: failed ? 'failed' : stepMark(step),
        state: failed ? 'failed' : running ? 'running' : 'done',
        from: one.startedAt,
        to: one.endedAt ?? now,
        ...(note === undefined || note === '' ? {} : { note }),
        took: f.duration((one.endedAt ?? now) - one.startedAt),
        peak: one.peakRssBytes === undefined ? BLANK : f.bytes(one.peakRssBytes),
        cpu: one.cpuSeconds === undefined ? BLANK : f.duration(one.cpuSeconds * 1000),
        selected: step.step === selected && (tryNumber === undefined ? last : one.number === tryNumber),
      };
    });
  });
}
