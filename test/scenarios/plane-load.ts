/** Constant load on a gateway: over REST on kept connections that fail loudly when they are cut, and over gRPC. */
import { Agent, request } from 'node:http';
import { grpcLinear } from './plane-harness.ts';

export interface Answer {
  readonly version: number;
  readonly values: readonly number[];
}

const BODY = JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: [1, 2] }] });

/** One call on the agent's connections: no retry of any kind, so that a cut connection is a failed request. */
function call(rest: string, agent: Agent, headers: Record<string, string>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(`${rest}/v2/models/linear/infer`, { method: 'POST', agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        if (response.statusCode !== 200) {
          reject(new Error(`${response.statusCode}: ${text}`));
          return;
        }
        const body = JSON.parse(text) as { model_version: string; outputs: { data: number[] }[] };
        resolve({ version: Number(body.model_version), values: body.outputs[0]?.data ?? [] });
      });
    });
    outgoing.on('error', (error) => reject(new Error(`${error.message} (reused: ${outgoing.reusedSocket})`)));
    outgoing.end(BODY);
  });
}

export interface Load {
  readonly failures: readonly string[];
  readonly answers: number;
  readonly versions: ReadonlySet<number>;
  end(): Promise<void>;
}

/** Every answer is judged: version k answers [2k, 3k]. */
export function startLoad(
  at: { readonly rest: string; readonly grpc?: string },
  { headers = {}, pauseMs = 0 }: { readonly headers?: Record<string, string>; readonly pauseMs?: number } = {},
): Load {
  const failures: string[] = [];
  const versions = new Set<number>();
  let answers = 0;
  const stop = new AbortController();
  const judge = ({ version, values }: Answer): void => {
    answers += 1;
    versions.add(version);
    if (values[0] !== 2 * version || values[1] !== 3 * version)
      failures.push(`v${version} answered ${values.join(',')}`);
  };
  const loop = async (name: string, ask: () => Promise<Answer>, pause: number): Promise<void> => {
    while (!stop.signal.aborted) {
      await ask().then(judge, (error: unknown) => failures.push(`${name}: ${String(error)}`));
      if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    }
  };
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const slow = new Agent({ keepAlive: true, maxSockets: 1 });
  const clients = at.grpc === undefined ? [] : [grpcLinear(at.grpc), grpcLinear(at.grpc)];
  const callers = [
    ...Array.from({ length: 4 }, () => loop('rest', () => call(at.rest, agent, headers), pauseMs)),
    // A client that calls now and then, on one connection that is idle most of the time.
    loop('idle rest', () => call(at.rest, slow, headers), 300),
    ...clients.map((client) => loop('grpc', client.call, pauseMs)),
  ];
  return {
    failures,
    versions,
    get answers() {
      return answers;
    },
    async end() {
      stop.abort();
      await Promise.all(callers);
      agent.destroy();
      slow.destroy();
      for (const client of clients) client.close();
    },
  };
}
