/** A made-up game with a patch on day 25: days 1-14 train the first model, days 15-38 are replayed. */
import { tellStory } from './loop-story.ts';
import type { StoryDeps, StoryEvent, StoryResult, StorySpec } from './story.ts';

const DAY_MS = 86_400_000;

function championPicksSpec(fast: boolean): StorySpec {
  const last = fast ? 32 : 38;
  return {
    project: 'champion-picks',
    model: 'champion-picks',
    endpoint: 'champion-picks',
    monitor: 'accuracy',
    drift: 'drift',
    metric: 'accuracy',
    outcome: 'win',
    dataset: 'matches',
    prepare: ['generate.py'],
    period: { word: 'day', ms: DAY_MS, origin: Date.UTC(2026, 0, 1), first: 15, last },
    pace: { periodMs: fast ? 900 : 1300, duringPipeline: 2, duringRollout: 16, duringEvaluation: 6, settleMs: 15_000 },
    texts: {
      data: 'Play 91,200 picks of 38 days',
      first: 'Train on days 1 to 14, judge, package, release',
      equal: 'The same data again: there should be nothing to do',
      traffic: `Replay days 15 to ${last} as live traffic; the patch comes on day 25`,
      broken: '',
      end: 'The balance',
    },
    marks: { 25: 'the patch is live: strong champions are weak now, and weak ones strong' },
  };
}

export function championPicksStory(
  deps: StoryDeps,
  options: { readonly fast: boolean },
): AsyncGenerator<StoryEvent, StoryResult> {
  return tellStory(deps, championPicksSpec(options.fast));
}
