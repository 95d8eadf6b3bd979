import { ScrollX } from '../../parts/scroll-x.tsx';
import type { Endpoint, Release, Rollout } from '../../api/types.ts';
import { IntervalDot } from '../../charts/interval-dot.tsx';
import type { Formats } from '../../i18n/formats.ts';
import { useText } from '../../i18n/use-text.tsx';
import { Section } from '../../parts/section.tsx';
import { Status } from '../../parts/status.tsx';
import { VersionName } from '../version-name.tsx';
import { candidate, champion, ROLE, shareDifference } from './roles.ts';

const QUANTILES = [
  ['p99Ms', 99],
  ['p95Ms', 95],
  ['p50Ms', 50],
] as const;

function Versus({ now, next }: { readonly now: Release; readonly next: Release }) {
  const { t, f } = useText();
  const errors = shareDifference({ hits: next.errors, n: next.calls }, { hits: now.errors, n: now.calls });
  const share = (one: Release): string => (one.calls === 0 ? t('unknown') : f.pct(one.errors / one.calls));
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">
            <span className="sr">{t('endpoint.versus')}</span>
          </th>
          <th scope="col" className="num">
            <VersionName number={next.version} tone="next" />
          </th>
          <th scope="col" className="num">
            <VersionName number={now.version} tone="now" />
          </th>
          <th scope="col" className="num">
            {t('endpoint.difference')}
          </th>
          <th scope="col">95%</th>
          <th scope="col">{t('worse.better')}</th>
        </tr>
      </thead>
      <tbody>
        <tr>
          <td>{t('endpoint.errors')}</td>
          <td className="num">
            <b>{share(next)}</b>
          </td>
          <td className="num">{share(now)}</td>
          <td className="num">{errors === undefined ? '' : `${f.signed(errors.value * 100, 2)} pp`}</td>
          <td className="meta nw">{errors === undefined ? '' : f.interval(errors.low * 100, errors.high * 100, 2)}</td>
          <td>
            {errors === undefined ? (
              t('unknown')
            ) : (
              <IntervalDot
                value={-errors.value}
                low={-errors.high}
                high={-errors.low}
                label={`${t('endpoint.errors')} ${f.signed(errors.value * 100, 2)} pp`}
              />
            )}
          </td>
        </tr>
        {QUANTILES.map(([key, n]) => {
          const [a, b] = [next[key], now[key]];
          const difference = a === undefined || b === undefined ? undefined : a - b;
          return (
            <tr key={key}>
              <td className="nw">{t('endpoint.p', { n })}</td>
              <td className="num">
                <b>{a === undefined ? t('unknown') : `${f.num(a, 1)} ms`}</b>
              </td>
              <td className="num">{b === undefined ? t('unknown') : `${f.num(b, 1)} ms`}</td>
              <td className="num">{difference === undefined ? '' : `${f.signed(difference, 1)} ms`}</td>
              <td className="meta nw">{t('no.interval')}</td>
              <td>
                {difference === undefined ? (
                  ''
                ) : (
                  <IntervalDot
                    reach={(b ?? 0) / 2}
                    value={-difference}
                    label={`${t('endpoint.p', { n })} ${f.signed(difference, 1)} ms`}
                  />
                )}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Loads({ releases }: { readonly releases: readonly Release[] }) {
  const { t, f } = useText();
  const ms = (value: number | undefined): string => (value === undefined ? t('unknown') : f.num(value, 1));
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{t('endpoint.version')}</th>
          <th scope="col">{t('endpoints.state')}</th>
          <th scope="col" className="num">
            {t('endpoints.calls')}
          </th>
          <th scope="col" className="num">
            {t('endpoints.failed')}
          </th>
          {QUANTILES.map(([key, n]) => (
            <th key={key} scope="col" className="num">{`p${n}, ms`}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {releases.map((one) => (
          <tr key={one.releaseId}>
            <td>
              <VersionName number={one.version} tone={ROLE[one.role]} />
            </td>
            <td className="nw mut">
              {t(`endpoint.role.${one.role}`)} {one.percent}%
            </td>
            <td className="num">{f.int(one.calls)}</td>
            <td className="num">{f.int(one.errors)}</td>
            {QUANTILES.map(([key]) => (
              <td key={key} className="num">
                {ms(one[key])}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Canary against champion while both answer; else the figures of each release. */
export function Comparison({ endpoint }: { readonly endpoint: Endpoint }) {
  const { t } = useText();
  const [now, next] = [champion(endpoint), candidate(endpoint)];
  const both = now !== undefined && next !== undefined;
  return (
    <Section first title={t(both ? 'endpoint.versus' : 'endpoint.loads')} sub={t('endpoint.versus.sub')}>
      <ScrollX>{both ? <Versus now={now} next={next} /> : <Loads releases={endpoint.releases} />}</ScrollX>
      {both ? <p className="meta">{t('endpoint.note')}</p> : null}
    </Section>
  );
}

/** The newest reading of every rule, in the order in which they were first read. */
function newest(rollout: Rollout): Rollout['guards'] {
  return [...new Map(rollout.guards.map((one) => [one.text, one])).values()];
}

/** In the unit of the rule: a share as percent, a time in ms. */
function observedText(guard: Rollout['guards'][number], f: Formats): string {
  const value = guard.observed ?? 0;
  return /%/.test(guard.text) ? f.pct(value) : /\dms\b/.test(guard.text) ? `${f.num(value, 1)} ms` : f.num(value);
}

export function Guards({ endpoint }: { readonly endpoint: Endpoint }) {
  const { t, f } = useText();
  const rollout = endpoint.rollout;
  if (rollout === undefined) return null;
  const guards = newest(rollout);
  return (
    <Section title={t('endpoint.guards')} sub={t('endpoint.guards.sub')}>
      {guards.length === 0 ? <p className="mut">{t('endpoint.guards.none')}</p> : null}
      {guards.length === 0 ? null : (
        <table>
          <thead>
            <tr>
              <th scope="col">{t('endpoint.guard.rule')}</th>
              <th scope="col" className="num">
                {t('endpoint.guard.seen')}
              </th>
              <th scope="col">{t('endpoints.state')}</th>
              <th scope="col" className="num">
                {t('endpoint.time')}
              </th>
            </tr>
          </thead>
          <tbody>
            {guards.map((one) => (
              <tr key={one.text}>
                <td className="mono">{one.text}</td>
                <td className="num">
                  <b>{one.observed === undefined ? t('unknown') : observedText(one, f)}</b>
                </td>
                <td>
                  {one.tripped === null ? (
                    <Status kind="unknown" word={t('endpoint.guard.few')} />
                  ) : (
                    <Status
                      kind={one.tripped ? 'failed' : 'passed'}
                      word={t(one.tripped ? 'endpoint.guard.tripped' : 'endpoint.guard.held')}
                    />
                  )}
                </td>
                <td className="num meta">{f.when(one.at)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Section>
  );
}
