/** What a deployment asks for, found: the endpoint's project and rules, and the version. */
import type { WantedVersion } from '../api/http/deps.ts';
import type { Endpoint } from '../domain/deployments.ts';
import { MillwrightError } from '../domain/errors.ts';
import type { EndpointSpec, ProjectSpec } from '../domain/project.ts';
import type { ModelVersion } from '../domain/registry.ts';
import { ENDPOINT_LIMITS, LOG_POLICY } from '../domain/serving.ts';
import type { LoopDeps } from './reactions/deps.ts';

/** Endpoints of registered models that no millwright.yaml names belong to this project. */
const NO_PROJECT = 'default';

export interface DeploymentTarget {
  readonly project: string;
  readonly spec: EndpointSpec;
  readonly version: ModelVersion;
  /** The outcome that guards on quality judge by. */
  readonly outcome?: string;
  /** What serves it becomes its model's champion: it belongs to the file of a project. */
  readonly champion: boolean;
}

/** No millwright.yaml names it: it serves what it was told to, also a challenger, and nobody asked for an alias to move. */
export async function isAlone(deps: Pick<LoopDeps, 'projects'>, endpoint: Endpoint): Promise<boolean> {
  if (endpoint.project !== NO_PROJECT) return false;
  // A project may have that very name.
  return !(await deps.projects.list()).some(({ spec }) => spec.endpoint?.name === endpoint.id);
}

/** The first outcome that a performance monitor of the project reads. */
export function outcomeOf(spec: ProjectSpec): string | undefined {
  return Object.values(spec.monitors).find((monitor) => monitor.kind === 'performance')?.outcome;
}

async function accepted(deps: LoopDeps, model: string): Promise<ModelVersion> {
  const [newest] = await deps.store.versions.find({ where: { model, verdict: 'accepted' }, limit: 1 });
  if (newest !== undefined) return newest;
  throw new MillwrightError('MW-NOT-FOUND', `model "${model}" has no accepted version`, {
    where: 'version',
    next: 'mw run',
  });
}

async function numbered(deps: LoopDeps, model: string, number: number): Promise<ModelVersion> {
  const version = await deps.store.versions.get(`${model}/${number}`);
  if (version === undefined || version.deletedAt !== undefined) {
    throw new MillwrightError('MW-NOT-FOUND', `model "${model}" has no version ${number}`, {
      where: 'version',
      next: `mw models ${model}`,
    });
  }
  if (version.verdict === 'refused') {
    throw new MillwrightError(
      'MW-GATE-REFUSED',
      `v${number} was refused: ${version.description ?? 'its gates did not pass'}. Production unchanged.`,
      { where: 'version', next: `mw models ${model}/${number}` },
    );
  }
  return version;
}

/** `name`, `name/3` or `name@alias`, also with MLflow's `models:/` before it. A bare name: its champion, else its newest ready version. */
async function registered(deps: LoopDeps, text: string): Promise<ModelVersion> {
  const asked = text.replace(/^models:\//, '');
  const byNumber = /^(.+)\/v?(\d+)$/.exec(asked);
  const byAlias = /^(.+)@([^@/]+)$/.exec(asked);
  const name = byNumber?.[1] ?? byAlias?.[1] ?? asked;
  const model = await deps.store.models.get(name);
  if (model === undefined)
    throw new MillwrightError('MW-NOT-FOUND', `no registered model "${name}"`, { where: 'model', next: 'mw models' });
  if (byNumber?.[2] !== undefined) return numbered(deps, name, Number(byNumber[2]));
  const alias = byAlias?.[2] ?? 'champion';
  const number = Object.hasOwn(model.aliases, alias) ? model.aliases[alias] : undefined;
  if (number !== undefined) return numbered(deps, name, number);
  if (byAlias !== null)
    throw new MillwrightError('MW-NOT-FOUND', `model "${name}" has no alias "${alias}"`, {
      where: 'model',
      next: `mw models ${name}`,
    });
  const versions = await deps.store.versions.find({ where: { model: name }, limit: 1000 });
  const newest = versions.find(
    (one) => one.deletedAt === undefined && one.status === 'READY' && one.verdict !== 'refused',
  );
  if (newest !== undefined) return newest;
  throw new MillwrightError('MW-NOT-FOUND', `model "${name}" has no version that could be served`, {
    where: 'model',
    next: `mw models ${name}`,
  });
}

/** An endpoint without a file: what `endpoint: { name }` would mean, and back if the new version fails. */
function plainSpec(name: string): EndpointSpec {
  if (!/^[a-z0-9][a-z0-9._-]{0,62}$/.test(name) || name.includes('..')) {
    throw new MillwrightError('MW-INVALID', `"${name}" cannot be an endpoint's name`, {
      where: 'name',
      next: 'use lower-case letters, digits, dot, underscore and dash, at most 63',
    });
  }
  const rollout = { strategy: 'canary', mirror: 100, steps: [10, 50, 100], hold: { ms: 60_000, calls: 100 } } as const;
  const text = 'error_rate > 1%';
  const clause = { left: 'error_rate', op: '>', right: { offset: 0.01 } } as const;
  return {
    name,
    rollout: { ...rollout, rollBackIf: [{ text, condition: { join: 'and', clauses: [clause] }, where: 'default' }] },
    limits: ENDPOINT_LIMITS,
    log: LOG_POLICY,
  };
}

/** Throws MW-NOT-FOUND, MW-GATE-REFUSED, MW-INVALID, MW-EXISTS for the endpoint of another model's project. */
export async function deploymentTarget(
  deps: LoopDeps,
  endpoint: string,
  wanted: WantedVersion,
): Promise<DeploymentTarget> {
  const specs = (await deps.projects.list()).map((project) => project.spec);
  const spec = specs.find((one) => one.endpoint?.name === endpoint);
  if (wanted.model !== undefined) {
    if (wanted.version !== undefined)
      throw new MillwrightError('MW-INVALID', 'give "model" with its version, or "version", not both', {
        where: 'version',
        next: `write for example: ${wanted.model}/${wanted.version}`,
      });
    const version = await registered(deps, wanted.model);
    if (spec?.endpoint === undefined)
      return { project: NO_PROJECT, spec: plainSpec(endpoint), version, champion: false };
    if (spec.model?.name !== version.model)
      throw new MillwrightError('MW-EXISTS', `the endpoint "${endpoint}" belongs to the project ${spec.project}`, {
        where: 'name',
        next: 'choose another name: mw deploy --model … --endpoint NAME',
      });
    return targetOf(spec, spec.endpoint, version);
  }
  if (spec?.endpoint !== undefined && spec.model !== undefined) {
    const { name } = spec.model;
    const version = await (wanted.version === undefined ? accepted(deps, name) : numbered(deps, name, wanted.version));
    return targetOf(spec, spec.endpoint, version);
  }
  const existing = await deps.store.endpoints.get(endpoint);
  if (existing?.project === NO_PROJECT) {
    const text = wanted.version === undefined ? existing.model : `${existing.model}/${wanted.version}`;
    return { project: NO_PROJECT, spec: plainSpec(endpoint), version: await registered(deps, text), champion: false };
  }
  const names = specs.flatMap((one) => (one.endpoint === undefined ? [] : [one.endpoint.name]));
  throw new MillwrightError(
    'MW-NOT-FOUND',
    `no project here has an endpoint "${endpoint}" (there are ${names.join(', ') || 'none'})`,
    {
      where: 'endpoint',
      next: 'add "endpoint: { name: … }" to millwright.yaml, or: mw deploy --model NAME@champion --endpoint NAME',
    },
  );
}

function targetOf(spec: ProjectSpec, endpoint: EndpointSpec, version: ModelVersion): DeploymentTarget {
  const outcome = outcomeOf(spec);
  return {
    project: spec.project,
    spec: endpoint,
    version,
    champion: true,
    ...(outcome === undefined ? {} : { outcome }),
  };
}
