/** Triton's model_repository extension: releases bring the models; a client may look, wake and free. */
import { MillwrightError } from '../../domain/errors.ts';
import type { Serving } from '../../modules/serving/index.ts';

type VersionView = ReturnType<Serving['view']>['versions'][number];

/** A cold model counts as ready: the call that comes first is answered, after the load. */
function stateOf({ state, ready }: VersionView): string {
  if (state === 'loading') return 'LOADING';
  return ready ? 'READY' : 'UNAVAILABLE';
}

/** One entry a known version. `readyOnly`: those that would answer. */
export function repositoryIndex(serving: Serving, readyOnly: boolean) {
  return serving.endpoints().flatMap(({ endpoint, versions }) =>
    versions
      .filter((entry) => !readyOnly || entry.ready)
      .map((entry) => ({
        name: endpoint,
        version: String(entry.version),
        state: stateOf(entry),
        reason: entry.reason ?? '',
      })),
  );
}

/** Would a call be answered? Without a version: by every version that the route sends calls to. Throws MW-NOT-FOUND. */
export function isModelReady(serving: Serving, endpoint: string, version: number | undefined): boolean {
  serving.signature(endpoint, version);
  return serving
    .view(endpoint)
    .versions.filter((entry) => (version === undefined ? entry.percent > 0 : entry.version === version))
    .every((entry) => entry.ready);
}

/** `parameters`: names only. Throws MW-NOT-FOUND, MW-MODEL-LOAD, MW-UNSUPPORTED for a model or a configuration that is sent along. */
export async function loadModel(serving: Serving, endpoint: string, parameters: readonly string[]): Promise<void> {
  const sent = parameters.find((name) => name === 'config' || name.startsWith('file:'));
  if (sent !== undefined) {
    throw new MillwrightError('MW-UNSUPPORTED', 'models come from releases, not over this protocol', {
      where: `parameters.${sent.slice(0, 200)}`,
      next: 'register the model and deploy it: mw deploy <model>',
    });
  }
  await serving.load(endpoint);
}
