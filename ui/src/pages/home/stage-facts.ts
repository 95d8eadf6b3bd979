import type { Stage } from '../../api/types.ts';
import type { Text } from '../../i18n/use-text.tsx';
import type { MarkKind } from '../../parts/status-mark.tsx';

const STAGES = ['data', 'train', 'validate', 'package', 'deploy', 'watch'] as const;

/** The six stages in their order; one that the server did not send was never reached. */
export function sixStages(stages: readonly Stage[]): readonly Stage[] {
  return STAGES.map((name) => stages.find((one) => one.stage === name) ?? { stage: name, state: 'never' });
}

export function stageMark(stage: Stage): MarkKind {
  switch (stage.state) {
    case 'done':
      return 'passed';
    case 'running':
      return stage.stage === 'deploy' ? 'rolling' : 'running';
    case 'warning':
      return 'warning';
    case 'failed':
      return 'failed';
    case 'old':
      return 'done';
    case 'never':
      return 'waits';
  }
}

/** Two short lines under a stage's name: the fact, and when or how well. Both may be empty. */
export function stageFacts(stage: Stage, { t, f }: Text): readonly [string, string] {
  if (stage.state === 'never') return [t('stage.state.never'), ''];
  const at = stage.at === undefined ? '' : f.when(stage.at);
  const metric = stage.metric === undefined ? '' : `${stage.metric.name} ${f.num(stage.metric.estimate.value)}`;
  const or = (first: string): string => (first === '' ? (stage.text ?? t(`stage.state.${stage.state}`)) : first);
  switch (stage.stage) {
    case 'data':
      return [or(stage.rows === undefined ? '' : t('stage.rows', { n: stage.rows })), at];
    case 'train':
      return [
        or(
          [
            stage.runNumber === undefined ? '' : t('stage.run', { n: stage.runNumber }),
            stage.ms === undefined ? '' : f.duration(stage.ms),
          ]
            .filter(Boolean)
            .join(' · '),
        ),
        at,
      ];
    case 'validate':
      return [
        or(
          stage.gatesTotal === undefined
            ? ''
            : t('stage.gates', { passed: stage.gatesPassed ?? 0, total: stage.gatesTotal }),
        ),
        metric === '' ? at : metric,
      ];
    case 'package':
      return [or(stage.bytes === undefined ? '' : t('stage.image', { bytes: f.bytes(stage.bytes) })), at];
    case 'deploy':
      return [
        or(
          stage.percent === undefined || stage.version === undefined
            ? ''
            : t('stage.canary', { version: stage.version, percent: stage.percent }),
        ),
        at,
      ];
    case 'watch':
      return [
        or(
          stage.columns === undefined
            ? ''
            : stage.drifted === undefined || stage.drifted === 0
              ? t('stage.within')
              : t('stage.drifted', { drifted: stage.drifted, columns: stage.columns }),
        ),
        stage.since === undefined ? (metric === '' ? at : metric) : t('stage.since', { when: f.when(stage.since) }),
      ];
  }
}
