import { describe, expect, it } from 'vitest';
import { flightsSpec } from './flights.ts';
import type { EndpointView, PipelineRunView } from './loop-client.ts';
import { balance } from './story-balance.ts';
import type { BalanceInput } from './story-balance.ts';
import type { Turn } from './story.ts';

const run = (kind: 'accepted' | 'refused' | 'unchanged'): PipelineRunView => ({
  id: 'flights-1',
  project: 'flights',
  number: 1,
  status: 'succeeded',
  createdAt: 0,
  cause: { kind: 'person', text: '' },
  trackingRunId: 'r',
  stepsDone: 6,
  stepsReused: 0,
  stepsTotal: 6,
  result: { kind, version: 1, reason: 'because' },
});

const endpoint = (dropped: number): EndpointView => ({
  name: 'flights',
  project: 'flights',
  model: 'flights',
  createdAt: 0,
  epoch: 3,
  restUrl: '',
  grpcAddress: '',
  plane: { up: true },
  releases: [
    {
      releaseId: 'r2',
      version: 2,
      percent: 100,
      role: 'champion',
      calls: 10,
      rows: 500,
      errors: 0,
      rejected: 0,
      runtime: 'onnx',
    },
  ],
  log: { written: 10, dropped, pending: 0 },
  limits: { timeoutMs: 30_000, queue: 2048, replicas: { min: 1, max: 2 }, idleMs: 0, memoryMib: 4096 },
  logging: { sample: 100, redact: [] },
});

const turn: Turn = {
  run: 'flights-3',
  cause: 'alert',
  result: 'accepted',
  reason: '',
  version: 2,
  trainMs: 9000,
  alertToChampionMs: 14_000,
  metrics: {},
  championMetrics: {},
};

const latency = { p50: 2, p95: 3, p99: 4, max: 9 };
const GOOD: BalanceInput = {
  spec: flightsSpec(false),
  first: run('accepted'),
  equal: run('unchanged'),
  broken: run('refused'),
  state: { share: 1, unsettled: 0, outcomes: { sent: 500, waiting: 0, retries: 0 } },
  figures: {
    requests: 10,
    rows: 500,
    failed: 0,
    failures: [],
    latency,
    recent: latency,
    byVersion: { 1: 5, 2: 5 },
    byProtocol: { REST: 5, gRPC: 5 },
  },
  alerts: [{ since: 0, text: 'too many' }],
  turns: [turn],
  endpoint: endpoint(0),
  quiet: true,
};

describe('the balance', () => {
  it('holds in every point when all went well', () => {
    const list = balance(GOOD);
    expect(list.filter((one) => !one.held)).toEqual([]);
    expect(list).toHaveLength(11);
  });

  const cases: [string, Partial<BalanceInput>, string][] = [
    ['the first model was refused', { first: run('refused') }, 'the first model passed its gates and was served'],
    ['equal data made a new version', { equal: run('accepted') }, 'equal data and parameters were nothing to do'],
    ['equal data was called a refusal', { equal: run('refused') }, 'equal data and parameters were nothing to do'],
    ['a request failed', { figures: { ...GOOD.figures, failed: 1 } }, 'no request failed'],
    ['nothing was sent', { figures: { ...GOOD.figures, requests: 0 } }, 'no request failed'],
    ['the replay was cut short', { state: { ...GOOD.state, share: 0.5 } }, 'no request failed'],
    ['only REST answered', { figures: { ...GOOD.figures, byProtocol: { REST: 10 } } }, 'REST and gRPC both answered'],
    [
      'an outcome waits',
      { state: { ...GOOD.state, outcomes: { sent: 499, waiting: 1, retries: 0 } } },
      'every outcome arrived',
    ],
    ['a prediction was dropped', { endpoint: endpoint(1) }, 'no prediction was lost from the log'],
    ['the endpoint is gone', { endpoint: undefined }, 'no prediction was lost from the log'],
    ['an evaluation was late', { state: { ...GOOD.state, unsettled: 1 } }, 'every evaluation came in time'],
    ['nothing was noticed', { alerts: [] }, 'the monitor raised an alert'],
    ['no alert led anywhere', { turns: [] }, 'an alert led to a new champion'],
    ['a run hangs', { quiet: false }, 'the loop came to rest'],
    ['the broken model went live', { broken: run('accepted') }, 'the model from a broken label join was refused'],
    ['the broken run never ended', { broken: undefined }, 'the model from a broken label join was refused'],
  ];
  it.each(cases)('says so when %s', (_, change, what) => {
    expect(
      balance({ ...GOOD, ...change })
        .filter((one) => !one.held)
        .map((one) => one.what),
    ).toEqual([what]);
  });
});
