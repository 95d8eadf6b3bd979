import { ScrollX } from '../../parts/scroll-x.tsx';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { addresses } from '../../api/addresses.ts';
import { commands } from '../../api/commands.ts';
import { queries } from '../../api/queries.ts';
import type { PipelineRun } from '../../api/types.ts';
import { useText } from '../../i18n/use-text.tsx';
import { useRowKeys } from '../../keys/use-row-keys.ts';
import { useNow } from '../../live/live-mark.tsx';
import { Confirm } from '../../parts/confirm.tsx';
import { Go, useGo } from '../../parts/go.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty } from '../../parts/states.tsx';
import { Status } from '../../parts/status.tsx';
import { useToast } from '../../parts/toasts.tsx';
import { Page } from '../page.tsx';
import { runMark } from './step-marks.ts';

function Start({ project }: { readonly project: string }) {
  const { t } = useText();
  const go = useGo();
  const toast = useToast();
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const viewer = useQuery(queries.server()).data?.who.role === 'viewer';
  const start = useMutation({
    mutationFn: () => commands.startPipeline(project),
    onSuccess: ({ pipelineRun }) => {
      toast({ text: t('pipelines.start.done', { n: pipelineRun.number }) });
      go(addresses.pipelineRun(project, pipelineRun.number));
    },
    onError: (error) => toast({ text: error.message, failed: true }),
    onSettled: () => void client.invalidateQueries({ queryKey: ['pipeline-runs'] }),
  });
  return (
    <>
      <button
        type="button"
        className="btn"
        onClick={() => setOpen(true)}
        disabled={viewer || start.isPending}
        title={viewer ? t('endpoint.viewer') : undefined}
      >
        {t('pipelines.start')}
      </button>
      <Confirm
        open={open}
        onClose={() => setOpen(false)}
        question={t('pipelines.start.question', { project })}
        risk={t('pipelines.start.risk')}
        plan={() =>
          Promise.resolve([
            { sign: '+', text: t('pipelines.start.plan', { project }) },
            { sign: '=', text: t('pipelines.start.same') },
          ])
        }
        planKey={['start', project]}
        command="mw run"
        verb={t('pipelines.start.verb')}
        keep={t('pipelines.start.keep')}
        onConfirm={() => start.mutate()}
      />
    </>
  );
}

function List({ project, runs }: { readonly project: string; readonly runs: readonly PipelineRun[] }) {
  const { t, f } = useText();
  const current = useRowKeys(runs.map((one) => addresses.pipelineRun(one.project, one.number)));
  const now = useNow(5000);
  const last = runs[0];
  return (
    <>
      <PageHead
        title={t('nav.pipelines')}
        answer={
          last === undefined
            ? t('pipelines.none')
            : t('pipelines.answer', {
                n: runs.length,
                status: t(`pipeline.${last.status}`),
                when: f.when(last.endedAt ?? last.createdAt),
              })
        }
        lede={last?.result?.reason}
        actions={project === '-' ? undefined : <Start project={project} />}
      />
      <Section first title={t('nav.pipelines')} sub={runs.length}>
        {runs.length === 0 ? (
          <Empty title={t('pipelines.none')} text={t('pipelines.none.text')} command="mw run" />
        ) : (
          <ScrollX>
            <table>
              <thead>
                <tr>
                  <th scope="col">{t('pipelines.run')}</th>
                  <th scope="col">{t('pipelines.status')}</th>
                  <th scope="col">{t('pipelines.result')}</th>
                  <th scope="col" className="hide-s">
                    {t('pipelines.cause')}
                  </th>
                  <th scope="col" className="num hide-s">
                    {t('pipelines.steps')}
                  </th>
                  <th scope="col" className="num hide-s">
                    {t('pipelines.took')}
                  </th>
                  <th scope="col" className="num">
                    {t('pipelines.started')}
                  </th>
                </tr>
              </thead>
              <tbody>
                {runs.map((run, i) => (
                  <tr key={run.id} className={i === current ? 'cur' : undefined}>
                    <td className="nw">
                      <Go to={addresses.pipelineRun(run.project, run.number)}>
                        {project === '-' ? run.id : t('pipeline.name', { n: run.number })}
                      </Go>
                    </td>
                    <td>
                      <Status kind={runMark(run)} word={t(`pipeline.${run.status}`)} />
                    </td>
                    <td className="wrap">
                      {run.result === undefined ? (
                        <span className="mut">{run.error?.message}</span>
                      ) : (
                        <>
                          {run.result.version === undefined ? null : <b>v{run.result.version} </b>}
                          {t(`pipeline.result.${run.result.kind}`)}{' '}
                          <span className="dim">{run.result.kind === 'refused' ? run.result.reason : ''}</span>
                        </>
                      )}
                    </td>
                    <td className="hide-s mut wrap">{run.cause.text}</td>
                    <td className="num hide-s">
                      {run.stepsDone}/{run.stepsTotal}{' '}
                      <span className="ci">
                        {run.stepsReused === 0 ? '' : t('pipelines.reused', { n: run.stepsReused })}
                      </span>
                    </td>
                    <td className="num hide-s">{f.duration((run.endedAt ?? now) - run.createdAt)}</td>
                    <td className="num meta">{f.when(run.createdAt)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </ScrollX>
        )}
      </Section>
    </>
  );
}

export function PipelinesPage({ project }: { readonly project: string }) {
  const { t } = useText();
  const runs = useQuery(queries.pipelineRuns(project));
  return (
    <Page query={runs} title={t('nav.pipelines')}>
      {(data) => <List project={project} runs={data.pipelineRuns} />}
    </Page>
  );
}
