import { useQuery } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { addresses, numberOf } from '../../api/addresses.ts';
import { queries } from '../../api/queries.ts';
import type { Run, RunDetail } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { useKeys } from '../../keys/use-keys.ts';
import { useNow } from '../../live/live-mark.tsx';
import { CopyButton } from '../../parts/command-line.tsx';
import { Facts } from '../../parts/facts.tsx';
import { Go, useGo } from '../../parts/go.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Section } from '../../parts/section.tsx';
import { StatusMark } from '../../parts/status-mark.tsx';
import { Empty } from '../../parts/states.tsx';
import { Page } from '../page.tsx';
import { useCopyLink } from './copy-link.ts';
import type { CurveView } from './curve-view.ts';
import { betterIs } from './metric-sense.ts';
import { RunCurves } from './run-curves.tsx';
import { RunEnvironment } from './run-environment.tsx';
import { RunFiles } from './run-files.tsx';
import { RunName } from './run-name.tsx';
import { RUN_MARKS } from './run-row.tsx';
import { runQueryString, viewOfRun, type RunSearch } from './run-search.ts';
import { RunTags } from './run-tags.tsx';
import '../../design/run.css';

const MOST_CHILDREN = 12;

function useAnswer(run: Run, name: ReactNode): ReactNode {
  const { t, tx, f } = useText();
  const now = useNow(5000);
  const time = f.duration((run.endTime ?? now) - run.startTime);
  const metric = Object.keys(run.metrics).find(
    (one) => betterIs(one) !== undefined && typeof run.metrics[one] === 'number',
  );
  const best = metric === undefined ? '' : t('run.answer.best', { metric, value: f.num(Number(run.metrics[metric])) });
  switch (run.status) {
    case 'RUNNING':
    case 'SCHEDULED':
      return tx('run.answer.running', { name, when: f.when(run.startTime) });
    case 'FINISHED':
      return tx('run.answer.done', { name, time, best });
    case 'FAILED':
      return tx('run.answer.failed', { name, time });
    case 'KILLED':
      return tx('run.answer.killed', { name, time });
  }
}

function Metrics({ run }: { readonly run: Run }) {
  const { t, f } = useText();
  const names = Object.keys(run.metrics)
    .filter((name) => !name.startsWith('system/'))
    .toSorted();
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

/** What led to the run and what it led to, in the words of who logged it. */
function Origin({ project, detail }: { readonly project: string; readonly detail: RunDetail }) {
  const { t, f } = useText();
  const { run, parent, children, versions, outputs } = detail;
  const pipeline = run.pipelineRunId === undefined ? undefined : numberOf(run.pipelineRunId);
  const commit = run.tags['mlflow.source.git.commit'];
  const source = run.tags['mlflow.source.name'];
  const rows: (readonly [string, ReactNode])[] = [
    [
      t('runs.status'),
      <span key="s" className="st">
        <StatusMark kind={RUN_MARKS[run.status]} /> {t(`runs.status.${run.status}`)}
      </span>,
    ],
    [t('runs.started'), f.full(run.startTime)],
  ];
  if (run.endTime !== undefined) rows.push([t('run.ended'), f.full(run.endTime)]);
  if (run.user !== undefined) rows.push([t('runs.by'), run.user]);
  if (source !== undefined) rows.push([t('run.source'), <code key="src">{source}</code>]);
  if (commit !== undefined)
    rows.push([
      t('run.commit'),
      <span key="c">
        <code title={commit}>{commit.slice(0, 12)}</code> <CopyButton text={commit} />
      </span>,
    ]);
  if (pipeline !== undefined)
    rows.push([
      t('run.pipeline'),
      <Go key="p" to={addresses.pipelineRun(project, pipeline)}>
        {t('pipeline.name', { n: pipeline })}
      </Go>,
    ]);
  if (parent !== undefined)
    rows.push([
      t('run.parent'),
      <Go key="pa" to={addresses.run(project, parent.id)}>
        {parent.name}
      </Go>,
    ]);
  if (versions.length > 0)
    rows.push([
      t('run.versions'),
      <span key="v">
        {versions.map((one) => (
          <Go key={`${one.model}/${one.version}`} to={addresses.version(project, one.model, one.version)}>
            {one.model} v{one.version}{' '}
          </Go>
        ))}
      </span>,
    ]);
  if (outputs.length > 0) rows.push([t('run.outputs'), outputs.map((one) => one.name).join(', ')]);
  rows.push([
    t('run.id'),
    <span key="id">
      <code>{run.id}</code> <CopyButton text={run.id} />
    </span>,
  ]);
  return (
    <div className="about">
      <Facts rows={rows} />
      {children.length === 0 ? null : (
        <>
          <p className="meta">
            {t('run.children', { n: children.length })}{' '}
            {children.length < 2 ? null : (
              <Go
                to={addresses.compare(
                  project,
                  children.slice(0, 50).map((one) => one.id),
                )}
              >
                {t('runs.compare')}
              </Go>
            )}
          </p>
          <ul>
            {children.slice(0, MOST_CHILDREN).map((one) => (
              <li key={one.id}>
                <Go to={addresses.run(project, one.id)}>{one.name}</Go>{' '}
                <span className="dim">{one.status.toLowerCase()}</span>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

interface DetailProps {
  readonly project: string;
  readonly detail: RunDetail;
  readonly search: RunSearch;
}

function Detail({ project, detail, search }: DetailProps) {
  const { t, f } = useText();
  const router = useRouter();
  const go = useGo();
  const copyLink = useCopyLink();
  const { run, inputs } = detail;
  const [renaming, setRenaming] = useState(false);
  const answer = useAnswer(run, <RunName run={run} editing={renaming} onEditing={setRenaming} />);
  const view = viewOfRun(search);
  const show = (next: CurveView, file: string): void =>
    router.history.replace(addresses.run(project, run.id) + runQueryString(next, file));
  const lineage = addresses.lineage(`run:${run.id}`);
  useKeys([
    { keys: 'y', label: t('link.copy'), run: copyLink },
    { keys: 'l', label: t('curves.log'), run: () => show({ ...view, log: !view.log }, search.file) },
    { keys: 'n', label: t('run.lineage'), run: () => go(lineage) },
    ...(run.deletedAt === undefined ? [{ keys: 'F2', label: t('run.rename'), run: () => setRenaming(true) }] : []),
  ]);
  return (
    <>
      <PageHead
        title={run.name}
        answer={answer}
        lede={
          <>
            {t('run.lede', { when: f.full(run.startTime), experiment: run.experiment })}
            {run.deletedAt === undefined ? '' : ` ${t('run.trashed', { when: f.when(run.deletedAt) })}`}
          </>
        }
        actions={
          <>
            <Go className="btn" to={lineage}>
              {t('run.lineage')} <kbd>N</kbd>
            </Go>
            <button type="button" className="btn" onClick={copyLink}>
              {t('link.copy')} <kbd>Y</kbd>
            </button>
            <CopyButton text={JSON.stringify(detail, null, 2)} label={t('run.json')} />
          </>
        }
      />
      <div className="cols m372">
        <div>
          <RunCurves detail={detail} view={view} onView={(next) => show(next, search.file)} />
          <RunFiles id={run.id} file={search.file} onFile={(file) => show(view, file)} />
        </div>
        <div>
          <Section first title={t('run.about')}>
            <Origin project={project} detail={detail} />
          </Section>
          <Section title={t('run.metrics')} sub={t('compare.last')}>
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
          <RunEnvironment id={run.id} />
          <RunTags run={run} />
        </div>
      </div>
    </>
  );
}

export interface RunPageProps {
  readonly project: string;
  readonly id: string;
  readonly search: RunSearch;
}

/** A run: its curves as they grow, and everything it was given and made. */
export function RunPage({ project, id, search }: RunPageProps) {
  const detail = useQuery(queries.run(id));
  const { t } = useText();
  return (
    <Page query={detail} title={t('runs.run')}>
      {(data) => <Detail project={project} detail={data} search={search} />}
    </Page>
  );
}
