/** Follows a pipeline run on the terminal: a line a step that redraws on a terminal, plain lines elsewhere. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Api, type Schemas, unwrap } from './client/client.ts';
import { duration, type Output, safe } from './output.ts';

type Step = Schemas['StepRun'];

const ARC = ['◜', '◝', '◞', '◟'];

function stepLine(out: Output, step: Step, tick: number): string {
  const { paint } = out;
  const took = step.startedAt === undefined ? '' : duration((step.endedAt ?? Date.now()) - step.startedAt);
  const marks: Readonly<Record<Step['status'], string>> = {
    waiting: paint.dim('○'),
    running: ARC[tick % ARC.length] ?? '◜',
    succeeded: step.reusedFrom === undefined ? paint.green('✓') : paint.dim('↺'),
    failed: paint.red('✗'),
    cancelled: paint.yellow('■'),
    skipped: paint.dim('–'),
  };
  const note = step.reusedFrom === undefined ? (step.error?.message ?? '') : `as in ${step.reusedFrom}`;
  return `  ${marks[step.status]} ${safe(step.step).padEnd(22)} ${paint.dim(`${took.padStart(9)}  ${safe(note)}`)}`;
}

/** Resolves when the run is over and, if a model comes of it (`judged`), its verdict is there or has been awaited for 10 s. */
export async function followRun(
  client: Api,
  id: string,
  out: Output,
  judged: boolean,
): Promise<Schemas['PipelineRunDetail']> {
  let drawn = 0;
  let overSince: number | undefined;
  const told = new Set<string>();
  for (let tick = 0; ; tick += 1) {
    const detail = await unwrap(client.GET('/api/v1/pipeline-runs/{id}', { params: { path: { id } } }));
    if (out.live) {
      if (drawn > 0) process.stderr.write(`\u001b[${drawn}A`);
      for (const step of detail.steps) process.stderr.write(`\u001b[2K${stepLine(out, step, tick)}\n`);
      drawn = detail.steps.length;
    } else {
      for (const step of detail.steps) {
        const key = `${step.step} ${step.status}`;
        if (step.status === 'waiting' || told.has(key)) continue;
        told.add(key);
        out.note(stepLine(out, step, tick));
      }
    }
    const { status, result } = detail.pipelineRun;
    if (status === 'failed' || status === 'cancelled' || result !== undefined) return detail;
    if (status === 'succeeded' && !judged) return detail;
    if (status === 'succeeded') {
      overSince ??= Date.now();
      if (Date.now() - overSince > 10_000) return detail;
    }
    await sleep(200);
  }
}
