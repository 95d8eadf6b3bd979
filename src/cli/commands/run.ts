import { readProject } from '../../app/read-project.ts';
import { ensureServer } from '../../app/background.ts';
import { codeOf, MillwrightError } from '../../domain/errors.ts';
import { apiAt, unwrap } from '../client/client.ts';
import { followRun } from '../follow.ts';
import { estimate, safe } from '../output.ts';
import type { Flags, Session } from '../session.ts';

function settings(given: unknown): Record<string, string | number | boolean> {
  const pairs = Array.isArray(given) ? given.map(String) : [];
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1 || !pair.slice(0, at).includes('.'))
        throw new MillwrightError('MW-USAGE', `--set ${pair}: write step.param=value`, {
          next: 'mw run --set train.depth=6',
        });
      const text = pair.slice(at + 1);
      const value =
        text === 'true'
          ? true
          : text === 'false'
            ? false
            : text !== '' && Number.isFinite(Number(text))
              ? Number(text)
              : text;
      return [pair.slice(0, at), value];
    }),
  );
}

export async function run(session: Session, _args: readonly string[], flags: Flags): Promise<void> {
  const { config, out } = session;
  const set = settings(flags['set']);
  const { project, model } = await readProject(process.cwd());
  const server =
    (await session.server()) ??
    (config.url === undefined ? await ensureServer(config, process.cwd(), (line) => out.note(line)) : undefined);
  const url = config.url ?? server?.url ?? '';
  const client = apiAt(url, config.token);
  const { pipelineRun } = await unwrap(
    client.POST('/api/v1/projects/{name}/pipeline-runs', { params: { path: { name: project } }, body: { set } }),
  );
  const page = `${url}/p/${project}/pipelines/${project}/${pipelineRun.number}`;
  out.note(`${out.paint.bold(pipelineRun.id)}  ${page}`);
  if (flags['wait'] === false) {
    out.result({ pipelineRun, page }, () => [
      `${pipelineRun.id} has started.`,
      `next: mw logs ${pipelineRun.id} --follow`,
    ]);
    return;
  }
  const detail = await followRun(client, pipelineRun.id, out, model !== undefined);
  const done = detail.pipelineRun;
  if (done.status !== 'succeeded') {
    const failed = detail.steps.find((step) => step.status === 'failed');
    const told = done.error?.code ?? (done.status === 'cancelled' ? 'MW-CANCELLED' : 'MW-STEP-FAILED');
    throw new MillwrightError(codeOf(told), done.error?.message ?? `run ${done.number} was ${done.status}`, {
      where: done.error?.where ?? `${done.id}${failed === undefined ? '' : `/${failed.step}`}`,
      next: done.error?.next ?? `mw logs ${done.id}${failed === undefined ? '' : ` ${failed.step}`}`,
    });
  }
  const { result } = done;
  const version = result?.version === undefined ? undefined : await versionOf(client, detail, result.version);
  out.result({ pipelineRun: done, page, ...(version === undefined ? {} : { version }) }, () => {
    if (result === undefined) return [`${done.id} succeeded.`, `next: ${page}`];
    const metrics = Object.entries(version?.metrics ?? {})
      .slice(0, 4)
      .map(([key, value]) => `${key} ${estimate(value) ?? ''}`);
    const word =
      result.kind === 'accepted'
        ? out.paint.green('accepted')
        : result.kind === 'refused'
          ? out.paint.red('refused')
          : 'unchanged';
    return [
      `${version === undefined ? '' : `${version.model} v${version.number} `}${word}: ${safe(result.reason)}`,
      ...(metrics.length === 0 ? [] : [out.paint.dim(metrics.join(' · '))]),
      result.kind === 'accepted'
        ? 'next: mw deploy'
        : `next: mw models ${version?.model ?? ''}${version === undefined ? '' : `/${version.number}`}`,
    ];
  });
  if (result?.kind === 'refused') process.exitCode = 1;
}

async function versionOf(
  client: ReturnType<typeof apiAt>,
  detail: Awaited<ReturnType<typeof followRun>>,
  number: number,
) {
  const { models } = await unwrap(client.GET('/api/v1/models'));
  const { project } = detail.pipelineRun;
  for (const model of models) {
    const { versions } = await unwrap(client.GET('/api/v1/models/{name}', { params: { path: { name: model.name } } }));
    const found = versions.find(
      (one) => one.number === number && one.pipelineRunId?.startsWith(`${project}-`) === true,
    );
    if (found !== undefined) return found;
  }
  return undefined;
}
