/**
 * Sends prepared moments as live traffic, time compressed: event time runs through the data while the wall clock runs through `pace`.
 * Requests go one after the other, so the prediction log is in the order of event time. Traffic never stops: while the loop
 * works on something it goes on at a lower rate, because replayed weeks must not fly by while a model is trained.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { errorTextOf } from './error-text.ts';
import type { InferSender } from './infer-call.ts';
import { createOutcomePost } from './outcome-post.ts';
import type { SentOutcome } from './outcome-post.ts';
import type { ReplayMoment } from './replay-file.ts';
import { createTraffic } from './traffic.ts';
import type { TrafficFigures } from './traffic.ts';

/** What the loop is doing; the rate follows it. */
export type Activity = 'none' | 'pipeline' | 'rollout';

/** Periods (weeks, days) of equal length, numbered; period n starts at `origin + (n - 1) * periodMs` of event time. */
interface ReplayPlan {
  /** First part of every request id. */
  readonly prefix: string;
  readonly outcome: string;
  readonly origin: number;
  readonly periodMs: number;
  readonly first: number;
  readonly last: number;
}

export interface ReplayPace {
  /** Wall time of one period when the loop is idle. */
  readonly periodMs: number;
  readonly duringPipeline: number;
  readonly duringRollout: number;
  /** Requests a second until the evaluation of a boundary exists. */
  readonly duringEvaluation: number;
  /** The longest wait for that evaluation. */
  readonly settleMs: number;
}

export interface ReplayDeps {
  readonly moments: (period: number) => Promise<readonly ReplayMoment[]>;
  /** Used in turn. */
  readonly senders: readonly InferSender[];
  readonly sendOutcomes: (outcomes: readonly SentOutcome[]) => Promise<void>;
  /** The outcomes of this period are known now: its data may be used. */
  readonly publish: (period: number) => Promise<void>;
  readonly activity: () => Promise<Activity>;
  /** Has everything that is evaluated at this moment of event time been evaluated, and its consequence begun? */
  readonly settled: (boundary: number) => Promise<boolean>;
  readonly onMoment: (state: ReplayState) => void;
}

export interface ReplayState {
  readonly period: number;
  /** Event time of the newest request, ms. */
  readonly at: number;
  /** Of the whole replay, 0 to 1. */
  readonly share: number;
  readonly activity: Activity | 'evaluation';
  readonly outcomes: { readonly sent: number; readonly waiting: number; readonly retries: number };
  /** Boundaries whose evaluation did not come in time. */
  readonly unsettled: number;
  readonly traffic: () => TrafficFigures;
}

const POLL_MS = 200;
const DAY_MS = 86_400_000;
/** Longest wait before the rate is looked at again. */
const SLICE_MS = 50;
const OUTCOME_WAIT_MS = 3000;

interface Weather {
  activity: Activity;
  awaiting: { readonly boundary: number; readonly until: number } | undefined;
  unsettled: number;
}

/** Waits, or less when aborted. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal }).catch(() => undefined);
}

/** Asks what the loop is doing until told to stop. A control plane that is away counts as idle: traffic does not depend on it. */
async function watch(weather: Weather, deps: ReplayDeps, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const awaiting = weather.awaiting;
      const settled = awaiting !== undefined && (await deps.settled(awaiting.boundary));
      // the activity is read before the wait ends, so that no full-speed moment slips between
      weather.activity = await deps.activity();
      if (settled) weather.awaiting = undefined;
    } catch {
      weather.activity = 'none';
    }
    if (weather.awaiting !== undefined && performance.now() > weather.awaiting.until) {
      weather.awaiting = undefined;
      weather.unsettled += 1;
    }
    await pause(POLL_MS, signal);
  }
}

/** Milliseconds between two requests now. */
export function gapMs(pace: ReplayPace, activity: Activity | 'evaluation', momentsInPeriod: number): number {
  const full = pace.periodMs / Math.max(1, momentsInPeriod);
  if (activity === 'none') return full;
  const rate =
    activity === 'pipeline' ? pace.duringPipeline : activity === 'rollout' ? pace.duringRollout : pace.duringEvaluation;
  return Math.max(full, 1000 / rate);
}

export async function replay(
  plan: ReplayPlan,
  deps: ReplayDeps,
  pace: ReplayPace,
  signal: AbortSignal,
): Promise<ReplayState> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const weather: Weather = { activity: 'none', awaiting: undefined, unsettled: 0 };
  const watching = watch(weather, deps, both);
  const traffic = createTraffic();
  const post = createOutcomePost(deps.sendOutcomes, (ms) => pause(ms, both), both);
  const periods = plan.last - plan.first + 1;
  const start = (period: number): number => plan.origin + (period - 1) * plan.periodMs;
  let sentAt = performance.now() - pace.periodMs;
  let turn = 0;
  let day = -1;
  const unpublished: number[] = [];
  const now = (): Activity | 'evaluation' =>
    weather.activity !== 'none' ? weather.activity : weather.awaiting === undefined ? 'none' : 'evaluation';
  const stateAt = (period: number, at: number): ReplayState => ({
    period,
    at,
    share: Math.min(1, Math.max(0, (at - start(plan.first)) / (periods * plan.periodMs))),
    activity: now(),
    outcomes: { sent: post.sent, waiting: post.waiting, retries: post.retries },
    unsettled: weather.unsettled,
    traffic: traffic.figures,
  });

  async function sendOne(moment: ReplayMoment, id: string): Promise<void> {
    const sender = deps.senders[turn++ % deps.senders.length];
    if (sender === undefined) return;
    const begun = performance.now();
    try {
      const version = await sender.send({ id, moment });
      traffic.answered(moment.rows, performance.now() - begun, version, sender.protocol);
      post.add(
        moment.outcomes.map((value, row) => ({
          predictionId: `${id}/${row}`,
          name: plan.outcome,
          value,
          time: moment.knownAt[row] ?? moment.at,
        })),
      );
    } catch (error) {
      traffic.failed(moment.rows, errorTextOf(error), sender.protocol);
    }
  }

  async function awaited(): Promise<void> {
    while (weather.awaiting !== undefined && !signal.aborted) await pause(SLICE_MS, signal);
  }

  /** Not while a run reads the data: files that change under its hands make it fail, rightly. They come when it has ended. */
  async function publishDue(): Promise<void> {
    if (weather.activity === 'pipeline') return;
    for (let due = unpublished.shift(); due !== undefined; due = unpublished.shift()) await deps.publish(due);
  }

  async function turnOfPeriod(period: number): Promise<void> {
    if (period === plan.first) return;
    // one boundary after the other: a short period must not overtake its own evaluation
    await awaited();
    const boundary = start(period);
    post.post(boundary);
    // the first request after the boundary lets it be evaluated: what was known by then has to be there before
    await post.delivered(OUTCOME_WAIT_MS);
    unpublished.push(period - 1);
    await publishDue();
    weather.awaiting = { boundary, until: performance.now() + pace.settleMs };
  }

  let last = stateAt(plan.first, start(plan.first));
  try {
    for (let period = plan.first; period <= plan.last && !signal.aborted; period += 1) {
      const moments = await deps.moments(period);
      await turnOfPeriod(period);
      for (const [index, moment] of moments.entries()) {
        for (;;) {
          const left = sentAt + gapMs(pace, now(), moments.length) - performance.now();
          if (left <= 0 || signal.aborted) break;
          await pause(Math.min(left, SLICE_MS), signal);
        }
        if (signal.aborted) break;
        // a little lateness is caught up, so that the timer's coarseness does not add up; much is forgotten, so that no burst follows
        const gap = gapMs(pace, now(), moments.length);
        sentAt = Math.max(sentAt + gap, performance.now() - 4 * gap);
        const today = Math.floor(moment.at / DAY_MS);
        if (today !== day) post.post(moment.at);
        if (unpublished.length > 0) await publishDue();
        day = today;
        await sendOne(moment, `${plan.prefix}-${period}-${index}`);
        last = stateAt(period, moment.at);
        deps.onMoment(last);
      }
    }
    await awaited();
    post.post(Number.MAX_SAFE_INTEGER);
    await post.delivered(pace.settleMs);
    return { ...stateAt(last.period, last.at), share: signal.aborted ? last.share : 1 };
  } finally {
    stop.abort();
    await watching;
  }
}
