/**
 * Which deleted things go, and which stay and why. Pure: the same facts give the same answer, so the dry run, the check inside the
 * transaction and a test ask the same function.
 */
import type { ModelVersion } from '../../domain/registry.ts';
import type { Facts } from './facts.ts';

export type RowKind = 'run' | 'experiment' | 'logged-model' | 'version';

export interface KeptThing {
  readonly kind: RowKind;
  readonly id: string;
  /** `version flights/3 was made from it, which alias champion points at` */
  readonly because: string;
}

export interface Decision {
  readonly runs: readonly string[];
  /** Also those that go with their run or experiment. */
  readonly loggedModels: readonly string[];
  readonly experiments: readonly string[];
  /** `<model>/<number>` */
  readonly versions: readonly string[];
  readonly images: readonly string[];
  readonly environments: readonly string[];
  readonly kept: readonly KeptThing[];
}

/** Experiment and run, or experiment and logged model, that a location or source points into. */
function placesOf(version: ModelVersion): { readonly runs: readonly string[]; readonly models: readonly string[] } {
  const runs: string[] = [];
  const models: string[] = [];
  for (const text of [version.location ?? '', version.source]) {
    const inRun =
      /^mlflow-artifacts:\/+\d+\/([0-9a-f]{32})(?:\/|$)/.exec(text)?.[1] ?? /^runs:\/+([0-9a-f]{32})/.exec(text)?.[1];
    const inModel = /^(?:mlflow-artifacts:\/+\d+\/models|models:)\/+(m-[0-9a-f]{32})/.exec(text)?.[1];
    if (inRun !== undefined) runs.push(inRun);
    if (inModel !== undefined) models.push(inModel);
  }
  return { runs, models };
}

/** What stands on a version: aliases, then endpoints that serve it, then releases made of it. */
function standings(facts: Facts): ReadonlyMap<string, string> {
  const said = new Map<string, string>();
  const say = (key: string, text: string): void => void (said.has(key) || said.set(key, text));
  for (const model of facts.models) {
    for (const [alias, number] of Object.entries(model.aliases)) {
      say(`${model.id}/${number}`, `alias ${alias} points at`);
    }
  }
  const releases = new Map(facts.releases.map((release) => [release.id, `${release.model}/${release.version}`]));
  for (const endpoint of facts.endpoints) {
    for (const { releaseId } of endpoint.weights) say(releases.get(releaseId) ?? '', `endpoint ${endpoint.id} serves`);
    const back = releases.get(endpoint.previous?.releaseId ?? '');
    if (back !== undefined) say(back, `endpoint ${endpoint.id} would roll back to`);
  }
  for (const rollout of facts.rollouts) {
    if (rollout.status !== 'running') continue;
    for (const id of [rollout.releaseId, rollout.fromReleaseId]) {
      say(releases.get(id ?? '') ?? '', `rollout ${rollout.id} is moving`);
    }
  }
  for (const [id, version] of releases) say(version, `release ${id} is made of`);
  return said;
}

export function decide(facts: Facts, cutoff: number): Decision {
  const standing = standings(facts);
  const reasons = new Map<string, string>();
  const reach = (kind: RowKind, id: string | undefined, because: string): void => {
    if (id !== undefined && !reasons.has(`${kind}:${id}`)) reasons.set(`${kind}:${id}`, because);
  };
  const why = (kind: RowKind, id: string): string | undefined => reasons.get(`${kind}:${id}`);

  // Versions first: they are what most other things stand on.
  const old = facts.versions.filter((version) => version.deletedAt !== undefined && version.deletedAt <= cutoff);
  const goneVersions = new Set<string>();
  for (const { id } of old) {
    const stands = standing.get(id);
    if (stands === undefined) goneVersions.add(id);
    else reach('version', id, `${stands} it`);
  }
  const pipelines = new Map(facts.pipelines.map((run) => [run.id, run]));
  for (const version of facts.versions) {
    if (goneVersions.has(version.id)) continue;
    const stands = standing.get(version.id);
    const name = `version ${version.id}`;
    const tail =
      stands === undefined ? (version.deletedAt === undefined ? '' : ', which was deleted later') : `, which ${stands}`;
    const made = `${name} was made from it${tail}`;
    const links = placesOf(version);
    for (const id of [
      version.runId,
      pipelines.get(version.lineage?.pipelineRunId ?? '')?.trackingRunId,
      ...links.runs,
    ]) {
      reach('run', id, made);
    }
    for (const id of [version.modelId, ...links.models]) reach('logged-model', id, made);
  }
  for (const run of facts.pipelines) {
    if (!run.running) continue;
    reach('run', run.trackingRunId, `pipeline run ${run.id} logs to it`);
    reach('run', run.championRunId, `pipeline run ${run.id} compares with it`);
  }

  const deadRuns = new Map(facts.deleted.filter((one) => one.kind === 'run').map((one) => [one.id, one]));
  for (const { runId, modelId } of facts.inputs) {
    reach('logged-model', modelId, `run ${runId.slice(0, 8)} took it as input`);
  }
  // A logged model that stays keeps the run that made it: without it nobody could say where it came from.
  const sources = new Map<string, string>(facts.followers.map((model) => [model.id, model.sourceRunId]));
  for (const one of facts.deleted) if (one.kind === 'logged-model') sources.set(one.id, one.sourceRunId ?? '');
  for (const [id, sourceRunId] of sources) {
    const because = why('logged-model', id);
    if (because !== undefined && sourceRunId !== '')
      reach('run', sourceRunId, `it made logged model ${id.slice(0, 10)}: ${because}`);
  }

  const runs = [...deadRuns.keys()].filter((id) => why('run', id) === undefined);
  const goneRuns = new Set(runs);
  const deadModels = facts.deleted.filter((one) => one.kind === 'logged-model').map((one) => one.id);
  const goneModels = new Set(deadModels.filter((id) => why('logged-model', id) === undefined));
  for (const { id, sourceRunId } of facts.followers) {
    if (goneRuns.has(sourceRunId) && why('logged-model', id) === undefined) goneModels.add(id);
  }

  const experiments: string[] = [];
  for (const one of facts.deleted) {
    if (one.kind !== 'experiment') continue;
    const inside = facts.contents.get(one.id);
    const run = inside?.runs.find((id) => !goneRuns.has(id));
    // A logged model of the experiment that no run made goes with the experiment.
    const model = inside?.loggedModels.find((id) => why('logged-model', id) !== undefined);
    if (one.id === '0') reach('experiment', one.id, 'the Default experiment always exists');
    else if (run !== undefined)
      reach('experiment', one.id, `run ${run.slice(0, 8)} in it is kept: ${why('run', run) ?? 'it was deleted later'}`);
    else if (model !== undefined)
      reach(
        'experiment',
        one.id,
        `logged model ${model.slice(0, 10)} in it is kept: ${why('logged-model', model) ?? ''}`,
      );
    else {
      experiments.push(one.id);
      for (const id of inside?.loggedModels ?? []) goneModels.add(id);
    }
  }

  const alive = new Set(facts.versions.filter((version) => !goneVersions.has(version.id)).map((version) => version.id));
  const released = new Set(facts.releases.map((release) => release.imageDigest));
  const images = facts.images
    .filter(
      (image) => image.createdAt <= cutoff && !alive.has(`${image.model}/${image.version}`) && !released.has(image.id),
    )
    .map((image) => image.id);
  const used = new Set([
    ...facts.pipelines.map((run) => run.environmentId),
    ...facts.versions.map((version) => version.lineage?.environmentId),
    ...facts.proofs.map((proof) => proof.environmentId),
    ...facts.releases.map((release) => release.environmentId),
  ]);
  const environments = facts.environments
    .filter((environment) => environment.createdAt <= cutoff && !used.has(environment.id))
    .map((environment) => environment.id);

  const kept: KeptThing[] = [];
  const keep = (kind: RowKind, id: string): void => {
    const because = why(kind, id);
    if (because !== undefined) kept.push({ kind, id, because });
  };
  for (const one of facts.deleted) keep(one.kind, one.id);
  for (const version of old) keep('version', version.id);
  return {
    runs,
    loggedModels: [...goneModels],
    experiments,
    versions: [...goneVersions],
    images,
    environments,
    kept,
  };
}
