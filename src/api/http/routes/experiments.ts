/** Which experiments a page's word for one means. */
import type { Experiment } from '../../../domain/tracking.ts';
import type { ApiDeps } from '../deps.ts';

const MAX_EXPERIMENTS = 10_000;

export async function allExperiments(
  { tracking }: Pick<ApiDeps, 'tracking'>,
  viewType: 'ACTIVE_ONLY' | 'ALL' = 'ACTIVE_ONLY',
): Promise<readonly Experiment[]> {
  const { items } = await tracking.searchExperiments({ maxResults: MAX_EXPERIMENTS, viewType });
  return items;
}

/** Those of that id or name; all when none is asked for. */
export const named = (all: readonly Experiment[], asked: string | undefined): readonly Experiment[] =>
  all.filter((one) => asked === undefined || one.id === asked || one.name === asked);
