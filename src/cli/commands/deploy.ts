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

/** Follows a rollout; a canary that holds for hours is left alone after the time given. */
async function follow(
  client: Api,
  name: string,
  id: string | undefined,
  out: Output,
  patienceMs: number,
): Promise<Followed> {
  const until = Date.now() + patienceMs;
  let told = '';
  for (;;) {
    const detail = await unwrap(client.GET('/api/v1/endpoints/{name}', { params: { path: { name } } }));
    const { endpoint } = detail;
    const line = endpoint.releases
      .filter((release) => release.percent > 0)
      .map((release) => `v${release.version} ${release.percent}%`)
      .join('  ');
    if (line !== told) out.note(`  ${line}`);
    told = line;
    // By its id: the endpoint itself names a rollout only while it runs.
    const rollout = detail.rollouts.find((one) => one.id === id);
    if (rollout?.status !== 'running' || Date.now() > until) return { endpoint, rollout };
    await sleep(250);
  }
}

export async function run({ api, out }: Session, args: readonly string[], flags: Flags): Promise<void> {
  const client = await api();
  const name = await whichEndpoint(client, args[0]);
  const asked = textFlag(flags, 'version');
  const body = asked === undefined ? {} : { version: Number(asked.replace(/^v/, '')) };
  if (body.version !== undefined && !Number.isInteger(body.version))
    throw new MillwrightError('MW-USAGE', `--version ${asked ?? ''} is not a number`, {
      next: 'mw models',
    });
  const params = { path: { name } };
  const plan = await unwrap(client.POST('/api/v1/endpoints/{name}/plan', { params, body }));
  for (const change of plan.changes) out.note(`  ${change.sign} ${safe(change.text)}`);
  if (plan.unchanged || flags['plan'] === true) {
    out.result(plan, () => [plan.unchanged ? 'No changes.' : `next: ${plan.command}`]);
    if (!plan.unchanged) process.exitCode = 3;
    return;
  }
  const started = await unwrap(client.POST('/api/v1/endpoints/{name}/deploy', { params, body }));
  const { endpoint, rollout } = await follow(client, name, started.rollout?.id, out, 60_000);
  if (rollout?.status === 'rolled-back') {
    throw new MillwrightError(
      'MW-GATE-REFUSED',
      `v${rollout.version} was taken back: ${rollout.reason ?? 'a guard tripped'}`,
      { where: name, next: `mw open endpoints/${name}` },
    );
  }
  out.result({ ...endpoint, ...(rollout === undefined ? {} : { rollout }) }, () => [
    `${name} answers at ${endpoint.restUrl}`,
    ...(rollout?.status === 'running'
      ? [`A canary is under way; it goes on by itself: mw open endpoints/${name}`]
      : []),
    `next: mw predict ${name}`,
  ]);
}
