import { ScrollX } from '../../parts/scroll-x.tsx';
import type { Endpoint, Rollout } from '../../api/types.ts';
import { StepTrack, TrafficBar, type TrackStep } from '../../charts/traffic.tsx';
import { useText, type Text } from '../../i18n/use-text.tsx';
import { Section } from '../../parts/section.tsx';
import { Status } from '../../parts/status.tsx';
import { ROLE } from './roles.ts';
import { waitText } from './waits.ts';

function holdText(rollout: Rollout, { t, f }: Text): string {
  const { ms, calls } = rollout.hold;
  if (ms > 0 && calls > 0) return t('endpoint.hold.both', { time: f.duration(ms), calls });
  return ms > 0 ? f.duration(ms) : t('endpoint.hold.calls', { calls });
}

type Step = Rollout['steps'][number];

/** What happened in a step, or what will: copies of a shadow are no calls. */
function noteOf(rollout: Rollout, step: Step, index: number, state: TrackStep['state'], text: Text): string {
  const { t, f } = text;
  const calls = step.calls ?? 0;
  const shadow = step.mirror !== undefined;
  switch (state) {
    case 'now': {
      const waits = waitText(rollout, text);
      const limit =
        rollout.atMostMs === undefined ? [] : [t('endpoint.step.atmost', { time: f.duration(rollout.atMostMs) })];
      const so =
        waits !== undefined && (shadow || rollout.strategy === 'ab')
          ? waits
          : shadow
            ? t('endpoint.step.shadow.calls', { calls })
            : t('endpoint.step.now', { hold: holdText(rollout, text), calls });
      return [so, ...(waits === undefined || waits === so ? [] : [waits]), ...limit].join(' · ');
    }
    case 'past':
      if (shadow) return t('endpoint.step.shadow.held', { calls });
      return index === rollout.steps.length - 1 && rollout.fromVersion !== undefined
        ? t('endpoint.step.last', { version: rollout.fromVersion })
        : t('endpoint.step.held', { calls });
    case 'stopped':
      return rollout.reason ?? '';
    case 'future':
      return t(shadow ? 'endpoint.step.shadow.next' : 'endpoint.step.next');
  }
}

function stateOf(rollout: Rollout, step: Step, index: number): TrackStep['state'] {
  if (rollout.status === 'running' && index === rollout.stepIndex) return 'now';
  if (step.endedAt !== undefined || (rollout.status === 'promoted' && step.startedAt !== undefined)) return 'past';
  return rollout.status === 'rolled-back' && index === rollout.stepIndex ? 'stopped' : 'future';
}

function trackSteps(rollout: Rollout, text: Text): readonly TrackStep[] {
  const { t, f } = text;
  return rollout.steps.map((step, i): TrackStep => {
    const state = stateOf(rollout, step, i);
    const name =
      step.mirror !== undefined
        ? t('endpoint.step.shadow', { mirror: step.mirror })
        : rollout.ab !== undefined && i === 0
          ? t('endpoint.step.ab', { split: rollout.ab.split })
          : undefined;
    return {
      percent: step.percent,
      ...(name === undefined ? {} : { name }),
      state,
      progress: state === 'past' ? 1 : state === 'now' ? rollout.progress : 0,
      late: state === 'now' && rollout.overdue === true,
      when:
        step.startedAt === undefined
          ? ''
          : `${f.clock(step.startedAt)}${step.endedAt === undefined ? '' : ` – ${f.clock(step.endedAt)}`}`,
      note: noteOf(rollout, step, i, state, text),
    };
  });
}

/** Who answers now, and where the rollout stands. */
export function RolloutTrack({ endpoint }: { readonly endpoint: Endpoint }) {
  const text = useText();
  const { t } = text;
  const live = endpoint.releases
    .filter((one) => one.percent > 0)
    .toSorted((a, b) => (a.role === 'champion' ? 0 : 1) - (b.role === 'champion' ? 0 : 1));
  const rollout = endpoint.rollout;
  return (
    <section className="roll" aria-label={t('endpoint.split')}>
      <TrafficBar
        label={t('endpoint.traffic', { shares: live.map((one) => `v${one.version} ${one.percent}%`).join(', ') })}
        shares={live.map((one) => ({
          name: `v${one.version}`,
          percent: one.percent,
          role: ROLE[one.role],
          note: t('endpoint.share', { role: t(`endpoint.role.${one.role}`), calls: one.calls }),
        }))}
      />
      {rollout === undefined || rollout.status !== 'running' ? null : <StepTrack steps={trackSteps(rollout, text)} />}
    </section>
  );
}

export function RolloutHistory({ rollouts }: { readonly rollouts: readonly Rollout[] }) {
  const { t, f } = useText();
  if (rollouts.length === 0) return null;
  return (
    <Section title={t('endpoint.rollouts')} sub={rollouts.length}>
      <ScrollX>
        <table>
          <tbody>
            {rollouts.slice(0, 20).map((one) => (
              <tr key={one.id}>
                <td className="nw">
                  <Status
                    kind={one.status === 'promoted' ? 'passed' : one.status === 'running' ? 'rolling' : 'warning'}
                    word={t(`endpoint.rollout.${one.status}`)}
                  />
                </td>
                <td className="nw">
                  {one.fromVersion === undefined ? '' : `v${one.fromVersion} → `}
                  <b>v{one.version}</b>
                </td>
                <td className="meta nw">{f.when(one.createdAt)}</td>
                <td className="num meta">{one.endedAt === undefined ? '' : f.duration(one.endedAt - one.createdAt)}</td>
                <td className="mut wrap">{one.reason ?? one.cause}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollX>
    </Section>
  );
}
