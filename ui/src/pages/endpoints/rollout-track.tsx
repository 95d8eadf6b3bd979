import { ScrollX } from '../../parts/scroll-x.tsx';
import type { Endpoint, Rollout } from '../../api/types.ts';
import { StepTrack, TrafficBar, type TrackStep } from '../../charts/traffic.tsx';
import { useText, type Text } from '../../i18n/use-text.tsx';
import { Section } from '../../parts/section.tsx';
import { Status } from '../../parts/status.tsx';
import { ROLE } from './roles.ts';

function holdText(rollout: Rollout, { t, f }: Text): string {
  const { ms, calls } = rollout.hold;
  if (ms > 0 && calls > 0) return t('endpoint.hold.both', { time: f.duration(ms), calls });
  return ms > 0 ? f.duration(ms) : t('endpoint.hold.calls', { calls });
}

function trackSteps(rollout: Rollout, text: Text): readonly TrackStep[] {
  const { t, f } = text;
  const running = rollout.status === 'running';
  return rollout.steps.map((step, i): TrackStep => {
    const when =
      step.startedAt === undefined
        ? ''
        : `${f.clock(step.startedAt)}${step.endedAt === undefined ? '' : ` – ${f.clock(step.endedAt)}`}`;
    const calls = step.calls ?? 0;
    if (running && i === rollout.stepIndex) {
      return {
        percent: step.percent,
        state: 'now',
        progress: rollout.progress,
        when,
        note: t('endpoint.step.now', { hold: holdText(rollout, text), calls }),
      };
    }
    if (step.endedAt !== undefined || (rollout.status === 'promoted' && step.startedAt !== undefined)) {
      const last = i === rollout.steps.length - 1;
      return {
        percent: step.percent,
        state: 'past',
        progress: 1,
        when,
        note:
          last && rollout.fromVersion !== undefined
            ? t('endpoint.step.last', { version: rollout.fromVersion })
            : t('endpoint.step.held', { calls }),
      };
    }
    if (rollout.status === 'rolled-back' && i === rollout.stepIndex)
      return { percent: step.percent, state: 'stopped', progress: 0, when, note: rollout.reason ?? '' };
    return { percent: step.percent, state: 'future', progress: 0, when, note: t('endpoint.step.next') };
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
