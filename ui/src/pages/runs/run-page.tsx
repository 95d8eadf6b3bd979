import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { addresses, numberOf } from '../../api/addresses.ts';
import { queries } from '../../api/queries.ts';
import type { Run, RunDetail } from '../../api/types.ts';
import { Curve } from '../../charts/curve.tsx';
import { Figure } from '../../charts/figure.tsx';
import { useText } from '../../i18n/use-text.tsx';
import { useNow } from '../../live/live-mark.tsx';
import { Facts } from '../../parts/facts.tsx';
import { Go } from '../../parts/go.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty, Loaded } from '../../parts/states.tsx';
import { Page } from '../page.tsx';
import { betterIs } from './metric-sense.ts';

function useAnswer(run: Run): string {
  const { t, f } = useText();
  const now = useNow(5000);
  const time = f.duration((run.endTime ?? now) - run.startTime);
  const metric = Object.keys(run.metrics).find(
    (one) => betterIs(one) !== undefined && typeof run.metrics[one] === 'number',
  );
  const best = metric === undefined ? '' : t('run.answer.best', { metric, value: f.num(Number(run.metrics[metric])) });
  switch (run.status) {
    case 'RUNNING':
    case 'SCHEDULED':
      return t('run.answer.running', { name: run.name, when: f.when(run.startTime) });
    case 'FINISHED':
      return t('run.answer.done', { name: run.name, time, best });
    case 'FAILED':
      return t('run.answer.failed', { name: run.name, time });
    case 'KILLED':
      return t('run.answer.killed', { name: run.name, time });
  }
}

/** One metric: its curve when it was logged more than once, else nothing (the table has the number). */
function MetricCurve({ run, metric }: { readonly run: Run; readonly metric: string }) {
  const { t, f } = useText();
  const history = useQuery(queries.history(run.id, metric, run.status === 'RUNNING')).data;
  if (history === undefined || history.points.length < 2) return null;
  const points = history.points.map((p) => ({ x: p.step, y: typeof p.value === 'number' ? p.value : null }));
  const last = points.findLast((p) => p.y !== null);
  return (
    <Figure
      caption={
        <>
          <b>{metric}</b>{' '}
          <span className="dim">
            {history.total > points.length
              ? t('run.sampled', { shown: points.length, total: history.total })
              : t('run.points', { n: history.total })}
          </span>
        </>
      }
      table={{ head: [t('run.step'), metric], rows: points.map((p) => [p.x, p.y ?? '']) }}
      firstWidth={380}
    >
      {(width) => (
        <Curve
          width={width}
          height={150}
          xKind="number"
          label={`${metric}: ${last?.y == null ? t('unknown') : f.num(last.y)}`}
          series={[{ name: last?.y == null ? '' : f.num(last.y), color: 'var(--ink)', points }]}
          format={(v, decimals) => f.num(v, decimals)}
        />
      )}
    </Figure>
  );
}

function Metrics({ run }: { readonly run: Run }) {
  const { t, f } = useText();
  const names = Object.keys(run.metrics).toSorted();
  if (names.length === 0) return <Empty title={t('run.metrics.none')} />;
  return (
    <table className="tight">
      <tbody>
        {names.map((name) => {
          const value = run.metrics[name];
          return (
            <tr key={name}>
              <td>{name}</td>
              <td className="num">
                <b title={String(value)}>{typeof value === 'number' ? f.num(value) : value}</b>
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Files({ run }: { readonly run: Run }) {
  const { t, f } = useText();
  const [path, setPath] = useState('');
  const files = useQuery(queries.artifacts(run.id, path));
  return (
    <Section title={t('run.artifacts')} sub={path === '' ? undefined : <code>{path}</code>}>
      <Loaded query={files} what={t('run.artifacts')}>
        {(data) => (
          <>
            {path === '' ? null : (
              <button type="button" className="link" onClick={() => setPath(path.split('/').slice(0, -1).join('/'))}>
                ↑ {t('run.up')}
              </button>
            )}
            {data.artifacts.length === 0 ? <p className="mut">{t('run.artifacts.none')}</p> : null}
            <table className="tight">
              <tbody>
                {data.artifacts.map((one) => (
                  <tr key={one.path}>
                    <td className="mono">
                      {one.isDir ? (
                        <button type="button" className="link" onClick={() => setPath(one.path)}>
                          {one.path.split('/').at(-1)}/
                        </button>
                      ) : (
                        one.path.split('/').at(-1)
                      )}
                    </td>
                    <td className="num meta">{one.bytes === undefined ? '' : f.bytes(one.bytes)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </>
        )}
      </Loaded>
    </Section>
  );
}

function Detail({ project, detail }: { readonly project: string; readonly detail: RunDetail }) {
  const { t, tx, f } = useText();
  const { run, inputs, versions } = detail;
  const answer = useAnswer(run);
  const pipeline = run.pipelineRunId === undefined ? undefined : numberOf(run.pipelineRunId);
  const mlflow = (name: string): boolean => name.startsWith('mlflow.');
  const tags = Object.entries(run.tags).toSorted(
    ([a], [b]) => Number(mlflow(a)) - Number(mlflow(b)) || a.localeCompare(b),
  );
  return (
    <>
      <PageHead
        title={run.name}
        answer={answer}
        lede={
          <>
            {t('run.lede', { when: f.full(run.startTime), experiment: run.experiment })}{' '}
            {pipeline === undefined
              ? null
              : tx('run.lede.pipeline', {
                  run: <Go to={addresses.pipelineRun(project, pipeline)}>{t('pipeline.name', { n: pipeline })}</Go>,
                })}{' '}
            {versions.length === 0
              ? null
              : tx('run.made', {
                  versions: versions.map((one, i) => (
                    <Go key={`${one.model}/${one.version}`} to={addresses.version(project, one.model, one.version)}>
                      {i === 0 ? '' : ', '}
                      {one.model} v{one.version}
                    </Go>
                  )),
                })}
          </>
        }
      />
      <div className="cols m372">
        <div>
          <Section first title={t('run.curves')} sub={Object.keys(run.metrics).length}>
            <div className="curves">
              {Object.keys(run.metrics)
                .toSorted()
                .slice(0, 24)
                .map((metric) => (
                  <MetricCurve key={metric} run={run} metric={metric} />
                ))}
            </div>
          </Section>
          <Files run={run} />
        </div>
        <div>
          <Section first title={t('run.metrics')} sub={t('compare.last')}>
            <Metrics run={run} />
          </Section>
          <Section title={t('run.params')} sub={Object.keys(run.params).length}>
            {Object.keys(run.params).length === 0 ? (
              <p className="mut">{t('run.params.none')}</p>
            ) : (
              <Facts
                rows={Object.entries(run.params)
                  .toSorted(([a], [b]) => a.localeCompare(b))
                  .map(([name, value]) => [name, <code key={name}>{value}</code>])}
              />
            )}
          </Section>
          <Section title={t('run.inputs')}>
            {inputs.length === 0 ? (
              <p className="mut">{t('run.inputs.none')}</p>
            ) : (
              <Facts
                rows={inputs.map((one) => [
                  one.name,
                  <code key={one.digest}>
                    {one.digest.slice(0, 16)}
                    {one.context === undefined ? '' : ` ${one.context}`}
                  </code>,
                ])}
              />
            )}
          </Section>
          <Section title={t('run.tags')} sub={tags.length}>
            <Facts
              rows={[
                [t('run.id'), <code key="id">{run.id}</code>],
                ...tags
                  .slice(0, 30)
                  .map(([name, value]) => [name, value.length > 160 ? `${value.slice(0, 160)}…` : value] as const),
              ]}
            />
          </Section>
        </div>
      </div>
    </>
  );
}

/** A run: its curves as they grow, and everything it was given. */
export function RunPage({ project, id }: { readonly project: string; readonly id: string }) {
  const detail = useQuery(queries.run(id));
  const { t } = useText();
  return (
    <Page query={detail} title={t('runs.run')}>
      {(data) => <Detail project={project} detail={data} />}
    </Page>
  );
}
