/**
 * The story every example tells: data, first model, the same again (nothing to do), live traffic with what comes of it, a mistake made on
 * purpose, the balance. Nothing in it is scripted but the order: alerts, retraining and refusals come from the server's own loop.
 */
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { CodedError } from '../../platform/coded-error.ts';
import { createChannel } from './event-channel.ts';
import { exampleData, prepareData } from './example-data.ts';
import { followRun } from './follow-run.ts';
import { grpcSender } from './infer-grpc.ts';
import { restSender } from './infer-rest.ts';
import type { PipelineRunView } from './loop-client.ts';
import { activity, eventTeller, settled } from './loop-watch.ts';
import { readReplay } from './replay-file.ts';
import { replay } from './replay.ts';
import type { ReplayState } from './replay.ts';
import { balance, turnsOf } from './story-balance.ts';
import type { Estimate, StoryDeps, StoryEvent, StoryResult, StorySpec } from './story.ts';

const LIVE_MS = 250;
const QUIET_MS = 90_000;
const SERVED_MS = 60_000;

type Tell = (event: StoryEvent) => void;

async function untilServed({ client, signal }: StoryDeps, spec: StorySpec, version: number | undefined): Promise<void> {
  for (const until = performance.now() + SERVED_MS; performance.now() < until; ) {
    const endpoint = await client.endpoint(spec.endpoint);
    const load = endpoint?.releases.find((release) => release.percent === 100);
    if (load !== undefined && (version === undefined || load.version === version)) return;
    await wait(200, undefined, { signal });
  }
  throw new CodedError(
    'MW-STATE',
    `the endpoint ${spec.endpoint} does not serve version ${version ?? ''} after a minute`,
    {
      next: `mw status; mw logs`,
    },
  );
}

/** Waits until the loop has nothing to do. False when it still had after the longest wait. */
async function untilQuiet({ client, signal }: StoryDeps, spec: StorySpec): Promise<boolean> {
  for (const until = performance.now() + QUIET_MS; performance.now() < until; ) {
    // a rollout without traffic stands still: it does not keep anybody waiting
    if ((await activity(client, spec)) !== 'pipeline') return true;
    await wait(300, undefined, { signal });
  }
  return false;
}

interface Newest {
  values: Readonly<Record<string, Estimate>>;
  breached: boolean;
}

/** Asks for events and the newest evaluation until stopped; a server that is away is asked again. */
async function narrate(
  deps: StoryDeps,
  spec: StorySpec,
  newest: Newest,
  when: () => string,
  tell: Tell,
  stop: AbortSignal,
): Promise<void> {
  const next = eventTeller(deps.client, spec.project);
  const once = async (): Promise<void> => {
    for (const happened of await next()) tell({ kind: 'happened', ...happened, when: when() });
    const [[evaluation], [drift]] = await Promise.all([
      deps.client.evaluations(spec.project, spec.monitor, 1),
      deps.client.evaluations(spec.project, spec.drift, 1),
    ]);
    if (evaluation === undefined) return;
    newest.values = { ...drift?.values, ...evaluation.values };
    newest.breached = evaluation.breached === true;
  };
  while (!stop.aborted) {
    await once().catch(() => undefined);
    await wait(500, undefined, { signal: stop }).catch(() => undefined);
  }
  await once().catch(() => undefined);
}

async function traffic(deps: StoryDeps, spec: StorySpec, tell: Tell): Promise<ReplayState> {
  const { client, folder, signal } = deps;
  const { period } = spec;
  const endpoint = await client.endpoint(spec.endpoint);
  if (endpoint === undefined) throw new CodedError('MW-STATE', `there is no endpoint ${spec.endpoint}`);
  const senders = [
    restSender(endpoint.restUrl, spec.endpoint, deps.headers),
    grpcSender(endpoint.grpcAddress, spec.endpoint, deps.headers),
  ];
  const data = exampleData(folder, spec.dataset, period.word);
  const newest: Newest = { values: {}, breached: false };
  const stop = new AbortController();
  let now = period.first;
  let shown = 0;
  const narrating = narrate(deps, spec, newest, () => `${period.word} ${now}`, tell, stop.signal);
  try {
    return await replay(
      {
        prefix: 'f',
        outcome: spec.outcome,
        origin: period.origin,
        periodMs: period.ms,
        first: period.first,
        last: period.last,
      },
      {
        moments: (number) =>
          readReplay(join(folder, 'data', 'replay'), `${period.word}-${String(number).padStart(2, '0')}.ndjson.gz`),
        senders,
        sendOutcomes: (outcomes) => client.sendOutcomes(spec.endpoint, outcomes),
        publish: data.publish,
        activity: () => activity(client, spec),
        settled: (boundary) => settled(client, spec, boundary),
        onMoment: (state) => {
          const mark = state.period === now ? undefined : spec.marks?.[state.period];
          now = state.period;
          if (mark !== undefined)
            tell({ kind: 'happened', tone: 'warning', text: mark, when: `${period.word} ${now}` });
          if (performance.now() - shown < LIVE_MS) return;
          shown = performance.now();
          const { requests, rows, failed, recent, byVersion } = state.traffic();
          const { at, outcomes } = state;
          tell({
            kind: 'live',
            share: state.share,
            figures: {
              where: `${period.word} ${state.period} of ${period.last}`,
              at,
              outcomes,
              requests,
              rows,
              failed,
              recent,
              byVersion,
              activity: state.activity,
              watched: spec.metric,
              values: newest.values,
              breached: newest.breached,
            },
          });
        },
      },
      spec.pace,
      signal,
    );
  } finally {
    stop.abort();
    await narrating;
    for (const sender of senders) sender.close();
  }
}

function said(run: PipelineRunView): string {
  return `${run.result?.kind ?? run.status}: ${run.result?.reason ?? ''}`;
}

async function playOut(deps: StoryDeps, spec: StorySpec, tell: Tell): Promise<StoryResult> {
  const { client, folder, signal } = deps;
  const begun = performance.now();
  const phase = (name: keyof StorySpec['texts']): ((share: number | undefined, text: string) => void) => {
    tell({ kind: 'phase', phase: name, text: spec.texts[name] });
    return (share, text) => tell({ kind: 'progress', phase: name, text, ...(share === undefined ? {} : { share }) });
  };

  const onData = phase('data');
  const python = await deps.python((line) => onData(undefined, line));
  await prepareData(python, folder, spec.prepare, onData, signal);
  await exampleData(folder, spec.dataset, spec.period.word).reset(spec.period.first);

  const first = await followRun(client, spec.project, {}, phase('first'), signal);
  tell({ kind: 'happened', tone: first.result?.kind === 'refused' ? 'bad' : 'good', text: said(first) });
  await untilServed(deps, spec, first.result?.version);

  const equal = await followRun(client, spec.project, {}, phase('equal'), signal);
  tell({ kind: 'happened', tone: 'info', text: said(equal) });

  phase('traffic');
  const state = await traffic(deps, spec, tell);
  const quiet = await untilQuiet(deps, spec);

  let broken: PipelineRunView | undefined;
  if (spec.broken !== undefined) {
    const champion = (await client.endpoint(spec.endpoint))?.releases.find(
      (release) => release.percent === 100,
    )?.version;
    broken = await followRun(client, spec.project, spec.broken.set, phase('broken'), signal);
    tell({
      kind: 'happened',
      tone: broken.result?.kind === 'refused' ? 'good' : 'bad',
      text: `${said(broken)} (live: version ${champion ?? '?'})`,
    });
  }

  phase('end');
  const [alerts, turns, endpoint] = await Promise.all([
    client.alerts(spec.project, 100),
    turnsOf(client, spec, first.number),
    client.endpoint(spec.endpoint),
  ]);
  const figures = state.traffic();
  return {
    expectations: balance({ spec, first, equal, broken, state, figures, alerts, turns, endpoint, quiet }),
    traffic: figures,
    alerts: alerts.map(({ since, text }) => ({ since, text })),
    turns,
    outcomes: state.outcomes,
    seconds: (performance.now() - begun) / 1000,
  };
}

/** Yields what happens; its return value is the balance. Ends early, by the error, when something cannot go on. */
export async function* tellStory(deps: StoryDeps, spec: StorySpec): AsyncGenerator<StoryEvent, StoryResult> {
  const channel = createChannel<StoryEvent>();
  let result: StoryResult | undefined;
  const playing = async (): Promise<void> => {
    try {
      result = await playOut(deps, spec, channel.push);
      channel.close();
    } catch (error) {
      channel.close(error);
    }
  };
  const running = playing();
  yield* channel;
  await running;
  if (result === undefined) throw new CodedError('MW-INTERNAL', 'the story ended without a balance');
  return result;
}
