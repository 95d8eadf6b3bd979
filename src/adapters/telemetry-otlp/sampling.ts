/** Which calls become spans, decided from the caller's W3C header or by chance, before anything is made of them. */
import { randomFillSync } from 'node:crypto';
import type { TelemetrySettings } from '../../platform/telemetry-settings.ts';

export interface SpanIds {
  readonly traceId: string;
  readonly spanId: string;
  /** The caller's span; absent: this is the first of its trace. */
  readonly parentId?: string;
}

/** https://www.w3.org/TR/trace-context/#traceparent-header; later versions may add fields at the end. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;

/** One call of the operating system for many ids. */
function createRandomHex(): (bytes: number) => string {
  const pool = Buffer.alloc(4096);
  let at = pool.length;
  return (bytes) => {
    if (at + bytes > pool.length) {
      randomFillSync(pool);
      at = 0;
    }
    at += bytes;
    return pool.toString('hex', at - bytes, at);
  };
}

/** Undefined: not sampled. As OpenTelemetry's TraceIdRatioBased, so that services with one ratio keep the same traces. */
export function createSampling({
  parentBased,
  ratio,
}: TelemetrySettings['sampler']): (traceparent: string | undefined) => SpanIds | undefined {
  const hex = createRandomHex();
  const bound = Math.floor(ratio * 0xff_ff_ff_ff);
  /** The exclusive or of the four words of the id, below the ratio's share of all. */
  const kept = (traceId: string): boolean => {
    if (ratio >= 1) return true;
    let mixed = 0;
    for (let at = 0; at < 32; at += 8) mixed = (mixed ^ Number.parseInt(traceId.slice(at, at + 8), 16)) >>> 0;
    return mixed < bound;
  };
  return (traceparent) => {
    const parent = traceparent === undefined ? null : TRACEPARENT.exec(traceparent);
    if (parent === null) {
      if (ratio <= 0) return undefined;
      const traceId = hex(16);
      return kept(traceId) ? { traceId, spanId: hex(8) } : undefined;
    }
    const [, traceId = '', parentId = '', flags = '00'] = parent;
    const sampled = parentBased ? (Number.parseInt(flags, 16) & 1) === 1 : ratio > 0 && kept(traceId);
    return sampled ? { traceId, spanId: hex(8), parentId } : undefined;
  };
}
