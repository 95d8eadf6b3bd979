import { ScrollX } from '../../parts/scroll-x.tsx';
import type { Estimate, ModelVersionDetail } from '../../api/types.ts';
import { IntervalDot } from '../../charts/interval-dot.tsx';
import { useText } from '../../i18n/use-text.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty } from '../../parts/states.tsx';
import { betterIs } from '../runs/metric-sense.ts';
import { VersionName } from '../version-name.tsx';
import { GatesTable } from './gates-table.tsx';
import { roleOfVersion } from './verdict.tsx';

interface Judged {
  readonly name: string;
  readonly mine: Estimate;
  readonly theirs: Estimate | undefined;
  /** Paired improvement on the same rows: positive is better. */
  readonly gain: Estimate | undefined;
}

/** Metrics of the version with the champion's and the paired gain (`gain.x`) where it was computed. */
function judged(detail: ModelVersionDetail): readonly Judged[] {
  const { metrics } = detail.version;
  return Object.entries(metrics)
    .filter(([name]) => !/^(gain|champion)\./.test(name))
    .map(([name, mine]) => ({
      name,
      mine,
      theirs: detail.championMetrics[name] ?? metrics[`champion.${name}`],
      gain: metrics[`gain.${name}`],
    }));
}

const known = (one: Estimate | undefined): one is Estimate & { low: number; high: number } =>
  one?.low !== undefined && one.high !== undefined;

export function Better({ detail }: { readonly detail: ModelVersionDetail }) {
  const { t, f } = useText();
  const { version, championVersion } = detail;
  const rows = judged(detail);
  const compared = championVersion !== undefined && championVersion !== version.number;
  const word = (row: Judged): string => {
    if (row.gain !== undefined)
      return !known(row.gain)
        ? t('no.interval')
        : row.gain.low > 0
          ? t('better')
          : row.gain.high < 0
            ? t('worse')
            : t('no.difference');
    if (known(row.mine) && known(row.theirs))
      return row.mine.low <= row.theirs.high && row.theirs.low <= row.mine.high ? t('version.overlap') : '';
    return t('no.interval');
  };
  return (
    <Section
      first
      title={t('version.better')}
      sub={compared ? t('version.better.sub', { v: `v${version.number}` }) : t('version.alone.sub')}
    >
      {rows.length === 0 ? (
        <Empty title={t('version.nometrics')} />
      ) : (
        <ScrollX>
          <table>
            <thead>
              <tr>
                <th scope="col">{t('version.metric')}</th>
                <th scope="col" className="num">
                  <VersionName number={version.number} tone={roleOfVersion(version)} />
                </th>
                <th scope="col">{t('version.interval')}</th>
                {compared ? (
                  <th scope="col" className="num">
                    <VersionName number={championVersion} tone={roleOfVersion(version) === 'now' ? 'ref' : 'now'} />
                  </th>
                ) : null}
                {compared ? (
                  <th scope="col" className="num">
                    {t('version.difference')}
                  </th>
                ) : null}
                {compared ? <th scope="col">{t('worse.better')}</th> : null}
                {compared ? <th scope="col">{t('version.verdict')}</th> : null}
                <th scope="col" className="num hide-s">
                  {t('version.n')}
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => {
                const difference = row.theirs === undefined ? undefined : row.mine.value - row.theirs.value;
                const turned = betterIs(row.name) === 'less' ? -1 : 1;
                const shown =
                  row.gain ??
                  (difference === undefined || betterIs(row.name) === undefined
                    ? undefined
                    : { value: turned * difference });
                return (
                  <tr key={row.name}>
                    <td className="nw">{row.name}</td>
                    <td className="num">
                      <b>{f.num(row.mine.value)}</b>
                    </td>
                    <td className="meta nw">
                      {known(row.mine) ? f.interval(row.mine.low, row.mine.high) : t('no.interval')}
                    </td>
                    {compared ? (
                      <td className="num">
                        {row.theirs === undefined ? (
                          <span className="dim">{t('unknown')}</span>
                        ) : (
                          f.num(row.theirs.value)
                        )}
                      </td>
                    ) : null}
                    {compared ? <td className="num">{difference === undefined ? '' : f.signed(difference)}</td> : null}
                    {compared ? (
                      <td>
                        {shown === undefined ? (
                          ''
                        ) : (
                          <IntervalDot
                            width={120}
                            value={shown.value}
                            {...(known(shown) ? { low: shown.low, high: shown.high } : {})}
                            label={`${row.name} ${f.signed(shown.value)} ${word(row)}`}
                          />
                        )}
                      </td>
                    ) : null}
                    {compared ? <td className="mut nw">{row.theirs === undefined ? '' : word(row)}</td> : null}
                    <td className="num meta hide-s">{row.mine.n === undefined ? t('unknown') : f.int(row.mine.n)}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </ScrollX>
      )}
    </Section>
  );
}

export function Gates({ detail }: { readonly detail: ModelVersionDetail }) {
  const { t } = useText();
  const { gates, version } = detail;
  const role = roleOfVersion(version);
  return (
    <Section
      title={t('version.gates')}
      sub={
        gates.length === 0
          ? undefined
          : t('version.gates.sub', { passed: gates.filter((one) => one.passed === true).length, total: gates.length })
      }
    >
      {gates.length === 0 ? <p className="mut">{t('version.gates.none')}</p> : null}
      {gates.length === 0 ? null : <GatesTable gates={gates} color={`var(--${role})`} />}
    </Section>
  );
}
