import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { addresses } from '../../api/addresses.ts';
import { queries } from '../../api/queries.ts';
import type { Estimate, ModelVersionDetail } from '../../api/types.ts';
import { IntervalDot } from '../../charts/interval-dot.tsx';
import { useText } from '../../i18n/use-text.tsx';
import { Go } from '../../parts/go.tsx';
import { ScrollX } from '../../parts/scroll-x.tsx';
import { Section } from '../../parts/section.tsx';
import { Failed, Waiting } from '../../parts/states.tsx';
import { betterIs } from '../runs/metric-sense.ts';

interface Line {
  readonly sign: '+' | '−' | '~';
  readonly name: string;
  readonly a: string;
  readonly b: string;
}

/** What was added, taken away or changed from one record to the other, by name. */
function differences(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): readonly Line[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].toSorted().flatMap((name): Line[] => {
    const [was, is] = [a[name], b[name]];
    if (was === is) return [];
    return [{ sign: was === undefined ? '+' : is === undefined ? '−' : '~', name, a: was ?? '', b: is ?? '' }];
  });
}

const texts = (all: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(Object.entries(all).map(([name, value]) => [name, String(value)]));

function environmentOf({ environment }: ModelVersionDetail): Record<string, string> {
  if (environment === undefined) return {};
  const { python, os, kernel, libc = '', cpu, gpus } = environment;
  return { Python: python, os, kernel, libc, cpu, gpu: gpus.join(', ') };
}

const packagesOf = ({ environment }: ModelVersionDetail): Record<string, string> =>
  Object.fromEntries((environment?.packages ?? []).map((one) => [one.name, one.version]));

const dataOf = ({ datasets }: ModelVersionDetail): Record<string, string> =>
  Object.fromEntries(datasets.map((one) => [one.name, one.digest.replace('sha256:', '').slice(0, 12)]));

const known = (one: Estimate): one is Estimate & { low: number; high: number } =>
  one.low !== undefined && one.high !== undefined;

function Differences({
  title,
  lines,
  equal,
  heads,
  empty,
}: {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly equal: number;
  readonly heads: readonly [ReactNode, ReactNode];
  readonly empty: string;
}) {
  const { t } = useText();
  const signs = { '+': 'c-ok', '−': 'c-fail', '~': 'c-warn' } as const;
  const words = { '+': t('compare.added'), '−': t('compare.removed'), '~': t('compare.changed') } as const;
  return (
    <div>
      <h3>
        {title} <span className="meta">{equal === 0 ? '' : t('compare.equal.n', { n: equal })}</span>
      </h3>
      {lines.length === 0 ? (
        <p className="mut">{empty}</p>
      ) : (
        <ScrollX>
          <table className="tight mono">
            <thead>
              <tr>
                <th scope="col">{t('compare.name')}</th>
                <th scope="col">{heads[0]}</th>
                <th scope="col">{heads[1]}</th>
              </tr>
            </thead>
            <tbody>
              {lines.map((line) => (
                <tr key={line.name}>
                  <th scope="row">
                    <span className={signs[line.sign]} title={words[line.sign]} aria-hidden="true">
                      {line.sign}
                    </span>{' '}
                    <span className="sr">{words[line.sign]} </span>
                    {line.name}
                  </th>
                  <td>{line.a === '' ? <span className="dim">—</span> : line.a}</td>
                  <td>{line.b === '' ? <span className="dim">—</span> : line.b}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollX>
      )}
    </div>
  );
}

function Metrics({ a, b }: { readonly a: ModelVersionDetail; readonly b: ModelVersionDetail }) {
  const { t, f } = useText();
  const names = Object.keys({ ...a.version.metrics, ...b.version.metrics })
    .filter((name) => !/^(gain|champion)\./.test(name))
    .toSorted();
  return (
    <ScrollX>
      <table className="tight">
        <thead>
          <tr>
            <th scope="col">{t('version.metric')}</th>
            {[a, b].map(({ version }) => (
              <th scope="col" className="num" key={version.number}>
                v{version.number}
              </th>
            ))}
            <th scope="col" className="num">
              {t('version.difference')}
            </th>
            <th scope="col">{t('worse.better')}</th>
            <th scope="col">{t('version.verdict')}</th>
          </tr>
        </thead>
        <tbody>
          {names.map((name) => {
            const [was, is] = [a.version.metrics[name], b.version.metrics[name]];
            const difference = was === undefined || is === undefined ? undefined : is.value - was.value;
            const sense = betterIs(name);
            const sign = sense === 'less' ? -1 : 1;
            const turned = sense === undefined || difference === undefined ? undefined : sign * difference;
            const half =
              was === undefined || is === undefined || !known(was) || !known(is)
                ? undefined
                : Math.hypot((was.high - was.low) / 2, (is.high - is.low) / 2);
            const cell = (one: Estimate | undefined): ReactNode =>
              one === undefined ? (
                <span className="dim">—</span>
              ) : (
                <>
                  <b>{f.num(one.value)}</b>
                  {known(one) ? <span className="ci hide-s">{f.interval(one.low, one.high)}</span> : null}
                </>
              );
            return (
              <tr key={name}>
                <td className="nw">{name}</td>
                <td className="num">{cell(was)}</td>
                <td className="num">{cell(is)}</td>
                <td className="num">{difference === undefined ? '' : f.signed(difference)}</td>
                <td>
                  {turned === undefined ? (
                    ''
                  ) : (
                    <IntervalDot
                      width={110}
                      value={turned}
                      {...(half === undefined ? {} : { low: turned - half, high: turned + half })}
                      label={`${name} ${f.signed(turned)}`}
                    />
                  )}
                </td>
                <td className="mut nw">
                  {difference === undefined
                    ? ''
                    : half === undefined
                      ? t('no.interval')
                      : Math.abs(difference) <= half
                        ? t('no.difference')
                        : turned === undefined
                          ? ''
                          : turned > 0
                            ? t('better')
                            : t('worse')}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </ScrollX>
  );
}

/** Two versions side by side: only what differs; what is equal is counted. */
export function VersionCompare({
  project,
  model,
  from,
  to,
  onClose,
}: {
  readonly project: string;
  readonly model: string;
  readonly from: number;
  readonly to: number;
  readonly onClose: () => void;
}) {
  const { t } = useText();
  const [first, second] = [useQuery(queries.version(model, from)), useQuery(queries.version(model, to))];
  const failed = [first, second].find((one) => one.isError);
  const [a, b] = [first.data, second.data];
  const head = (one: ModelVersionDetail): ReactNode => (
    <Go to={addresses.version(project, model, one.version.number)}>v{one.version.number}</Go>
  );
  const part = (of: (one: ModelVersionDetail) => Record<string, string>) => {
    if (a === undefined || b === undefined) return { lines: [], equal: 0 };
    const lines = differences(of(a), of(b));
    return { lines, equal: Object.keys(of(b)).length - lines.filter((one) => one.sign !== '−').length };
  };
  return (
    <Section
      title={t('compare.two', { a: from, b: to })}
      sub={t('compare.two.sub')}
      right={
        <button type="button" className="btn sm quiet" onClick={onClose}>
          {t('close')}
        </button>
      }
    >
      {failed !== undefined ? (
        <Failed error={failed.error} what={t('runs.compare')} retry={() => void failed.refetch()} />
      ) : a === undefined || b === undefined ? (
        <Waiting what={t('runs.compare')} />
      ) : (
        <>
          <Metrics a={a} b={b} />
          <div className="cols half comparetwo">
            <Differences
              title={t('version.params')}
              heads={[head(a), head(b)]}
              empty={t('compare.same')}
              {...part((one) => texts(one.params))}
            />
            <Differences
              title={t('compare.data')}
              heads={[head(a), head(b)]}
              empty={t('compare.same')}
              {...part((one) => ({
                ...dataOf(one),
                ...(one.code === undefined
                  ? {}
                  : {
                      [t('version.code')]:
                        one.code.commit?.slice(0, 10) ?? one.code.digest.replace('sha256:', '').slice(0, 10),
                    }),
              }))}
            />
            <Differences
              title={t('version.env')}
              heads={[head(a), head(b)]}
              empty={
                a.environment === undefined || b.environment === undefined ? t('compare.unknown') : t('compare.same')
              }
              {...part(environmentOf)}
            />
            <Differences
              title={t('compare.packages')}
              heads={[head(a), head(b)]}
              empty={
                a.environment === undefined || b.environment === undefined ? t('compare.unknown') : t('compare.same')
              }
              {...part(packagesOf)}
            />
          </div>
        </>
      )}
    </Section>
  );
}
