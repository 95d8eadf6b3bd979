/** The flights of New York in 2013: weeks 1-8 train the first model, the rest of the year is replayed. */
import { tellStory } from './loop-story.ts';
import type { StoryDeps, StoryEvent, StoryResult, StorySpec } from './story.ts';

const WEEK_MS = 7 * 86_400_000;

/** `fast`: to week 30, past the spring storms and the calm of May, for machines that test. */
export function flightsSpec(fast: boolean): StorySpec {
  return {
    project: 'flights',
    model: 'flights',
    endpoint: 'flights',
    monitor: 'calibration',
    drift: 'drift',
    metric: 'observed_expected',
    outcome: 'not_on_time',
    dataset: 'flights',
    prepare: ['prepare.py'],
    period: { word: 'week', ms: WEEK_MS, origin: Date.UTC(2013, 0, 1), first: 9, last: fast ? 30 : 52 },
    pace: { periodMs: fast ? 600 : 3000, duringPipeline: 2, duringRollout: 30, duringEvaluation: 4, settleMs: 20_000 },
    texts: {
      data: 'Prepare 336,776 flights of 2013 and their weather',
      first: 'Train on weeks 1 to 8, judge, package, release',
      equal: 'The same data again: there should be nothing to do',
      traffic: `Replay weeks 9 to ${fast ? 30 : 52} as live traffic, an outcome a day after each landing`,
      broken: 'A label join run too early, on purpose: it must be refused',
      end: 'The balance',
    },
    broken: { set: { 'features.label_join': 'early' }, what: 'the model from a broken label join was refused' },
  };
}

export function flightsStory(
  deps: StoryDeps,
  options: { readonly fast: boolean },
): AsyncGenerator<StoryEvent, StoryResult> {
  return tellStory(deps, flightsSpec(options.fast));
}
