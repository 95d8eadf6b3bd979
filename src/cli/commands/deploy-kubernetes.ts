import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { clusterState, manifests, planKubernetes } from '../../app/deploy-kubernetes.ts';
import type { ClusterAccess, KubernetesTarget } from '../../app/deploy-kubernetes.ts';
import type { ClusterChange } from '../../domain/cluster.ts';
import { MillwrightError } from '../../domain/errors.ts';
import { type Api, unwrap } from '../client/client.ts';
import { type Output, safe } from '../output.ts';
import { type Flags, type Session, textFlag } from '../session.ts';
import { whichEndpoint } from '../which-endpoint.ts';

const PATIENCE_MS = 300_000;
const SHOWN_FIELDS = 12;

function rangeOf(text: string): { readonly min: number; readonly max: number } {
  const [min = Number.NaN, max = min] = text.split('..').map(Number);
  return { min, max };
}

/** A repository gets the digest of the packaged image; a reference with a digest is taken as it is. */
function imageOf(given: string | undefined, digest: string | undefined, version: string): string {
  if (given?.includes('@') === true) return given;
  if (digest === undefined)
    throw new MillwrightError('MW-STATE', `${version} has no image`, {
      where: '--image',
      next: 'images are made for versions that passed their gates: mw run; or give one with --image registry/name@sha256:…',
    });
  if (given === undefined)
    throw new MillwrightError('MW-USAGE', 'a cluster pulls images from a registry: say where this one is', {
      where: '--image',
      next: `--image registry.example/team/model; put it there with: skopeo copy oci:<home>/images:${version.replace(' v', ':')} docker://registry.example/team/model`,
    });
  return `${given}@${digest}`;
}

async function targetOf(client: Api, name: string, flags: Flags): Promise<KubernetesTarget> {
  const { endpoint } = await unwrap(client.GET('/api/v1/endpoints/{name}', { params: { path: { name } } }));
  const serving = [...endpoint.releases].sort((a, b) => b.percent - a.percent)[0];
  const asked = textFlag(flags, 'version')?.replace(/^v/, '');
  const version = asked === undefined ? serving?.version : Number(asked);
  if (version === undefined || !Number.isInteger(version))
    throw new MillwrightError('MW-USAGE', `there is no version "${asked ?? ''}" to deploy`, {
      where: '--version',
      next: 'mw models',
    });
  const { image } = await unwrap(
    client.GET('/api/v1/models/{name}/versions/{version}', { params: { path: { name: endpoint.model, version } } }),
  );
  const canary = textFlag(flags, 'canary');
  return {
    name: textFlag(flags, 'name') ?? name.replaceAll(/[._]/g, '-'),
    namespace: textFlag(flags, 'namespace') ?? 'default',
    project: endpoint.project,
    model: endpoint.model,
    version,
    endpoint: name,
    image: imageOf(textFlag(flags, 'image'), image?.digest, `${endpoint.model} v${version}`),
    replicas: rangeOf(textFlag(flags, 'replicas') ?? '2..4'),
    cpu: textFlag(flags, 'cpu') ?? '500m',
    memory: textFlag(flags, 'memory') ?? '512Mi',
    kserve: flags['kserve'] === true,
    ...(canary === undefined ? {} : { canaryPercent: Number.parseFloat(canary) }),
  };
}

const shown = (value: unknown): string =>
  value === undefined ? '(none)' : safe(typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 80);

function changeLines({ sign, object, fields }: ClusterChange): readonly string[] {
  const more = fields.length - SHOWN_FIELDS;
  return [
    `  ${sign} ${safe(object)}`,
    ...fields.slice(0, SHOWN_FIELDS).map(({ path, from, to }) => `      ${safe(path)}: ${shown(from)} → ${shown(to)}`),
    ...(more > 0 ? [`      and ${more} more`] : []),
  ];
}

/** Follows until the new pods serve. */
async function follow(target: KubernetesTarget, access: ClusterAccess, out: Output): Promise<boolean> {
  const until = Date.now() + PATIENCE_MS;
  let told = '';
  while (Date.now() < until) {
    const state = await clusterState(target, access);
    if (state !== told) out.note(`  ${state}`);
    if (state === 'ready') return true;
    told = state;
    await sleep(1000);
  }
  return false;
}

export async function run({ api, out }: Session, args: readonly string[], flags: Flags): Promise<void> {
  const client = await api();
  const target = await targetOf(client, await whichEndpoint(client, args[0]), flags);
  const format = textFlag(flags, 'output');
  if (format !== undefined) {
    if (format !== 'yaml' && format !== 'json')
      throw new MillwrightError('MW-USAGE', `--output ${format} is not yaml or json`, { where: '--output' });
    const objects = manifests(target);
    const text =
      format === 'json'
        ? JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }, undefined, 2)
        : objects.map((object) => stringify(object)).join('---\n');
    out.note(
      `  they need the Secret ${target.name}-tokens: its tokens.json is a JSON list of the sha256 (hex) of the tokens`,
    );
    out.result({ objects }, () => [text]);
    return;
  }
  const context = textFlag(flags, 'context');
  const kubeconfig = textFlag(flags, 'kubeconfig');
  const access: ClusterAccess = {
    ...(context === undefined ? {} : { context }),
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    force: flags['force'] === true,
  };
  const plan = await planKubernetes(target, access);
  out.note(`  ${safe(plan.cluster)}, namespace ${target.namespace}`);
  for (const change of plan.changes) for (const line of changeLines(change)) out.note(line);
  const { cluster, changes, unchanged } = plan;
  if (unchanged || flags['plan'] === true) {
    out.result({ cluster, changes, unchanged }, () => [unchanged ? 'No changes.' : 'next: the same without --plan']);
    if (!unchanged) process.exitCode = 3;
    return;
  }
  const { token } = await plan.apply();
  const ready = flags['wait'] === false ? undefined : await follow(target, access, out);
  if (ready === false)
    throw new MillwrightError('MW-DEADLINE', `the pods were not ready in ${PATIENCE_MS / 60_000} minutes`, {
      where: `${target.namespace}/${target.name}`,
      next: `kubectl -n ${target.namespace} get pods -l app.kubernetes.io/instance=${target.name}`,
    });
  const address = `http://${target.name}.${target.namespace}:8080/v2/models/${target.endpoint}/infer`;
  out.result({ cluster, changes, unchanged, address, ...(token === undefined ? {} : { token }) }, () => [
    `${target.endpoint} v${target.version} runs in ${target.namespace}: ${address}`,
    ...(token === undefined
      ? []
      : [`token, shown this once: ${token}`, out.paint.dim('callers send it as: Authorization: Bearer <token>')]),
    `next: kubectl -n ${target.namespace} port-forward service/${target.name} 8080`,
  ]);
}
