import { ScrollX } from '../../parts/scroll-x.tsx';
import { useQueries } from '@tanstack/react-query';
import { useState } from 'react';
import { addresses } from '../../api/addresses.ts';
import { queries } from '../../api/queries.ts';
import type { RunDetail } from '../../api/types.ts';
import { Curve } from '../../charts/curve.tsx';
import { Figure } from '../../charts/figure.tsx';
import { category, CategorySwatch } from '../../charts/series-mark.tsx';
import { useText } from '../../i18n/use-text.tsx';
import { Go } from '../../parts/go.tsx';
import { Section } from '../../parts/section.tsx';
import { Waiting, Failed } from '../../parts/states.tsx';
import { bestOf } from './metric-sense.ts';

const MAX_RUNS = 10;
const number = (value: unknown): number | null => (typeof value === 'number' ? value : null);

const cut = (text: string, length: number): string => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

function Heads({ project, runs }: { readonly project: string; readonly runs: readonly RunDetail[] }) {
  return runs.map(({ run }, i) => (
    <th key={run.id} scope="col" className="num">
      <span className="st">
        <CategorySwatch index={i} />
        <Go to={addresses.run(project, run.id)} title={run.name}>
          {cut(run.name, runs.length > 2 ? 11 : 18)}
        </Go>
      </span>
    </th>
  ));
}

/** The names of `key` that any run has, those that differ first. */
function parted(
  runs: readonly RunDetail[],
  key: 'params' | 'metrics',
): { readonly differ: readonly string[]; readonly equal: readonly string[] } {
  const names = [...new Set(runs.flatMap((one) => Object.keys(one.run[key])))].toSorted();
  const differs = (name: string): boolean => new Set(runs.map((one) => one.run[key][name])).size > 1;
  return { differ: names.filter(differs), equal: names.filter((name) => !differs(name)) };
}

function Curves({ runs, metrics }: { readonly runs: readonly RunDetail[]; readonly metrics: readonly string[] }) {
  const { t, f } = useText();
  const [picked, setPicked] = useState<string>();
  const metric = picked ?? metrics[0] ?? '';
  const histories = useQueries({
    queries: runs.map(({ run }) => ({
      ...queries.history(run.id, metric, run.status === 'RUNNING'),
      enabled: metric !== '',
    })),
  });
  const series = runs.map(({ run }, i) => ({
    name: cut(run.name, 9),
    ...category(i),
    points: histories[i]?.data?.points.map((p) => ({ x: p.step, y: number(p.value) })) ?? [],
  }));
  const curved = series.some((one) => one.points.length > 1);
  return (
    <Section
      title={t('compare.curve')}
      sub={t('compare.curve.sub', { metric })}
      right={
        <select aria-label={t('compare.metric')} value={metric} onChange={(event) => setPicked(event.target.value)}>
          {metrics.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      }
    >
      {curved ? (
        <Figure
          table={{
            head: [t('run.step'), ...runs.map((one) => one.run.name)],
            rows: [...new Set(series.flatMap((one) => one.points.map((p) => p.x)))]
              .toSorted((a, b) => a - b)
              .map((x) => [x, ...series.map((one) => one.points.find((p) => p.x === x)?.y ?? '')]),
          }}
          firstWidth={400}
        >
          {(width) => (
            <Curve
              width={width}
              height={216}
              xKind="number"
              label={`${metric}: ${series.map((one) => one.name).join(', ')}`}
              series={series.map(({ dash, ...one }) => ({ ...one, ...(dash === undefined ? {} : { dash }) }))}
              format={(v, decimals) => f.num(v, decimals)}
            />
          )}
        </Figure>
      ) : (
        <p className="mut">
          {histories.some((one) => one.isPending) ? t('waiting.reads', { what: metric }) : t('compare.curve.none')}
        </p>
      )}
    </Section>
  );
}

function MetricTable({
  project,
  runs,
  names,
}: {
  readonly project: string;
  readonly runs: readonly RunDetail[];
  readonly names: readonly string[];
}) {
  const { t, f } = useText();
  return (
    <ScrollX className="cells">
      <table className="tight">
        <thead>
          <tr>
            <th scope="col">{t('compare.last')}</th>
            <Heads project={project} runs={runs} />
          </tr>
        </thead>
        <tbody>
          {names.map((name) => {
            const values = runs.map((one) => one.run.metrics[name]);
            const best = bestOf(name, values);
            return (
              <tr key={name}>
                <td className="nw">{name}</td>
                {values.map((value, i) => (
                  <td key={i} className="num">
                    {i === best ? <span className="dim">{t('compare.best')} </span> : null}
                    {value === undefined ? (
                      <span className="dim">—</span>
                    ) : i === best ? (
                      <b>{typeof value === 'number' ? f.num(value) : value}</b>
                    ) : typeof value === 'number' ? (
                      f.num(value)
                    ) : (
                      value
                    )}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </ScrollX>
  );
}

function ParamTable({
  runs,
  names,
  mark,
}: {
  readonly runs: readonly RunDetail[];
  readonly names: readonly string[];
  readonly mark: boolean;
}) {
  return (
    <ScrollX className="cells">
      <table className="tight mono">
        <tbody>
          {names.map((name) => {
            const first = runs[0]?.run.params[name];
            return (
              <tr key={name}>
                <th scope="row">{name}</th>
                {runs.map(({ run }) => (
                  <td key={run.id} className="num">
                    <span className={mark && run.params[name] !== first ? 'diffcell' : undefined}>
                      {run.params[name] ?? '—'}
                    </span>
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </ScrollX>
  );
}

/** Two to ten runs: curves over each other, metrics with the best in words, then only what differs. */
export function Compare({ project, ids }: { readonly project: string; readonly ids: readonly string[] }) {
  const { t } = useText();
  const loaded = useQueries({ queries: ids.slice(0, MAX_RUNS).map((id) => queries.run(id)) });
  const failed = loaded.find((one) => one.isError);
  if (failed !== undefined)
    return <Failed error={failed.error} what={t('runs.compare')} retry={() => void failed.refetch()} />;
  const runs = loaded.map((one) => one.data).filter((one) => one !== undefined);
  if (runs.length < loaded.length) return <Waiting what={t('runs.compare')} />;
  const metrics = parted(runs, 'metrics');
  const params = parted(runs, 'params');
  const data = new Set(
    runs.map((one) =>
      one.inputs
        .map((input) => input.digest)
        .toSorted()
        .join(),
    ),
  );
  return (
    <>
      <Curves runs={runs} metrics={[...metrics.differ, ...metrics.equal]} />
      <MetricTable project={project} runs={runs} names={[...metrics.differ, ...metrics.equal]} />
      <Section
        title={t('compare.differs')}
        sub={t('compare.differs.sub', {
          n: params.differ.length,
          all: params.differ.length + params.equal.length,
          equal: params.equal.length,
        })}
      >
        {params.differ.length === 0 ? (
          <p className="mut">{t('compare.same')}</p>
        ) : (
          <ParamTable runs={runs} names={params.differ} mark />
        )}
        {params.equal.length === 0 ? null : (
          <details>
            <summary className="meta">{t('compare.equal', { n: params.equal.length })}</summary>
            <ParamTable runs={runs} names={params.equal} mark={false} />
          </details>
        )}
        <p className="meta">{t(data.size > 1 ? 'compare.data' : 'compare.samedata')}</p>
      </Section>
    </>
  );
}
