/** Registered models and their versions: what each is made of and how it was judged. */
import { MillwrightError } from '../../../domain/errors.ts';
import type { ModelVersion, RegisteredModel } from '../../../domain/registry.ts';
import type { Handlers } from '../bind.ts';
import type { ApiDeps } from '../deps.ts';
import { estimates, list } from './present.ts';
import { finite, gatesWire, storyOf } from './version-story.ts';

type Mine = Pick<Handlers, 'models' | 'model' | 'version' | 'promote'>;

function wireSignature(signature: NonNullable<NonNullable<ModelVersion['lineage']>['signature']>) {
  const specs = (all: typeof signature.inputs) =>
    all.map((one) => ({ name: one.name, datatype: one.datatype, shape: list(one.shape) }));
  return { inputs: specs(signature.inputs), outputs: specs(signature.outputs) };
}

export function modelHandlers(deps: ApiDeps): Mine {
  const { store, artifacts, promote } = deps;
  async function knownModel(name: string): Promise<RegisteredModel> {
    const model = await store.models.get(name);
    if (model === undefined)
      throw new MillwrightError('MW-NOT-FOUND', `no registered model "${name}"`, {
        where: 'name',
        next: 'list them: mw models',
      });
    return model;
  }

  /** Live share of each version of a model, over its endpoints. */
  async function shares(model: string): Promise<ReadonlyMap<number, number>> {
    const endpoints = await store.endpoints.find({ limit: 1000 });
    const found = new Map<number, number>();
    for (const endpoint of endpoints.filter((one) => one.model === model)) {
      for (const weight of endpoint.weights)
        found.set(weight.version, Math.max(found.get(weight.version) ?? 0, weight.percent));
    }
    return found;
  }

  function summary(version: ModelVersion, model: RegisteredModel, live: ReadonlyMap<number, number>) {
    return {
      model: version.model,
      number: version.number,
      createdAt: version.createdAt,
      verdict: version.verdict,
      aliases: Object.entries(model.aliases)
        .filter(([, number]) => number === version.number)
        .map(([alias]) => alias),
      metrics: finite(version.metrics),
      gatesPassed: version.gates.filter((gate) => gate.passed === true).length,
      gatesTotal: version.gates.length,
      percent: live.get(version.number) ?? 0,
      ...(version.lineage === undefined ? {} : { pipelineRunId: version.lineage.pipelineRunId }),
      ...(version.description === undefined ? {} : { reason: version.description }),
    };
  }

  async function modelWire(model: RegisteredModel) {
    const [latest] = await store.versions.find({ where: { model: model.id }, limit: 1 });
    return {
      name: model.id,
      createdAt: model.createdAt,
      ...(model.description === undefined ? {} : { description: model.description }),
      aliases: { ...model.aliases },
      aliasGates: Object.fromEntries(
        Object.entries(model.aliasGates ?? {}).map(([alias, gates]) => [alias, [...gates]]),
      ),
      versions: await store.versions.count({ model: model.id }),
      ...(latest === undefined ? {} : { latest: summary(latest, model, await shares(model.id)) }),
    };
  }

  async function environmentWire(id: string | undefined) {
    const environment = id === undefined ? undefined : await store.environments.get(id);
    if (environment === undefined) return undefined;
    const { host } = environment;
    return {
      id: environment.id,
      python: environment.python,
      installer: environment.installer,
      os: host.os,
      kernel: host.kernel,
      ...(host.libc === undefined ? {} : { libc: host.libc }),
      cpu: host.cpu,
      gpus: host.gpus.map((gpu) => `${gpu.name}, driver ${gpu.driver}`),
      packages: environment.packages.map((one) => ({
        name: one.name,
        version: one.version,
        hashes: one.hashes.length,
      })),
    };
  }

  async function datasetsWire(ids: readonly string[]) {
    const found = await Promise.all(ids.map((id) => store.datasetVersions.get(id)));
    return found.flatMap((one) =>
      one === undefined
        ? []
        : [
            {
              id: one.id,
              name: one.name,
              digest: one.digest,
              rows: one.rows,
              bytes: one.bytes,
              columns: one.columns.length,
            },
          ],
    );
  }

  return {
    models: async () => {
      const models = await store.models.find({ limit: 1000 });
      // Prompts are kept as registered models by MLflow's clients; they are no models to deploy.
      const real = models.filter((model) => model.tags['mlflow.prompt.is_prompt'] === undefined);
      return { models: await Promise.all(real.map(modelWire)) };
    },
    model: async (_ctx, { params, query }) => {
      const model = await knownModel(params.name);
      const live = await shares(model.id);
      const versions = await store.versions.find({ where: { model: model.id }, limit: query.limit ?? 200 });
      return {
        model: await modelWire(model),
        versions: versions.filter((one) => one.deletedAt === undefined).map((one) => summary(one, model, live)),
      };
    },
    version: async (_ctx, { params }) => {
      const model = await knownModel(params.name);
      const version = await store.versions.get(`${params.name}/${params.version}`);
      if (version === undefined)
        throw new MillwrightError('MW-NOT-FOUND', `model "${params.name}" has no version ${params.version}`, {
          where: 'version',
        });
      const live = await shares(model.id);
      const { metrics, ...story } = await storyOf(deps, model, version);
      const { lineage } = version;
      const [environment, datasets, blob, images, releases] = await Promise.all([
        environmentWire(lineage?.environmentId),
        datasetsWire(lineage?.datasetVersionIds ?? []),
        lineage === undefined ? undefined : artifacts.stat(lineage.artifactDigest),
        store.images.find({ where: { model: model.id, version: version.number }, limit: 1 }),
        store.releases.find({ where: { model: model.id, version: version.number } }),
      ]);
      const endpoints = new Map(
        (await store.endpoints.find({ limit: 1000 })).map((endpoint) => [endpoint.id, endpoint]),
      );
      const image = images[0];
      return {
        version: { ...summary(version, model, live), metrics },
        ...(version.runId === undefined ? {} : { runId: version.runId }),
        source: version.source,
        stage: version.stage,
        tags: { ...version.tags },
        ...(version.description === undefined ? {} : { description: version.description }),
        ...story,
        gates: gatesWire(version.gates),
        ...(version.championVersion === undefined ? {} : { championVersion: version.championVersion }),
        championMetrics: estimates(version.championMetrics),
        ...(lineage === undefined || blob === undefined
          ? {}
          : { artifact: { name: lineage.artifactName, digest: blob.digest, bytes: blob.bytes } }),
        ...(lineage?.signature === undefined ? {} : { signature: wireSignature(lineage.signature) }),
        ...(lineage?.parity === undefined ? {} : { parity: { ...lineage.parity } }),
        datasets,
        ...(environment === undefined ? {} : { environment }),
        ...(lineage === undefined
          ? {}
          : {
              code: { digest: lineage.codeDigest, ...(lineage.commit === undefined ? {} : { commit: lineage.commit }) },
            }),
        ...(image === undefined
          ? {}
          : {
              image: {
                digest: image.id,
                bytes: image.bytes,
                buildMs: image.buildMs,
                layers: image.layers.map((layer) => ({ ...layer })),
              },
            }),
        releases: releases.map((release) => ({
          id: release.id,
          endpoint: release.endpoint,
          createdAt: release.createdAt,
          percent:
            endpoints.get(release.endpoint)?.weights.find((weight) => weight.releaseId === release.id)?.percent ?? 0,
        })),
      };
    },
    promote: async (ctx, { params, body }) => {
      await knownModel(params.name);
      await promote(ctx, params.name, params.version, body.alias);
      return { ok: true };
    },
  };
}
