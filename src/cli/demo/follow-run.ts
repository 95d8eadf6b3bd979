/** Starts a pipeline run and follows it to its judgement. */
import { setTimeout as wait } from 'node:timers/promises';
import { CodedError } from '../../platform/coded-error.ts';
import type { LoopClient, PipelineRunDetailView, PipelineRunView } from './loop-client.ts';

const POLL_MS = 300;
/** Between the end of the run and its judgement; the judgement is a handler of its own. */
const JUDGE_MS = 60_000;

type RunProgress = (share: number, text: string) => void;

/** What the running steps are doing: names, and the last line of an installation, which takes longest. */
async function describe(client: LoopClient, detail: PipelineRunDetailView): Promise<string> {
  const running = detail.steps.filter((step) => step.status === 'running');
  const names = running.map((step) => step.step).join(', ');
  const build = running.find((step) => step.kind === 'environment');
  if (build === undefined) return names;
  const log = await client.stepLog(detail.pipelineRun.id, build.step, 0).catch(() => undefined);
  const line = log?.text.trimEnd().split('\n').at(-1)?.trim() ?? '';
  return line === '' ? names : `${names}: ${line.slice(0, 120)}`;
}

/** Throws the run's own error when it fails, MW-STATE when it was cancelled or never judged. */
export async function followRun(
  client: LoopClient,
  project: string,
  set: Readonly<Record<string, string>>,
  progress: RunProgress,
  signal: AbortSignal,
): Promise<PipelineRunView> {
  const { id } = await client.startPipeline(project, set);
  let ended: number | undefined;
  for (;;) {
    const detail = await client.pipelineRun(id);
    const run = detail.pipelineRun;
    progress(run.stepsTotal === 0 ? 0 : run.stepsDone / run.stepsTotal, await describe(client, detail));
    if (run.status === 'failed' || run.status === 'cancelled') {
      const { code, message, where, next } = run.error ?? {
        code: 'MW-STATE',
        message: `run ${run.number} was ${run.status}`,
      };
      throw new CodedError(code, message, {
        ...(where === undefined ? {} : { where }),
        ...(next === undefined ? {} : { next }),
      });
    }
    if (run.status === 'succeeded') {
      if (run.result !== undefined) return run;
      ended ??= performance.now();
      if (performance.now() - ended > JUDGE_MS) {
        throw new CodedError('MW-STATE', `run ${run.number} ended well and was not judged`, { next: `mw logs ${id}` });
      }
    }
    await wait(POLL_MS, undefined, { signal });
  }
}
