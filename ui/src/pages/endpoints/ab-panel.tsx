import { useQuery } from '@tanstack/react-query';
import { queries } from '../../api/queries.ts';
import type { AbTest, Endpoint } from '../../api/types.ts';
import { Figure } from '../../charts/figure.tsx';
import { IntervalPlot } from '../../charts/interval-plot.tsx';
import { useText } from '../../i18n/use-text.tsx';
import { ScrollX } from '../../parts/scroll-x.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty } from '../../parts/states.tsx';
import { StatusMark } from '../../parts/status-mark.tsx';
import { Status } from '../../parts/status.tsx';
import { VersionName } from '../version-name.tsx';

type Reading = NonNullable<AbTest['reading']>;

function Arms({ test, reading }: { readonly test: AbTest; readonly reading: Reading }) {
  const { t, f } = useText();
  const arms = [
    { arm: reading.candidate, tone: 'next', share: test.split },
    { arm: reading.stable, tone: 'now', share: 100 - test.split },
  ] as const;
  return (
    <ScrollX>
      <table>
        <thead>
          <tr>
            <th scope="col">{t('ab.arm')}</th>
            <th scope="col" className="num">
              {t('ab.callers')}
            </th>
            <th scope="col" className="num">
              {t('ab.n')}
            </th>
            <th scope="col" className="num">
              {t('ab.mean')}
            </th>
          </tr>
        </thead>
        <tbody>
          {arms.map(({ arm, tone, share }) => (
            <tr key={tone}>
              <td>
                <VersionName number={arm.version} tone={tone} />
              </td>
              <td className="num">{share}%</td>
              <td className="num">{f.int(arm.n)}</td>
              <td className="num">
                <b>{arm.n === 0 ? t('unknown') : f.num(arm.mean, 4)}</b>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollX>
  );
}

function Difference({ test, reading }: { readonly test: AbTest; readonly reading: Reading }) {
  const { t, tx, f } = useText();
  const turn = test.higherIsBetter ? 1 : -1;
  const [low, high] = turn === 1 ? [reading.low, reading.high] : [-reading.high, -reading.low];
  const [next, now] = [`v${reading.candidate.version}`, `v${reading.stable.version}`];
  const names = {
    candidate: <VersionName number={reading.candidate.version} tone="next" />,
    stable: <VersionName number={reading.stable.version} tone="now" />,
  };
  const verdict =
    reading.verdict === 'not enough data'
      ? t('ab.verdict.few')
      : tx(`ab.verdict.${reading.verdict}`, { v: names[reading.verdict] });
  const said =
    reading.verdict === 'not enough data'
      ? t('ab.verdict.few')
      : t(`ab.verdict.${reading.verdict}`, { v: `v${reading[reading.verdict].version}` });
  return (
    <>
      <p className="abverdict">
        <StatusMark kind={reading.verdict === 'not enough data' ? 'unknown' : 'passed'} size={16} />
        {verdict}{' '}
        <span className="mut">
          {f.signed(reading.difference, 4)}{' '}
          <span className="ci">
            {f.pct(test.confidence)} {f.interval(reading.low, reading.high, 4)}
          </span>
        </span>
      </p>
      <Figure
        caption={
          <>
            <b>{t('ab.difference')}</b> {t('ab.difference.sub', { next, now })}
          </>
        }
        firstWidth={560}
        table={{
          head: [t('endpoint.difference'), 'low', 'high'],
          rows: [[f.signed(reading.difference, 5), f.num(reading.low, 5), f.num(reading.high, 5)]],
        }}
      >
        {(width) => (
          <IntervalPlot
            width={width}
            value={turn * reading.difference}
            low={low}
            high={high}
            left={t('ab.better.left', { v: now })}
            right={t('ab.better.left', { v: next })}
            label={t('ab.plot', {
              value: f.signed(turn * reading.difference, 4),
              interval: f.interval(low, high, 4),
              verdict: said,
            })}
            format={(mark, decimals) => f.num(mark, decimals)}
          />
        )}
      </Figure>
    </>
  );
}

/** Two versions on the same callers: which outcome is better, as far as is known. Nothing without a test. */
export function AbPanel({ endpoint }: { readonly endpoint: Endpoint }) {
  const { t, f } = useText();
  const test = useQuery(queries.abTest(endpoint.name)).data?.test;
  if (test === undefined) return null;
  const { reading } = test;
  const metric = t(`ab.metric.${test.metric}`);
  const now = `v${test.fromVersion ?? '?'}`;
  return (
    <Section
      first
      title={t('ab.title')}
      sub={t('ab.sub', {
        metric,
        outcome: test.outcome,
        confidence: f.pct(test.confidence),
        side: t(test.higherIsBetter ? 'ab.side.higher' : 'ab.side.lower'),
      })}
      right={
        <Status
          kind={test.status === 'running' ? 'rolling' : test.status === 'promoted' ? 'passed' : 'warning'}
          word={t(`endpoint.rollout.${test.status}`)}
        />
      }
    >
      {reading === undefined ? (
        <Empty
          title={t('ab.none')}
          text={test.waits ?? t('ab.none.text')}
          command={`curl -d '{"outcomes":[{"prediction_id":"…","name":"${test.outcome}","value":1}]}' -H 'content-type: application/json' ${location.origin}/api/v1/endpoints/${endpoint.name}/outcomes`}
        />
      ) : (
        <div className="cols half">
          <div>
            <Arms test={test} reading={reading} />
            {reading.leftOut === undefined || reading.leftOut === 0 ? null : (
              <p className="meta">{t('ab.leftout', { n: reading.leftOut })}</p>
            )}
            <p className="meta">
              {test.status === 'running'
                ? t('ab.ends', { when: f.full(test.endsAt), now })
                : t('ab.ended', { when: f.full(test.endedAt ?? test.endsAt), reason: test.reason ?? '' })}
            </p>
          </div>
          <div>
            <Difference test={test} reading={reading} />
            <p className="meta">{t('ab.valid')}</p>
          </div>
        </div>
      )}
    </Section>
  );
}
