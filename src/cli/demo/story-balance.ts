/** The end of the story: every turn of the loop, and what must have held. */
import type { AlertView, EndpointView, LoopClient, PipelineRunView } from './loop-client.ts';
import type { ReplayState } from './replay.ts';
import type { Expectation, StorySpec, Turn } from './story.ts';
import type { TrafficFigures } from './traffic.ts';

const NO_METRICS = {};

/** Runs of this demo, oldest first, with their judgement. */
export async function turnsOf(client: LoopClient, spec: StorySpec, firstNumber: number): Promise<readonly Turn[]> {
  const runs = (await client.pipelineRuns(spec.project, 200)).filter((run) => run.number >= firstNumber);
  const events = await client.events(spec.project, ['rollout.promoted'], 200);
  const promotedAt = (version: number): number | undefined =>
    events.find((event) => event.type === 'rollout.promoted' && event.data['version'] === version)?.at;
  return Promise.all(
    runs.toReversed().map(async (run): Promise<Turn> => {
      const version = run.result?.version;
      const judged =
        version === undefined || run.result?.kind === 'unchanged'
          ? undefined
          : await client.version(spec.model, version);
      const promoted = version === undefined || run.cause.kind !== 'alert' ? undefined : promotedAt(version);
      return {
        run: run.id,
        cause: run.cause.text,
        result: run.result?.kind ?? run.status,
        reason: run.result?.reason ?? run.error?.message ?? '',
        trainMs: (run.endedAt ?? run.createdAt) - run.createdAt,
        metrics: judged?.version.metrics ?? NO_METRICS,
        championMetrics: judged?.championMetrics ?? NO_METRICS,
        ...(version === undefined ? {} : { version }),
        ...(promoted === undefined ? {} : { alertToChampionMs: promoted - run.createdAt }),
      };
    }),
  );
}

export interface BalanceInput {
  readonly spec: StorySpec;
  readonly first: PipelineRunView;
  readonly equal: PipelineRunView;
  readonly broken: PipelineRunView | undefined;
  readonly state: Pick<ReplayState, 'outcomes' | 'unsettled' | 'share'>;
  readonly figures: TrafficFigures;
  readonly alerts: readonly Pick<AlertView, 'text' | 'since'>[];
  readonly turns: readonly Turn[];
  readonly endpoint: EndpointView | undefined;
  readonly quiet: boolean;
}

export function balance(input: BalanceInput): readonly Expectation[] {
  const { spec, first, equal, broken, state, figures, alerts, turns, endpoint } = input;
  const promoted = turns.filter((turn) => turn.alertToChampionMs !== undefined);
  const champion = endpoint?.releases.find((release) => release.percent === 100);
  const dropped = endpoint?.log?.dropped ?? 0;
  const list: Expectation[] = [
    {
      what: 'the first model passed its gates and was served',
      held: first.result?.kind === 'accepted',
      detail: first.result?.reason ?? '',
    },
    {
      what: 'equal data and parameters were nothing to do',
      held: equal.result?.kind === 'unchanged',
      detail: equal.result?.reason ?? '',
    },
    {
      what: 'no request failed',
      held: figures.failed === 0 && figures.requests > 0 && state.share === 1,
      detail: `${figures.requests} requests with ${figures.rows} rows, ${figures.failed} failed${figures.failures.length === 0 ? '' : `: ${figures.failures.join('; ')}`}`,
    },
    {
      what: 'REST and gRPC both answered',
      held: Object.keys(figures.byProtocol).length === 2,
      detail: Object.entries(figures.byProtocol)
        .map(([name, count]) => `${name} ${count}`)
        .join(', '),
    },
    {
      what: 'every outcome arrived',
      held: state.outcomes.waiting === 0 && state.outcomes.sent > 0,
      detail: `${state.outcomes.sent} sent, ${state.outcomes.waiting} waiting`,
    },
    {
      what: 'no prediction was lost from the log',
      held: endpoint !== undefined && dropped === 0,
      detail: `${dropped} dropped`,
    },
    { what: 'every evaluation came in time', held: state.unsettled === 0, detail: `${state.unsettled} late` },
    { what: 'the monitor raised an alert', held: alerts.length > 0, detail: `${alerts.length} alerts` },
    {
      what: 'an alert led to a new champion',
      held: promoted.length > 0,
      detail: `${promoted.length} promoted, ${turns.filter((turn) => turn.result === 'refused').length} refused; live now: version ${champion?.version ?? '?'}`,
    },
    {
      what: 'the loop came to rest',
      held: input.quiet,
      detail: input.quiet ? '' : 'a pipeline run was still going on',
    },
  ];
  if (spec.broken !== undefined) {
    list.push({
      what: spec.broken.what,
      held: broken?.result?.kind === 'refused',
      detail: broken?.result?.reason ?? '',
    });
  }
  return list;
}
