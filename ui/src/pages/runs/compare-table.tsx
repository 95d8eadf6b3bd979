import { addresses } from '../../api/addresses.ts';
import type { Run } from '../../api/types.ts';
import { CategorySwatch } from '../../charts/series-mark.tsx';
import { useText } from '../../i18n/use-text.tsx';
import { Go } from '../../parts/go.tsx';
import { ScrollX } from '../../parts/scroll-x.tsx';
import { parted, type Kind } from './compare-data.ts';
import { figure } from './figures.ts';
import { betterIs, bestOf } from './metric-sense.ts';

export interface CompareTableProps {
  readonly project: string;
  readonly runs: readonly Run[];
  /** Equal rows, too. */
  readonly all: boolean;
  /** Names are cut shorter where there is little room. */
  readonly compact?: boolean;
  readonly focus?: string | undefined;
  readonly onFocus?: (id: string | undefined) => void;
}

const cut = (text: string, length: number): string => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

/** The value that most runs have; what is marked is what departs from it. */
function commonest(values: readonly (string | number | undefined)[]): string | number | undefined {
  const counts = new Map<string | number | undefined, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].toSorted(([, a], [, b]) => b - a)[0]?.[0];
}

function Rows({
  kind,
  names,
  runs,
  compact,
}: {
  readonly compact: boolean;
  readonly kind: Kind;
  readonly names: readonly string[];
  readonly runs: readonly Run[];
}) {
  const { t, f } = useText();
  return names.map((name) => {
    const values = runs.map((run) => run[kind][name]);
    const best = kind === 'metrics' ? bestOf(name, values) : -1;
    const sense = kind === 'metrics' ? betterIs(name) : undefined;
    const usual = commonest(values);
    return (
      <tr key={name}>
        <th
          scope="row"
          title={sense === undefined ? name : `${name}: ${t(sense === 'more' ? 'compare.more' : 'compare.less')}`}
        >
          <span className={kind === 'metrics' ? '' : 'mono'}>{name}</span>
          {sense === undefined ? null : (
            <span className="dim" aria-hidden="true">
              {sense === 'more' ? ' ↑' : ' ↓'}
            </span>
          )}
        </th>
        {values.map((value, i) => (
          <td
            key={runs[i]?.id}
            className={kind === 'metrics' ? 'num' : 'num mono'}
            title={value === undefined ? t('unknown') : String(value)}
          >
            {value === undefined ? (
              <span className="dim">—</span>
            ) : typeof value === 'number' ? (
              i === best ? (
                <>
                  <span className={compact ? 'sr' : 'dim'}>{t('compare.best')} </span>
                  <b>{figure(f, value)}</b>
                </>
              ) : (
                figure(f, value)
              )
            ) : (
              <span className={kind !== 'metrics' && value !== usual ? 'diffcell' : undefined}>{cut(value, 40)}</span>
            )}
          </td>
        ))}
      </tr>
    );
  });
}

const GROUPS = [
  ['metrics', 'run.metrics'],
  ['params', 'run.params'],
  ['tags', 'run.tags'],
] as const;

/** Metrics, params and tags side by side: what differs, the best in words; what is equal is counted and folded. */
export function CompareTable({ project, runs, all, compact = false, focus, onFocus }: CompareTableProps) {
  const { t } = useText();
  const groups = GROUPS.map(([kind, title]) => {
    const { differ, equal } = parted(runs, kind);
    // Names, times and commits that a client writes by itself differ always; they are facts of a run, not differences to look for.
    // What the system measured is read on the run's own page.
    const own = (name: string): boolean =>
      all || (kind === 'tags' ? !name.startsWith('mlflow.') : kind === 'params' || !name.startsWith('system/'));
    return { kind, title, differ: differ.filter(own), equal: equal.filter(own) };
  });
  return (
    <ScrollX className="cells comparison">
      <table className="tight">
        <thead>
          <tr>
            <th scope="col">{t('compare.last')}</th>
            {runs.map((run, i) => (
              <th
                key={run.id}
                scope="col"
                className={`num${focus === run.id ? ' here' : ''}`}
                onMouseEnter={() => onFocus?.(run.id)}
                onMouseLeave={() => onFocus?.(undefined)}
              >
                <span className="st">
                  {runs.length > 6 ? null : <CategorySwatch index={i} />}
                  <Go to={addresses.run(project, run.id)} title={run.name}>
                    {cut(run.name, compact && runs.length > 2 ? 9 : 18)}
                  </Go>
                </span>
              </th>
            ))}
          </tr>
        </thead>
        {groups.map(({ kind, title, differ, equal }) =>
          differ.length + (all ? equal.length : 0) === 0 ? null : (
            <tbody key={kind}>
              <tr className="grouphead">
                <th scope="rowgroup" colSpan={runs.length + 1}>
                  {t(title)}{' '}
                  <span className="dim">{t('compare.counts', { n: differ.length, equal: equal.length })}</span>
                </th>
              </tr>
              <Rows kind={kind} names={differ} runs={runs} compact={compact} />
              {all ? <Rows kind={kind} names={equal} runs={runs} compact={compact} /> : null}
            </tbody>
          ),
        )}
      </table>
    </ScrollX>
  );
}
