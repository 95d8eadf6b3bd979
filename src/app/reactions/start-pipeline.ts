/** Starts a project's pipeline with today's champion to compare with. Used by triggers, the API and schedules. */
import type { PipelineRun, RunCause } from '../../domain/pipelines.ts';
import type { ModelVersion } from '../../domain/registry.ts';
import type { Context } from '../../ports/context.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import type { LoopDeps } from './deps.ts';

/** The version that the alias `champion` names, if the model has one. */
export async function championOf(store: MetadataStore, model: string | undefined): Promise<ModelVersion | undefined> {
  const registered = model === undefined ? undefined : await store.models.get(model);
  const number = registered?.aliases['champion'];
  return number === undefined ? undefined : store.versions.get(`${model}/${number}`);
}

export async function startPipeline(
  deps: Pick<LoopDeps, 'store' | 'projects' | 'pipelines'>,
  ctx: Context,
  project: string,
  cause: RunCause,
  set: Readonly<Record<string, string | number | boolean>>,
): Promise<PipelineRun> {
  const { spec, workspace } = await deps.projects.get(project);
  const champion = await championOf(deps.store, spec.model?.name);
  const { lineage } = champion ?? {};
  return deps.pipelines.start(ctx, {
    spec,
    workspace,
    cause,
    set,
    ...(champion === undefined || lineage === undefined
      ? {}
      : {
          champion: {
            version: champion.number,
            artifactDigest: lineage.artifactDigest,
            artifactName: lineage.artifactName,
          },
        }),
  });
}
