/** Calls at a steady rate, whether or not the earlier ones were answered (open loop), over connections that are kept. */
import { Agent, request } from 'node:http';

export interface Answer {
  readonly version: number;
  readonly values: readonly number[];
  readonly started: number;
  readonly ended: number;
}

type Call = () => Promise<{ readonly version: number; readonly values: readonly number[] }>;

/** One kept connection that asks `endpoint` for [1, 2]. */
export function connection(rest: string, endpoint: string): { readonly call: Call; close(): void } {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const url = `${rest}/v2/models/${endpoint}/infer`;
  const body = JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: [1, 2] }] });
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  return {
    close: () => agent.destroy(),
    call: () =>
      new Promise((resolve, reject) => {
        const asked = request(url, { method: 'POST', agent, headers }, (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => {
            text += chunk;
          });
          response.on('error', reject);
          response.on('end', () => {
            if (response.statusCode !== 200) {
              reject(new Error(`${response.statusCode} ${text}`));
              return;
            }
            const answer = JSON.parse(text) as { model_version: string; outputs: { data: number[] }[] };
            resolve({ version: Number(answer.model_version), values: answer.outputs[0]?.data ?? [] });
          });
        });
        asked.on('error', reject);
        asked.end(body);
      }),
  };
}

export interface SteadyLoad {
  readonly answers: Answer[];
  readonly failures: string[];
  /** Calls that were made. */
  readonly made: () => number;
  /** No further calls; resolves when all are answered. */
  stop(): Promise<void>;
}

/** Calls of one connection that may wait: beyond it the machine, not the gateway, is what is measured. */
const OPEN = 8;

/** Each of `calls` is made `perSecond` times a second, as long as no more than OPEN of it are unanswered. */
export function steadyLoad(calls: readonly Call[], perSecond: number): SteadyLoad {
  const answers: Answer[] = [];
  const failures: string[] = [];
  const all = new Set<Promise<void>>();
  const begun = performance.now();
  const lanes = calls.map((call) => ({ call, open: 0 }));
  let made = 0;
  let due = 0;

  function one(lane: { readonly call: Call; open: number }): void {
    made += 1;
    lane.open += 1;
    const started = performance.now();
    const done = lane
      .call()
      .then(
        (answer) => void answers.push({ ...answer, started, ended: performance.now() }),
        (error: unknown) => void failures.push(String(error)),
      )
      .finally(() => {
        lane.open -= 1;
        all.delete(done);
      });
    all.add(done);
  }

  const timer = setInterval(() => {
    // As many as are due: a timer that comes late must not lower the rate.
    const until = Math.floor(((performance.now() - begun) / 1000) * perSecond * lanes.length);
    for (; due < until; due += 1) {
      const lane = lanes[due % lanes.length];
      if (lane !== undefined && lane.open < OPEN) one(lane);
    }
  }, 4);

  return {
    answers,
    failures,
    made: () => made,
    async stop() {
      clearInterval(timer);
      await Promise.all(all);
    },
  };
}
