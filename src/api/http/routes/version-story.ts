/** What is told of a version beside its own record: how aliases judged it, proofs, drift while it served, its card. */
import type { ColumnProfile } from '../../../domain/datasets.ts';
import { DRIFT_LIMITS } from '../../../domain/monitoring.ts';
import type {
  EnvironmentProof,
  Estimate,
  GateResult,
  ModelVersion,
  RegisteredModel,
} from '../../../domain/registry.ts';
import { measured, writeCard } from '../../../modules/registry/index.ts';
import type { ApiDeps } from '../deps.ts';
import { list } from './present.ts';

/** Newest evaluations of a monitor among which one of the version's time is looked for. */
const EVALUATIONS = 100;
const COLUMNS = 50;

export const gatesWire = (gates: readonly GateResult[]) =>
  gates.map((gate) => ({ ...gate, passed: gate.passed ?? null }));

/** Only what JSON can hold. */
export function finite(metrics: Readonly<Record<string, Estimate>>): Record<string, Estimate> {
  return Object.fromEntries(
    Object.entries(metrics).filter(([, { value }]) => Number.isFinite(value) && Math.abs(value) < Number.MAX_VALUE),
  );
}

export function proofWire({
  model: _model,
  version: _version,
  environmentId: _environment,
  log,
  ...proof
}: EnvironmentProof) {
  // The installer's lines explain a failure; of a success they would only be carried along.
  return proof.status === 'failed' && log !== undefined ? { ...proof, log } : proof;
}

async function limitsOf({ artifacts }: ApiDeps, digest: string | undefined): Promise<ReadonlyMap<string, number>> {
  if (digest === undefined || (await artifacts.stat(digest)) === undefined) return new Map();
  const profile = JSON.parse(new TextDecoder().decode(await artifacts.bytes(digest))) as readonly ColumnProfile[];
  return new Map(profile.flatMap((one) => (one.driftLimit === undefined ? [] : [[one.name, one.driftLimit]])));
}

/** The newest evaluation of each drift monitor that fell into the time in which a release of the version took calls. */
async function driftOf(deps: ApiDeps, version: ModelVersion, endpoints: readonly string[]) {
  const specs = await deps.projects.specs();
  const limits = await limitsOf(deps, version.lineage?.referenceDigest);
  const found = await Promise.all(
    endpoints.map(async (endpoint) => {
      const spec = specs.find((one) => one.endpoint?.name === endpoint);
      if (spec === undefined) return [];
      const releases = await deps.store.releases.find({
        where: { endpoint, model: version.model, version: version.number },
      });
      const own = new Set(releases.map((release) => release.id));
      const served = (await deps.lineage.served(endpoint)).filter((one) => own.has(one.releaseId));
      const monitors = Object.entries(spec.monitors).filter(([, monitor]) => monitor.kind === 'drift');
      const evaluations = await Promise.all(
        monitors.map(async ([name]) => {
          const newest = await deps.store.evaluations.find({
            where: { monitorId: `${spec.project}/${name}` },
            limit: EVALUATIONS,
          });
          return newest.find(
            (one) =>
              one.columns.length > 0 && served.some(({ from, to }) => from <= one.createdAt && one.createdAt < to),
          );
        }),
      );
      return evaluations.flatMap((one) =>
        one === undefined
          ? []
          : one.columns.slice(0, COLUMNS).map((column) => ({
              monitor: one.monitorId,
              column: column.column,
              score: column.effect,
              limit: Math.max(DRIFT_LIMITS[column.type], limits.get(column.column) ?? 0),
              at: one.createdAt,
            })),
      );
    }),
  );
  return found.flat().toSorted((a, b) => b.score / b.limit - a.score / a.limit);
}

export async function storyOf(deps: ApiDeps, model: RegisteredModel, version: ModelVersion) {
  const { store, proofs } = deps;
  const { lineage } = version;
  const [metrics, releases, kept, environment, run, ...datasets] = await Promise.all([
    measured(store, version),
    store.releases.find({ where: { model: model.id, version: version.number } }),
    proofs.proofsOf(model.id, version.number),
    lineage?.environmentId === undefined ? undefined : store.environments.get(lineage.environmentId),
    version.runId === undefined ? undefined : store.tracking.getRun(version.runId),
    ...(lineage?.datasetVersionIds ?? []).map((id) => store.datasetVersions.get(id)),
  ]);
  const endpoints = [...new Set(releases.map((release) => release.endpoint))];
  const params = lineage?.params ?? Object.fromEntries((run?.params ?? []).map(({ key, value }) => [key, value]));
  const card =
    version.card ??
    writeCard({
      version,
      aliases: Object.entries(model.aliases)
        .filter(([, number]) => number === version.number)
        .map(([alias]) => alias),
      description: model.description,
      metrics,
      params,
      datasets: datasets.filter((one) => one !== undefined),
      logged: (run?.datasets ?? []).map(({ dataset }) => ({ name: dataset.name, digest: dataset.digest })),
      environment,
      releases,
      proof: kept[0],
    });
  return {
    metrics: finite(metrics),
    params: { ...params },
    card,
    cardWritten: version.card !== undefined,
    aliasResults: Object.entries(version.aliasResults ?? {}).map(([alias, { at, actor, passed, gates }]) => ({
      alias,
      at,
      actor,
      passed,
      gates: gatesWire(gates),
    })),
    proofs: list(kept).map(proofWire),
    drift: await driftOf(deps, version, endpoints),
  };
}
