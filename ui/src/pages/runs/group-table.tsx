import { useQuery } from '@tanstack/react-query';
import { Fragment, useState } from 'react';
import { addresses } from '../../api/addresses.ts';
import { runQueries, type RunGroups, type RunsAsked } from '../../api/run-queries.ts';
import { linear, px } from '../../charts/scale.ts';
import { useText } from '../../i18n/use-text.tsx';
import { Go } from '../../parts/go.tsx';
import { ScrollX } from '../../parts/scroll-x.tsx';
import { Loaded } from '../../parts/states.tsx';
import { GroupMembers } from './group-members.tsx';
import { figure } from './figures.ts';
import { betterIs } from './metric-sense.ts';
import { fieldOf } from './runs-search.ts';
import '../../design/run.css';

export interface GroupTableProps {
  readonly project: string;
  readonly asked: RunsAsked;
  readonly group: string;
  readonly metric: string | undefined;
  readonly onMetric: (metric: string) => void;
  readonly onFilter: (filter: string) => void;
}

type Group = RunGroups['groups'][number];
type Spread = Group['metrics'][string];

const MOST = 500;
const ALPHA = 0.05;

/** The interval of the mean on a scale that all rows share. */
function Interval({
  spread,
  range,
  label,
}: {
  readonly spread: Spread;
  readonly range: readonly [number, number];
  readonly label: string;
}) {
  const x = linear(range, [4, 116]);
  return (
    <svg width="120" height="16" viewBox="0 0 120 16" role="img" aria-label={label}>
      <path d="M4 8H116" stroke="var(--line)" />
      {spread.low === undefined || spread.high === undefined ? null : (
        <path d={`M${px(x(spread.low))} 8H${px(x(spread.high))}`} stroke="var(--ink)" strokeWidth="1.6" />
      )}
      <circle
        cx={px(x(spread.mean))}
        cy="8"
        r="3.3"
        fill={spread.low === undefined ? 'var(--bg)' : 'var(--ink)'}
        stroke="var(--ink)"
        strokeWidth="1.4"
      />
    </svg>
  );
}

/** The condition that leaves just the runs of a group. */
function conditionOf(group: Group): string {
  return Object.entries(group.key)
    .map(([field, value]) => {
      const [kind = '', ...rest] = field.split('.');
      const name = fieldOf({ kind: kind === 'tags' ? 'tag' : 'param', name: rest.join('.') });
      return value === null ? `${name} IS NULL` : `${name} = '${value.replaceAll("'", "''")}'`;
    })
    .join(' and ');
}

function Rows({ project, data, metric, asked, onFilter }: GroupTableProps & { readonly data: RunGroups }) {
  const { t, f } = useText();
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const key = data.metric ?? metric;
  const shown = data.groups.slice(0, MOST);
  const spreads = shown.map((group) => (key === undefined ? undefined : group.metrics[key]));
  const ends = spreads.flatMap((one) => (one === undefined ? [] : [one.low ?? one.mean, one.high ?? one.mean]));
  const range = [Math.min(...ends), Math.max(...ends)] as const;
  // Params that are the same in every group say nothing here.
  const by = data.by.filter((field) => new Set(data.groups.map((group) => group.key[field])).size > 1);
  const verdict = (i: number): string => {
    const test = data.tests.find((one) => one.group === i);
    if (test === undefined) return data.tests.some((one) => one.against === i) ? t('groups.best') : '';
    const p = `p ${test.pAdjusted < 0.001 ? '< 0.001' : f.num(test.pAdjusted, 3)}`;
    return test.pAdjusted < ALPHA ? `${t('worse')}, ${p}` : `${t('no.difference')}, ${p}`;
  };
  return (
    <ScrollX>
      <table className="feat groups">
        <thead>
          <tr>
            <th scope="col">{t('groups.group')}</th>
            <th scope="col" className="num">
              {t('groups.n')}
            </th>
            <th scope="col" className="num">
              {key ?? ''} {t('groups.mean')}
            </th>
            <th scope="col" className="num">
              {t('groups.sd')}
            </th>
            <th scope="col">{ends.length === 0 ? '' : `${f.num(range[0])} – ${f.num(range[1])}`}</th>
            <th scope="col">{t('groups.against')}</th>
            <th scope="col">
              <span className="sr">{t('runs.compare')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((group, i) => {
            const spread = spreads[i];
            const said = by
              .map((field) => `${field.slice(field.indexOf('.') + 1)} ${group.key[field] ?? '—'}`)
              .join(', ');
            const name = said === '' ? t('groups.all') : said;
            const condition = conditionOf(group);
            const only = (): void =>
              onFilter(asked.filter === undefined ? condition : `${asked.filter} and ${condition}`);
            const id = JSON.stringify(group.key);
            const opened = open.has(id);
            return (
              <Fragment key={id}>
                <tr>
                  <td className="wrap">
                    <span className="gname">
                      <button
                        type="button"
                        className="foldbtn"
                        aria-expanded={opened}
                        aria-label={t('groups.open', { group: name })}
                        onClick={() =>
                          setOpen((was) =>
                            opened ? new Set([...was].filter((one) => one !== id)) : new Set([...was, id]),
                          )
                        }
                      />
                      <button
                        type="button"
                        className="link left"
                        title={t('groups.only', { group: name })}
                        onClick={only}
                      >
                        {name}
                      </button>
                    </span>
                  </td>
                  <td className="num">{f.int(group.runs.length)}</td>
                  <td className="num">
                    {spread === undefined ? <span className="dim">—</span> : <b>{figure(f, spread.mean)}</b>}
                  </td>
                  <td className="num dim">{spread?.sd === undefined ? t('no.interval') : f.num(spread.sd)}</td>
                  <td>
                    {spread === undefined || ends.length === 0 ? null : (
                      <Interval
                        spread={spread}
                        range={range}
                        label={
                          spread.low === undefined || spread.high === undefined
                            ? t('no.interval')
                            : f.interval(spread.low, spread.high)
                        }
                      />
                    )}
                  </td>
                  <td className="nw">{verdict(i)}</td>
                  <td className="num">
                    {group.runs.length < 2 ? null : (
                      <Go to={addresses.compare(project, group.runs.slice(0, 50))}>{t('runs.compare')}</Go>
                    )}
                  </td>
                </tr>
                {opened ? (
                  <GroupMembers project={project} group={group} metric={key} range={range} onAll={only} />
                ) : null}
              </Fragment>
            );
          })}
        </tbody>
      </table>
      {data.truncated ? <p className="meta">{t('groups.truncated')}</p> : null}
      {data.groups.length > MOST ? <p className="meta">{t('groups.cut', { n: shown.length })}</p> : null}
    </ScrollX>
  );
}

/** Runs that differ in nothing but the seed (or in what was not chosen), with mean, spread and a test against the best. */
export function GroupTable(props: GroupTableProps) {
  const { t } = useText();
  const sense = props.metric === undefined ? undefined : betterIs(props.metric);
  const groups = useQuery(
    runQueries.groups(props.asked, props.group, props.metric, sense === undefined ? undefined : sense === 'less'),
  );
  return (
    <Loaded query={groups} what={t('groups.title')} rows={8}>
      {(data) =>
        data.groups.length === 0 ? <p className="mut">{t('groups.none')}</p> : <Rows {...props} data={data} />
      }
    </Loaded>
  );
}
