/**
 * Requests at a given rate, whether the server keeps up or not: what callers do to a service. Latency counts from the time a request
 * was due, so that a stalled server cannot hide the requests it delayed (coordinated omission).
 */
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface OpenLoop {
  readonly asked: number;
  /** Answers 200 a second. */
  readonly goodput: number;
  /** Answers 429 and 503 a second, and whether all of them named a Retry-After. */
  readonly refused: number;
  readonly retryAfter: boolean;
  /** Answers 504 a second: admitted, and then not answered before the deadline. */
  readonly late: number;
  /** Everything else: no answer, another status. */
  readonly failed: number;
  /** Of the accepted, ms. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const TICK_MS = 2;

/** `url`: a POST address; `rate` a second for `seconds`, over at most `sockets` connections. */
export async function openLoop(
  url: string,
  body: string,
  { rate, seconds, sockets = 512 }: { readonly rate: number; readonly seconds: number; readonly sockets?: number },
): Promise<OpenLoop> {
  const agent = new Agent({ keepAlive: true, maxSockets: sockets, scheduling: 'fifo' });
  const payload = Buffer.from(body);
  const headers = { 'content-type': 'application/json', 'content-length': payload.length };
  const latencies: number[] = [];
  let [refused, failed, named, late] = [0, 0, 0, 0];
  const open = new Set<number>();

  function fire(due: number): void {
    const id = sent;
    open.add(id);
    const outgoing = request(url, { method: 'POST', agent, headers, timeout: 30_000 }, (response) => {
      response.resume();
      response.on('end', () => {
        open.delete(id);
        if (response.statusCode === 200) latencies.push(performance.now() - due);
        else if (response.statusCode === 429 || response.statusCode === 503) {
          refused += 1;
          if (response.headers['retry-after'] !== undefined) named += 1;
        } else if (response.statusCode === 504) late += 1;
        else failed += 1;
      });
    });
    outgoing.on('timeout', () => outgoing.destroy());
    outgoing.on('error', () => {
      open.delete(id);
      failed += 1;
    });
    outgoing.end(payload);
  }

  const start = performance.now();
  let sent = 0;
  while (performance.now() - start < seconds * 1000) {
    const wanted = Math.floor(((performance.now() - start) / 1000) * rate);
    for (; sent < wanted; sent += 1) fire(start + (sent / rate) * 1000);
    await sleep(TICK_MS);
  }
  const within = latencies.length;
  for (let waited = 0; open.size > 0 && waited < 5000; waited += 20) await sleep(20);
  agent.destroy();
  latencies.sort((a, b) => a - b);
  const at = (q: number): number => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * q))] ?? 0;
  return {
    asked: rate,
    goodput: within / seconds,
    refused: refused / seconds,
    late: late / seconds,
    retryAfter: named === refused,
    failed: failed + open.size,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
  };
}
