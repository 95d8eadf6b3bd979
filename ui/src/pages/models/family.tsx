import type { ModelVersionSummary } from '../../api/types.ts';
import { Figure } from '../../charts/figure.tsx';
import { VersionDots } from '../../charts/version-dots.tsx';
import { useText } from '../../i18n/use-text.tsx';
import { Section } from '../../parts/section.tsx';
import { betterIs } from '../runs/metric-sense.ts';
import { roleOfVersion } from './verdict.tsx';

/** The metrics of a family, best known first: most versions have it, and its name says what is better. */
function familyMetrics(versions: readonly ModelVersionSummary[]): readonly string[] {
  const names = [...new Set(versions.flatMap((one) => Object.keys(one.metrics)))].filter(
    (name) => !/^(gain|champion)\./.test(name),
  );
  const count = (name: string): number => versions.filter((one) => one.metrics[name] !== undefined).length;
  const sense = (name: string): number => (betterIs(name) === undefined ? 0 : 1);
  return names.toSorted((a, b) => sense(b) - sense(a) || count(b) - count(a));
}

export const familyMetric = (versions: readonly ModelVersionSummary[]): string | undefined =>
  familyMetrics(versions)[0];

/** The versions by one metric, each with its interval; as many as the width holds. */
export function Family({
  versions,
  metric,
  onMetric,
  first = false,
  most = 5,
}: {
  readonly first?: boolean;
  readonly versions: readonly ModelVersionSummary[];
  readonly metric: string;
  /** Lets one choose; without it the metric is fixed. */
  readonly onMetric?: (metric: string) => void;
  readonly most?: number;
}) {
  const { t, f } = useText();
  const known = versions.filter((one) => one.metrics[metric] !== undefined);
  const dots = known.slice(0, most).toReversed();
  if (dots.length === 0) return null;
  return (
    <Section
      first={first}
      title={t('model.family')}
      sub={[
        t('model.family.sub', { metric }),
        ...(known.length > dots.length ? [t('model.family.newest', { n: dots.length, total: known.length })] : []),
        ...(dots.some((one) => one.verdict === 'refused') ? [t('model.family.hollow')] : []),
      ].join(' · ')}
      right={
        onMetric === undefined ? undefined : (
          <select aria-label={t('version.metric')} value={metric} onChange={(event) => onMetric(event.target.value)}>
            {familyMetrics(versions).map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        )
      }
    >
      <Figure
        firstWidth={360}
        table={{
          head: [t('model.version'), metric, t('version.interval')],
          rows: dots.map((one) => [
            `v${one.number}`,
            one.metrics[metric]?.value ?? '',
            one.metrics[metric]?.low === undefined
              ? ''
              : f.interval(one.metrics[metric].low, one.metrics[metric].high ?? 0),
          ]),
        }}
      >
        {(width) => (
          <VersionDots
            width={width}
            height={onMetric === undefined ? 96 : 168}
            format={(v, decimals) => f.num(v, decimals)}
            label={dots.map((one) => `v${one.number} ${metric} ${f.num(one.metrics[metric]?.value ?? 0)}`).join(', ')}
            dots={dots.slice(-Math.max(2, Math.floor((width - 60) / 13))).map((one) => ({
              name: `v${one.number}`,
              when: f.when(one.createdAt),
              value: one.metrics[metric]?.value ?? 0,
              ...(one.metrics[metric]?.low === undefined || one.metrics[metric].high === undefined
                ? {}
                : { low: one.metrics[metric].low, high: one.metrics[metric].high }),
              color: `var(--${roleOfVersion(one)})`,
              hollow: one.verdict === 'refused',
              named: one.aliases.length > 0 || one.percent > 0,
            }))}
          />
        )}
      </Figure>
    </Section>
  );
}
