import { setTimeout as sleep } from 'node:timers/promises';
import { MillwrightError } from '../../domain/errors.ts';
import { type Api, type Schemas, unwrap } from '../client/client.ts';
import { type Output, safe } from '../output.ts';
import { type Flags, type Session, textFlag } from '../session.ts';
import { whichEndpoint } from '../which-endpoint.ts';

interface Followed {
  readonly endpoint: Schemas['Endpoint'];
  readonly rollout: Schemas['Rollout'] | undefined;
}

/** How long a rollout is followed: an A/B test takes days, so only its start is. */
const PATIENCE_MS = { canary: 60_000, 'all-at-once': 60_000, shadow: 60_000, ab: 3000 } as const;

/** Follows a rollout; one that holds for hours is left alone after a while. */
async function follow(
  client: Api,
  name: string,
  started: Schemas['Rollout'] | undefined,
  out: Output,
): Promise<Followed> {
  const until = Date.now() + PATIENCE_MS[started?.strategy ?? 'canary'];
  let told = '';
  for (;;) {
    const detail = await unwrap(client.GET('/api/v1/endpoints/{name}', { params: { path: { name } } }));
    const { endpoint } = detail;
    const line = endpoint.releases
      .filter((release) => release.percent > 0 || release.role === 'shadow')
      .map((release) =>
        release.role === 'shadow'
          ? `v${release.version} answers copies of ${endpoint.mirror?.percent ?? 100}%`
          : `v${release.version} ${release.percent}%`,
      )
      .join('  ');
    if (line !== told) out.note(`  ${line}`);
    told = line;
    // By its id: the endpoint itself names a rollout only while it runs.
    const rollout = detail.rollouts.find((one) => one.id === started?.id);
    if (rollout?.status !== 'running' || Date.now() > until) return { endpoint, rollout };
    await sleep(250);
  }
}

/** What was asked for may be under way already: the server releases an accepted version by itself. */
async function runningOf(client: Api, name: string): Promise<Schemas['Rollout'] | undefined> {
  const { endpoint } = await unwrap(client.GET('/api/v1/endpoints/{name}', { params: { path: { name } } }));
  return endpoint.rollout?.status === 'running' ? endpoint.rollout : undefined;
}

/** What goes on without the terminal. */
function underWay(endpoint: Schemas['Endpoint'], rollout: Schemas['Rollout']): readonly string[] {
  const what = {
    canary: 'A canary is under way',
    'all-at-once': 'The new version is watched',
    shadow:
      endpoint.mirror === undefined
        ? 'The shadow held, and a canary is under way'
        : 'A shadow is under way: nobody gets its answers',
    ab: `An A/B test is under way: ${rollout.ab?.split ?? 50} % of the callers get v${rollout.version}`,
  }[rollout.strategy];
  return [
    `${what}${rollout.waits === undefined ? '' : ` (${safe(rollout.waits)})`}.`,
    `It goes on by itself: mw open endpoints/${endpoint.name}`,
  ];
}

/** `--version 3` of the endpoint's model, or `--model name@alias` of any registered one. */
function wantedOf(flags: Flags): { readonly version?: number; readonly model?: string } {
  const [asked, model] = [textFlag(flags, 'version'), textFlag(flags, 'model')];
  if (asked !== undefined && model !== undefined)
    throw new MillwrightError('MW-USAGE', 'give --model with its version, or --version, not both', {
      where: '--version',
      next: `mw deploy --model ${model.split(/[/@]/)[0] ?? model}/${asked}`,
    });
  if (model !== undefined) return { model };
  if (asked === undefined) return {};
  const version = Number(asked.replace(/^v/, ''));
  if (!Number.isInteger(version))
    throw new MillwrightError('MW-USAGE', `--version ${asked} is not a number`, {
      where: '--version',
      next: 'mw models',
    });
  return { version };
}

/** `--endpoint NAME` or the argument; of a model without either, the model's name. */
async function endpointOf(
  client: Api,
  args: readonly string[],
  flags: Flags,
  model: string | undefined,
): Promise<string> {
  const named = textFlag(flags, 'endpoint') ?? args[0];
  if (named !== undefined || model === undefined) return whichEndpoint(client, named);
  return model.replace(/^models:\//, '').split(/[/@]/)[0] ?? model;
}

export async function run(session: Session, args: readonly string[], flags: Flags): Promise<void> {
  const target = textFlag(flags, 'target');
  if (target === 'kubernetes') return (await import('./deploy-kubernetes.ts')).run(session, args, flags);
  if (target !== undefined)
    throw new MillwrightError('MW-USAGE', `there is no target "${target}"`, { where: '--target', next: 'kubernetes' });
  const { api, out } = session;
  const client = await api();
  const body = wantedOf(flags);
  const name = await endpointOf(client, args, flags, body.model);
  const params = { path: { name } };
  const plan = await unwrap(client.POST('/api/v1/endpoints/{name}/plan', { params, body }));
  for (const change of plan.changes) out.note(`  ${change.sign} ${safe(change.text)}`);
  const begun = plan.unchanged && flags['plan'] !== true ? await runningOf(client, name) : undefined;
  if (begun === undefined && (plan.unchanged || flags['plan'] === true)) {
    out.result(plan, () => [plan.unchanged ? 'No changes.' : `next: ${plan.command}`]);
    if (!plan.unchanged) process.exitCode = 3;
    return;
  }
  const started = begun ?? (await unwrap(client.POST('/api/v1/endpoints/{name}/deploy', { params, body }))).rollout;
  const { endpoint, rollout } = await follow(client, name, started, out);
  if (rollout?.status === 'rolled-back') {
    throw new MillwrightError(
      'MW-GATE-REFUSED',
      `v${rollout.version} was taken back: ${rollout.reason ?? 'a guard tripped'}`,
      { where: name, next: `mw open endpoints/${name}` },
    );
  }
  out.result({ ...endpoint, ...(rollout === undefined ? {} : { rollout }) }, () => [
    `${name} answers at ${endpoint.restUrl}`,
    ...(rollout?.status === 'running' ? underWay(endpoint, rollout) : []),
    `next: mw predict ${name}`,
  ]);
}
