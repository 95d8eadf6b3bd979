/** Open Inference Protocol V2 over REST on kept-alive connections. */
import { Agent, request } from 'node:http';
import { CodedError } from '../../platform/coded-error.ts';
import { datatypeOf, versionOf } from './infer-call.ts';
import type { InferCall, InferSender } from './infer-call.ts';

const TIMEOUT_MS = 10_000;

function restBody({ id, moment }: InferCall): string {
  return JSON.stringify({
    id,
    parameters: { event_time: moment.at },
    inputs: Object.entries(moment.inputs).map(([name, data]) => ({
      name,
      datatype: datatypeOf(data),
      shape: [moment.rows, 1],
      data,
    })),
  });
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

function post(agent: Agent, url: URL, body: string, headers: Readonly<Record<string, string>>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request(
      url,
      {
        agent,
        method: 'POST',
        timeout: TIMEOUT_MS,
        headers: { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)), ...headers },
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') }),
        );
      },
    );
    call.on('timeout', () => call.destroy(new Error(`no answer in ${TIMEOUT_MS} ms`)));
    call.on('error', reject);
    call.end(body);
  });
}

function field(text: string, name: string): unknown {
  const value: unknown = JSON.parse(text);
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/** `base`: for example `http://127.0.0.1:8080`. */
export function restSender(
  base: string,
  endpoint: string,
  headers: Readonly<Record<string, string>> = {},
): InferSender {
  // one connection: the calls come one after the other
  const agent = new Agent({ keepAlive: true, maxSockets: 2 });
  const url = new URL(`/v2/models/${encodeURIComponent(endpoint)}/infer`, base);
  return {
    protocol: 'REST',
    async send(call) {
      const { status, text } = await post(agent, url, restBody(call), headers);
      if (status !== 200) throw new CodedError('MW-UNAVAILABLE', `REST answered ${status}: ${text.slice(0, 300)}`);
      return versionOf(field(text, 'model_version'));
    },
    close: () => agent.destroy(),
  };
}
