import { createServer } from 'node:http';
import type { Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { loadPackageDefinition, Server as GrpcServer, ServerCredentials, status } from '@grpc/grpc-js';
import type { sendUnaryData, ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterEach, describe, expect, it } from 'vitest';
import { grpcSender } from './infer-grpc.ts';
import { restSender } from './infer-rest.ts';
import type { SentOutcome } from './outcome-post.ts';
import type { ReplayMoment } from './replay-file.ts';
import { gapMs, replay } from './replay.ts';
import type { ReplayDeps, ReplayPace, ReplayState } from './replay.ts';

const DAY = 86_400_000;
const ORIGIN = Date.UTC(2013, 0, 1);
const PLAN = { prefix: 'f', outcome: 'late', origin: ORIGIN, periodMs: 2 * DAY, first: 2, last: 4 };
const PACE: ReplayPace = { periodMs: 60, duringPipeline: 5, duringRollout: 20, duringEvaluation: 200, settleMs: 300 };

interface Arrived {
  readonly protocol: string;
  readonly id: string;
  readonly time: number;
  readonly inputs: readonly { name: string; datatype: string; shape: readonly number[]; data: readonly unknown[] }[];
}

interface GrpcRequest {
  readonly id: string;
  readonly parameters: { readonly event_time: { readonly int64_param: number } };
  readonly inputs: readonly {
    readonly name: string;
    readonly datatype: string;
    readonly shape: readonly number[];
    readonly contents: { readonly fp32_contents: readonly number[]; readonly bytes_contents: readonly Buffer[] };
  }[];
}

interface Plane {
  readonly rest: string;
  readonly grpc: string;
  readonly arrived: Arrived[];
  close(): Promise<void>;
}

/** A server of the protocol's two doors that keeps what came in; `answer` may refuse a request. */
async function startPlane(answer: (id: string) => number = () => 200): Promise<Plane> {
  const arrived: Arrived[] = [];
  const http: HttpServer = createServer((request, response) => {
    let text = '';
    request.on('data', (part) => (text += String(part)));
    request.on('end', () => {
      const body = JSON.parse(text) as Pick<Arrived, 'id' | 'inputs'> & { parameters: { event_time: number } };
      const code = request.url === '/v2/models/flights/infer' ? answer(body.id) : 404;
      if (code === 200) {
        arrived.push({ protocol: 'REST', id: body.id, time: body.parameters.event_time, inputs: body.inputs });
      }
      response.writeHead(code, { 'content-type': 'application/json' });
      response.end(JSON.stringify(code === 200 ? { model_version: '3', outputs: [] } : { error: 'refused' }));
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const file = fileURLToPath(new URL('../../../proto/inference.proto', import.meta.url));
  const loaded = loadPackageDefinition(loadSync(file, { keepCase: true, longs: Number, defaults: true }));
  const service = (loaded['inference'] as unknown as Record<string, { service: ServiceDefinition }>)[
    'GRPCInferenceService'
  ];
  const grpc = new GrpcServer();
  grpc.addService(service?.service ?? {}, {
    ModelInfer: ({ request }: { request: GrpcRequest }, done: sendUnaryData<object>) => {
      const { id, parameters, inputs } = request;
      arrived.push({
        protocol: 'gRPC',
        id,
        time: parameters.event_time.int64_param,
        inputs: inputs.map(({ name, datatype, shape, contents }) => ({
          name,
          datatype,
          shape,
          data: datatype === 'BYTES' ? contents.bytes_contents.map(String) : contents.fp32_contents,
        })),
      });
      if (answer(id) === 200) done(null, { model_name: 'flights', model_version: '4', id });
      else done({ code: status.UNAVAILABLE, details: 'refused' }, null);
    },
  });
  const port = await new Promise<number>((resolve, reject) =>
    grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  return {
    rest: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    grpc: `127.0.0.1:${port}`,
    arrived,
    close: async () => {
      grpc.forceShutdown();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

/** Eight moments of two rows in a period; known 26 hours later. */
function momentsOf(period: number): readonly ReplayMoment[] {
  return Array.from({ length: 8 }, (_, index) => {
    const at = ORIGIN + (period - 1) * 2 * DAY + index * 6 * 3_600_000;
    return {
      at,
      rows: 2,
      inputs: { carrier: ['UA', 'AA'], temp: [39.02, null] },
      outcomes: [0, 1],
      knownAt: [at + 26 * 3_600_000, at + 26 * 3_600_000],
    };
  });
}

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

interface Seen {
  readonly outcomes: SentOutcome[];
  readonly steps: string[];
  readonly states: ReplayState[];
}

async function setUp(plane: Plane, change: Partial<ReplayDeps> = {}): Promise<{ deps: ReplayDeps; seen: Seen }> {
  const seen: Seen = { outcomes: [], steps: [], states: [] };
  const senders = [restSender(plane.rest, 'flights'), grpcSender(plane.grpc, 'flights')];
  closing.push(() => plane.close(), ...senders.map((sender) => () => sender.close()));
  const deps: ReplayDeps = {
    moments: async (period) => momentsOf(period),
    senders,
    sendOutcomes: async (batch) => {
      seen.outcomes.push(...batch);
      seen.steps.push(`outcomes to ${Math.max(...batch.map((outcome) => outcome.time))}`);
    },
    publish: async (period) => void seen.steps.push(`publish ${period}`),
    activity: async () => 'none',
    settled: async () => true,
    onMoment: (state) => {
      seen.states.push(state);
      seen.steps.push(`moment ${state.at}`);
    },
    ...change,
  };
  return { deps, seen };
}

const never = (): AbortSignal => new AbortController().signal;

describe('replay', () => {
  it('sends every moment once, in order, by REST and gRPC in turn, with its event time', async () => {
    const plane = await startPlane();
    const { deps } = await setUp(plane);
    const state = await replay(PLAN, deps, PACE, never());
    const wanted = [2, 3, 4].flatMap((period) =>
      momentsOf(period).map((moment, index) => [`f-${period}-${index}`, moment.at]),
    );
    expect(plane.arrived.map(({ id, time }) => [id, time])).toEqual(wanted);
    expect(plane.arrived.map(({ protocol }) => protocol).slice(0, 4)).toEqual(['REST', 'gRPC', 'REST', 'gRPC']);
    expect(plane.arrived[0]?.inputs).toEqual([
      { name: 'carrier', datatype: 'BYTES', shape: [2, 1], data: ['UA', 'AA'] },
      { name: 'temp', datatype: 'FP32', shape: [2, 1], data: [39.02, null] },
    ]);
    // a missing number is NaN in protobuf
    expect(plane.arrived[1]?.inputs[1]?.data).toEqual([Math.fround(39.02), Number.NaN]);
    const figures = state.traffic();
    expect(figures).toMatchObject({
      requests: 24,
      rows: 48,
      failed: 0,
      byVersion: { 3: 12, 4: 12 },
      byProtocol: { REST: 12, gRPC: 12 },
    });
    expect(figures.latency.p99).toBeGreaterThan(0);
    expect(state).toMatchObject({ share: 1, unsettled: 0, outcomes: { sent: 48, waiting: 0 } });
  });

  it('sends an outcome only once it is known, and all that is known before the first request after a boundary', async () => {
    const plane = await startPlane();
    const { deps, seen } = await setUp(plane);
    await replay(PLAN, deps, PACE, never());
    let clock = 0;
    for (const step of seen.steps) {
      const [word, , to] = step.split(' ');
      if (word === 'moment') clock = Number(step.split(' ')[1]);
      // at the very end everything is sent, known or not
      if (word === 'outcomes' && step !== seen.steps.at(-1)) expect(Number(to)).toBeLessThanOrEqual(clock + DAY);
    }
    const boundary = ORIGIN + 2 * PLAN.periodMs;
    const first = seen.steps.indexOf(`moment ${boundary}`);
    expect(seen.steps.indexOf('publish 2')).toBe(first - 1);
    const known = momentsOf(2).filter((moment) => (moment.knownAt[0] ?? 0) <= boundary).length * 2;
    const sentBefore = seen.outcomes.filter((outcome) => outcome.time <= boundary).length;
    expect(sentBefore).toBe(known);
    expect(seen.steps.slice(0, first).some((step) => step.startsWith('outcomes'))).toBe(true);
    expect(seen.outcomes[0]).toEqual({
      predictionId: 'f-2-0/0',
      name: 'late',
      value: 0,
      time: ORIGIN + PLAN.periodMs + 26 * 3_600_000,
    });
    expect(new Set(seen.outcomes.map((outcome) => outcome.predictionId)).size).toBe(48);
  });

  it('counts a refused request as failed, tries nothing twice and sends no outcome for it', async () => {
    const plane = await startPlane((id) => (id === 'f-3-2' || id === 'f-3-3' ? 500 : 200));
    const { deps, seen } = await setUp(plane);
    const state = await replay(PLAN, deps, PACE, never());
    const figures = state.traffic();
    expect(figures).toMatchObject({ requests: 24, failed: 2 });
    expect(figures.failures).toEqual([
      expect.stringContaining('REST answered 500'),
      expect.stringContaining('gRPC answered 14'),
    ]);
    expect(seen.outcomes.some((outcome) => outcome.predictionId.startsWith('f-3-2/'))).toBe(false);
    expect(seen.outcomes).toHaveLength(44);
  });

  it('counts a data plane that is gone as failures', async () => {
    const plane = await startPlane();
    const { deps } = await setUp(plane);
    await plane.close();
    closing.splice(0, 1);
    const state = await replay({ ...PLAN, last: 2 }, deps, PACE, never());
    expect(state.traffic()).toMatchObject({ requests: 8, failed: 8, latency: { p99: 0 } });
  });

  it('goes on through an outage of the control plane and loses no outcome', async () => {
    const plane = await startPlane();
    let calls = 0;
    const taken: SentOutcome[] = [];
    const { deps } = await setUp(plane, {
      sendOutcomes: async (batch) => {
        calls += 1;
        if (calls <= 2) throw new Error('connection refused');
        taken.push(...batch);
      },
      activity: async () => {
        throw new Error('connection refused');
      },
    });
    const state = await replay(PLAN, deps, { ...PACE, settleMs: 1500 }, never());
    expect(state.traffic()).toMatchObject({ requests: 24, failed: 0 });
    expect(state.outcomes).toMatchObject({ sent: 48, waiting: 0, retries: 2 });
    expect(taken.map((outcome) => outcome.time)).toEqual(taken.map((outcome) => outcome.time).sort((a, b) => a - b));
  });

  it('slows down while a pipeline runs, and never stops', async () => {
    const plane = await startPlane();
    const busyUntil = performance.now() + 900;
    const { deps, seen } = await setUp(plane, {
      activity: async () => (performance.now() < busyUntil ? 'pipeline' : 'none'),
    });
    const begun = performance.now();
    await replay({ ...PLAN, last: 2 }, deps, { ...PACE, periodMs: 400 }, never());
    expect(performance.now() - begun).toBeGreaterThan(800);
    const slow = seen.states.filter((state) => state.activity === 'pipeline').length;
    expect(slow).toBeGreaterThanOrEqual(2);
    expect(slow).toBeLessThanOrEqual(7);
  });

  it('publishes nothing while a run reads the data, and all of it afterwards', async () => {
    const plane = await startPlane();
    let busy = true;
    const published: [number, boolean][] = [];
    const { deps } = await setUp(plane, {
      activity: async () => (busy ? 'pipeline' : 'none'),
      publish: async (period) => void published.push([period, busy]),
      onMoment: ({ period }) => {
        if (period === 4) busy = false;
      },
    });
    await replay(PLAN, deps, { ...PACE, periodMs: 800, duringPipeline: 100 }, never());
    expect(published).toEqual([
      [2, false],
      [3, false],
    ]);
  });

  it('waits for the evaluation of a boundary with traffic going on, but not for ever', async () => {
    const plane = await startPlane();
    const asked = new Set<number>();
    const { deps, seen } = await setUp(plane, {
      settled: async (boundary) => {
        asked.add(boundary);
        return false;
      },
    });
    const state = await replay(PLAN, deps, { ...PACE, duringEvaluation: 20 }, never());
    expect(state.unsettled).toBe(2);
    expect([...asked]).toEqual([ORIGIN + 2 * PLAN.periodMs, ORIGIN + 3 * PLAN.periodMs]);
    expect(seen.states.filter((one) => one.activity === 'evaluation').length).toBeGreaterThanOrEqual(4);
  });

  it('stops when told to, with what it has', async () => {
    const plane = await startPlane();
    const stop = new AbortController();
    const { deps } = await setUp(plane, { onMoment: ({ period }) => period === 3 && stop.abort() });
    const state = await replay(PLAN, deps, PACE, stop.signal);
    expect(state.traffic().requests).toBe(9);
    expect(state.share).toBeLessThan(1);
  });
});

describe('the gap between two requests', () => {
  it('is the period shared out, and at least what the rate of the moment allows', () => {
    const pace = { ...PACE, periodMs: 3300, duringPipeline: 2, duringRollout: 16 };
    expect(gapMs(pace, 'none', 133)).toBeCloseTo(24.8, 1);
    expect(gapMs(pace, 'pipeline', 133)).toBe(500);
    expect(gapMs(pace, 'rollout', 133)).toBe(62.5);
    // slower than any rate already
    expect(gapMs(pace, 'rollout', 2)).toBe(1650);
    expect(gapMs(pace, 'none', 0)).toBe(3300);
  });
});
