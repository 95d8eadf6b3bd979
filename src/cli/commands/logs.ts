import { setTimeout as sleep } from 'node:timers/promises';
import { MillwrightError } from '../../domain/errors.ts';
import { type Api, type Schemas, unwrap } from '../client/client.ts';
import { type Output, safe } from '../output.ts';
import type { Flags, Session } from '../session.ts';

async function stepLog(client: Api, id: string, step: string, out: Output, follow: boolean): Promise<string> {
  let offset = 0;
  let all = '';
  for (;;) {
    const part = await unwrap(
      client.GET('/api/v1/pipeline-runs/{id}/steps/{step}/log', { params: { path: { id, step }, query: { offset } } }),
    );
    offset = part.next;
    if (out.json) all += part.text;
    else process.stdout.write(safe(part.text));
    if (part.text === '' && (part.done || !follow)) return all;
    if (part.text === '') await sleep(250);
  }
}

export async function run({ api, out }: Session, args: readonly string[], flags: Flags): Promise<void> {
  const client = await api();
  const newest = async (): Promise<string> => {
    const { pipelineRuns } = await unwrap(client.GET('/api/v1/pipeline-runs', { params: { query: { limit: 1 } } }));
    const id = pipelineRuns[0]?.id;
    if (id === undefined) throw new MillwrightError('MW-NOT-FOUND', 'there is no pipeline run yet', { next: 'mw run' });
    return id;
  };
  const id = args[0] ?? (await newest());
  const detail: Schemas['PipelineRunDetail'] = await unwrap(
    client.GET('/api/v1/pipeline-runs/{id}', { params: { path: { id } } }),
  );
  const steps = detail.steps.filter((step) =>
    args[1] === undefined
      ? step.attempts.length > 0 || step.status === 'running' || flags['follow'] === true
      : step.step === args[1],
  );
  if (steps.length === 0) {
    throw new MillwrightError(
      'MW-NOT-FOUND',
      `run ${id} has no log${args[1] === undefined ? '' : ` of a step "${args[1]}"`}`,
      { next: `steps: ${detail.steps.map((step) => step.step).join(', ')}` },
    );
  }
  const logs: { step: string; text: string }[] = [];
  for (const step of steps) {
    if (!out.json && steps.length > 1)
      process.stdout.write(`${out.paint.bold(`── ${safe(step.step)} `)}${out.paint.dim(step.status)}\n`);
    logs.push({ step: step.step, text: await stepLog(client, id, step.step, out, flags['follow'] === true) });
  }
  if (out.json) out.result({ run: id, logs }, () => []);
}
