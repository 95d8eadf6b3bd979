import { useQuery } from '@tanstack/react-query';
import { addresses } from '../../api/addresses.ts';
import { runQueries, type RunGroups } from '../../api/run-queries.ts';
import { linear, px } from '../../charts/scale.ts';
import { useText } from '../../i18n/use-text.tsx';
import { Go } from '../../parts/go.tsx';
import { StatusMark } from '../../parts/status-mark.tsx';
import { figure } from './figures.ts';
import { RUN_MARKS } from './run-row.tsx';

/** As many are read at once as are compared. */
const MOST = 50;

export interface GroupMembersProps {
  readonly project: string;
  readonly group: RunGroups['groups'][number];
  readonly metric: string | undefined;
  /** The scale that the groups are drawn on. */
  readonly range: readonly [number, number];
  /** Leaves just the runs of this group. */
  readonly onAll: () => void;
}

/** The runs behind a mean, each as a ring on the scale of the groups. */
export function GroupMembers({ project, group, metric, range, onAll }: GroupMembersProps) {
  const { t, f } = useText();
  const ids = group.runs.slice(0, MOST);
  const query = useQuery(runQueries.byIds(ids, metric === undefined ? '' : `metrics.${metric}`));
  const runs = query.data?.runs.filter((run) => ids.includes(run.id));
  if (runs === undefined || runs.length === 0)
    return (
      <tr className="member" aria-busy={query.isPending}>
        <td colSpan={7} className="dim">
          {query.isPending ? '…' : (query.error?.message ?? t('groups.none'))}
        </td>
      </tr>
    );
  const x = linear(range, [4, 116]);
  const more = group.runs.length - ids.length;
  return (
    <>
      {runs.map((run) => {
        const value = metric === undefined ? undefined : run.metrics[metric];
        const at = typeof value === 'number' && Number.isFinite(value) ? value : undefined;
        return (
          <tr key={run.id} className="member">
            <td>
              <span className="gname">
                <StatusMark kind={RUN_MARKS[run.status]} size={12} />
                <span className="sr">{t(`runs.status.${run.status}`)}</span>
                <Go to={addresses.run(project, run.id)}>{run.name}</Go>
              </span>
            </td>
            <td />
            <td className="num">
              {value === undefined ? (
                <span className="dim">—</span>
              ) : typeof value === 'number' ? (
                figure(f, value)
              ) : (
                value
              )}
            </td>
            <td />
            <td>
              {at === undefined || at < range[0] || at > range[1] ? null : (
                <svg width="120" height="16" viewBox="0 0 120 16" aria-hidden="true">
                  <circle cx={px(x(at))} cy="8" r="2.6" fill="var(--bg)" stroke="var(--ink-2)" strokeWidth="1.2" />
                </svg>
              )}
            </td>
            <td className="dim nw" title={f.full(run.startTime)}>
              {f.when(run.startTime)}
            </td>
            <td />
          </tr>
        );
      })}
      {more <= 0 ? null : (
        <tr className="member">
          <td colSpan={7}>
            <button type="button" className="link" onClick={onAll}>
              {t('groups.more', { n: more })}
            </button>
          </td>
        </tr>
      )}
    </>
  );
}
