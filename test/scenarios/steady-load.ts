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

/** Each of `calls` is made `perSecond` times a second. */
export function steadyLoad(calls: readonly Call[], perSecond: number): SteadyLoad {
  const answers: Answer[] = [];
  const failures: string[] = [];
  const open = new Set<Promise<void>>();
  const begun = performance.now();
  let made = 0;

  function one(call: Call): void {
    made += 1;
    const started = performance.now();
    const done = call().then(
      (answer) => void answers.push({ ...answer, started, ended: performance.now() }),
      (error: unknown) => void failures.push(String(error)),
    );
    open.add(done);
    void done.finally(() => open.delete(done));
  }

  const timer = setInterval(() => {
    // As many as are due: a timer that comes late must not lower the rate. But no more at once than a connection can take.
    const due = Math.floor(((performance.now() - begun) / 1000) * perSecond * calls.length);
    for (let count = 0; made < due && count < calls.length * 4; count += 1) {
      const call = calls[made % calls.length];
      if (call !== undefined) one(call);
    }
  }, 4);

  return {
    answers,
    failures,
    made: () => made,
    async stop() {
      clearInterval(timer);
      await Promise.all(open);
    },
  };
}
