import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { addresses } from '../../api/addresses.ts';
import { commands } from '../../api/commands.ts';
import { queries } from '../../api/queries.ts';
import type { PipelineRun, PipelineRunDetail, StepRun } from '../../api/types.ts';
import { Figure } from '../../charts/figure.tsx';
import { Gantt } from '../../charts/gantt.tsx';
import { Graph } from '../../charts/graph.tsx';
import { useText } from '../../i18n/use-text.tsx';
import { useKeys } from '../../keys/use-keys.ts';
import { useNow } from '../../live/live-mark.tsx';
import { Confirm } from '../../parts/confirm.tsx';
import { Facts } from '../../parts/facts.tsx';
import { Go } from '../../parts/go.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Section } from '../../parts/section.tsx';
import { Status } from '../../parts/status.tsx';
import { useToast } from '../../parts/toasts.tsx';
import { Page } from '../page.tsx';
import { VersionName } from '../version-name.tsx';
import { ganttRows } from './gantt-rows.ts';
import { graphNodes } from './graph-nodes.ts';
import { StepLog } from './step-log.tsx';

function useSentence(run: PipelineRun, steps: readonly StepRun[], now: number): ReactNode {
  const { t, tx, f } = useText();
  const time = f.duration((run.endedAt ?? now) - run.createdAt);
  const v = run.result?.version === undefined ? '' : <VersionName number={run.result.version} tone="next" />;
  const name = (step: StepRun | undefined): ReactNode => <b>{step?.step.replace(/^data:/, '') ?? ''}</b>;
  const failed = steps.find((one) => one.status === 'failed');
  switch (run.status) {
    case 'running': {
      const active = steps.find((one) => one.status === 'running');
      const slots = { step: name(active), done: run.stepsDone, total: run.stepsTotal };
      return tx(active === undefined ? 'prun.waiting' : 'prun.running', slots);
    }
    case 'failed':
      return tx('prun.failed', {
        step: name(failed),
        time,
        message: run.error?.message ?? failed?.error?.message ?? t('unknown'),
      });
    case 'cancelled':
      return t('prun.cancelled', { time, done: run.stepsDone, total: run.stepsTotal });
    case 'succeeded':
      if (run.result === undefined) return t('prun.succeeded', { total: run.stepsTotal, time });
      return tx(`prun.${run.result.kind}`, { v, time });
  }
}

function Stop({ run }: { readonly run: PipelineRun }) {
  const { t } = useText();
  const toast = useToast();
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const stop = useMutation({
    mutationFn: () => commands.cancelPipeline(run.id),
    onSuccess: () => toast({ text: t('prun.stop.done', { n: run.number }) }),
    onError: (error) => toast({ text: error.message, failed: true }),
    onSettled: () => void client.invalidateQueries({ queryKey: ['pipeline-runs'] }),
  });
  useKeys([{ keys: 's', label: t('prun.stop'), run: () => setOpen(true), command: `mw cancel ${run.id}` }]);
  return (
    <>
      <button type="button" className="btn" onClick={() => setOpen(true)}>
        {t('prun.stop')} <kbd>S</kbd>
      </button>
      <Confirm
        open={open}
        onClose={() => setOpen(false)}
        question={t('prun.stop.question', { n: run.number, project: run.project })}
        risk={t('prun.stop.risk')}
        plan={() =>
          Promise.resolve([
            { sign: '~', text: `run ${run.id}  running → cancelled` },
            { sign: '=', text: `${run.stepsDone} / ${run.stepsTotal}` },
          ])
        }
        planKey={['stop', run.id]}
        command={`mw cancel ${run.id}`}
        verb={t('prun.stop.verb', { n: run.number })}
        keep={t('prun.stop.keep')}
        onConfirm={() => stop.mutate()}
      />
    </>
  );
}

function StepFacts({
  project,
  run,
  step,
}: {
  readonly project: string;
  readonly run: PipelineRun;
  readonly step: StepRun;
}) {
  const { t, f } = useText();
  const list = (items: readonly string[]): ReactNode =>
    items.length === 0
      ? t('none')
      : items.map((one) => (
          <div key={one}>
            <code>{one}</code>
          </div>
        ));
  const params = Object.entries(step.params).map(([name, value]) => `${name} = ${String(value)}`);
  return (
    <Section title={t('prun.step', { name: step.step })}>
      <Facts
        rows={[
          [t('prun.command'), <code key="c">{step.command === '' ? step.kind : step.command}</code>],
          [t('prun.needs'), list(step.inputs.map((one) => one.name))],
          [
            t('prun.makes'),
            list(step.outputs.map((one) => `${one.name}${one.bytes === undefined ? '' : `  ${f.bytes(one.bytes)}`}`)),
          ],
          ...(params.length === 0 ? [] : [[t('prun.params'), list(params)] as const]),
          ...(step.reason === undefined ? [] : [[t('prun.why'), step.reason] as const]),
          ...(step.error === undefined
            ? []
            : [
                [
                  t('prun.error'),
                  <span key="e" className="c-fail">
                    {step.error.code}: {step.error.message}
                  </span>,
                ] as const,
              ]),
          ...(step.error?.next === undefined ? [] : [[t('prun.next'), step.error.next] as const]),
          [
            t('prun.tracking'),
            <Go key="r" to={addresses.run(project, run.trackingRunId)}>
              {run.trackingRunId.slice(0, 8)}
            </Go>,
          ],
          ...(run.commit === undefined
            ? []
            : [[t('prun.commit'), <code key="m">{run.commit.slice(0, 8)}</code>] as const]),
        ]}
      />
    </Section>
  );
}

interface LogTab {
  readonly step: string;
  readonly attempt: number | undefined;
}

/** A tab for each step that wrote something, one for each try where there were several. */
function logTabs(steps: readonly StepRun[], shown: string): readonly LogTab[] {
  return steps
    .filter((one) => one.attempts.length > 0 || one.step === shown)
    .flatMap((one): readonly LogTab[] =>
      one.attempts.length < 2
        ? [{ step: one.step, attempt: undefined }]
        : one.attempts.map((attempt) => ({ step: one.step, attempt: attempt.number })),
    );
}

function Detail({
  project,
  detail,
  stepName,
  tryNumber,
}: {
  readonly project: string;
  readonly detail: PipelineRunDetail;
  readonly stepName: string | undefined;
  readonly tryNumber: number | undefined;
}) {
  const text = useText();
  const { t, f } = text;
  const router = useRouter();
  const { pipelineRun: run, steps } = detail;
  const clock = useNow();
  const now = run.endedAt ?? clock;
  const step =
    steps.find((one) => one.step === stepName) ??
    steps.find((one) => one.status === 'running') ??
    steps.find((one) => one.status === 'failed') ??
    steps.findLast((one) => one.kind === 'command');
  const pick = (name: string, attempt?: number): void =>
    router.history.replace(
      `${addresses.pipelineRun(run.project, run.number)}?step=${encodeURIComponent(name)}${attempt === undefined ? '' : `&try=${attempt}`}`,
    );
  const rows = ganttRows(run, steps, step?.step ?? '', tryNumber, text, now);
  const spent = now - run.createdAt;
  const retried = steps.reduce((sum, one) => sum + Math.max(0, one.attempts.length - 1), 0);
  const sentence = useSentence(run, steps, now);
  return (
    <>
      <PageHead
        title={t('pipeline.name', { n: run.number })}
        answer={sentence}
        lede={
          <>
            {t('prun.lede', { when: f.when(run.createdAt), cause: run.cause.text })}{' '}
            {run.stepsReused === 0 ? '' : t('prun.reused', { n: run.stepsReused })}{' '}
            {retried === 0 ? '' : t('prun.retried', { n: retried })}{' '}
            {run.championVersion === undefined ? '' : t('prun.champion', { version: run.championVersion })}{' '}
            {run.result?.reason}
          </>
        }
        actions={run.status === 'running' ? <Stop run={run} /> : undefined}
      />
      <Section
        first
        title={t('prun.graph')}
        sub={t('prun.graph.sub')}
        right={
          <span className="acts hide-s">
            {(['reused', 'done', 'running', 'waits', 'failed'] as const).map((kind) => (
              <Status key={kind} kind={kind} size={12} />
            ))}
          </span>
        }
      >
        <Figure
          table={{
            head: [t('pipelines.steps'), t('pipelines.status'), t('prun.took')],
            rows: steps.map((one) => [
              one.step,
              t(`mark.${graphNodes([one], '', text, now)[0]?.mark ?? 'unknown'}`),
              one.startedAt === undefined ? '' : f.duration((one.endedAt ?? now) - one.startedAt),
            ]),
          }}
          firstWidth={1176}
        >
          {(width) => (
            <Graph
              width={width}
              nodes={graphNodes(steps, step?.step ?? '', text, now)}
              label={t('prun.graph.label', { steps: steps.map((one) => `${one.step} ${one.status}`).join(', ') })}
              onPick={(id) => pick(id)}
            />
          )}
        </Figure>
      </Section>
      <Section
        title={t('prun.time')}
        sub={t(run.status === 'running' ? 'prun.time.sub' : 'prun.time.all', { time: f.duration(spent) })}
      >
        <Figure
          corner="left"
          table={{
            head: [t('pipelines.steps'), t('prun.took'), t('prun.peak'), t('prun.cpu')],
            rows: rows.map((one) => [one.name, one.took, one.peak, one.cpu]),
          }}
          firstWidth={1176}
        >
          {(width) => (
            <Gantt
              rows={rows}
              width={width}
              from={run.createdAt}
              to={run.status === 'running' ? run.createdAt + spent * 1.15 : now}
              {...(run.status === 'running' ? { now } : {})}
              label={`${t('prun.gantt')}: ${rows.map((one) => `${one.name} ${one.took}`).join(', ')}`}
              heads={[t('prun.took'), t('prun.peak'), t('prun.cpu')]}
            />
          )}
        </Figure>
      </Section>
      {step === undefined ? null : (
        <div className="cols m300">
          <Section
            title={t('prun.log')}
            right={
              <span className="tabs" role="group" aria-label={t('prun.log')}>
                {logTabs(steps, step.step).map((one) => (
                  <button
                    key={`${one.step} ${one.attempt ?? ''}`}
                    type="button"
                    aria-pressed={
                      one.step === step.step &&
                      (one.attempt === undefined || one.attempt === (tryNumber ?? step.attempts.length))
                    }
                    onClick={() => pick(one.step, one.attempt)}
                  >
                    {one.attempt === undefined
                      ? one.step.replace(/^data:/, '')
                      : t('prun.try', { step: one.step, n: one.attempt })}
                  </button>
                ))}
              </span>
            }
          >
            <StepLog
              key={`${step.step} ${tryNumber ?? step.attempts.length}`}
              runId={run.id}
              step={step}
              attempt={tryNumber}
            />
          </Section>
          <StepFacts project={project} run={run} step={step} />
        </div>
      )}
    </>
  );
}

/** A pipeline run: what waits for what, where the time went, and the log as it is written. */
export function PipelineRunPage({
  project,
  number,
  step,
  tryNumber,
}: {
  readonly project: string;
  readonly number: number;
  readonly step: string | undefined;
  readonly tryNumber: number | undefined;
}) {
  const { t } = useText();
  const detail = useQuery(queries.pipelineRun(`${project}-${number}`));
  return (
    <Page query={detail} title={t('pipeline.name', { n: number })}>
      {(data) => <Detail project={project} detail={data} stepName={step} tryNumber={tryNumber} />}
    </Page>
  );
}
