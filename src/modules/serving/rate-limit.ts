/** Calls a second of each client: a token bucket each, in bounded memory. */
import { MillwrightError } from '../../domain/errors.ts';

export interface RateRule {
  readonly perSecond: number;
  /** Calls at once after a pause. */
  readonly burst: number;
}

export interface RateLimiter {
  readonly rule: RateRule;
  /** Throws MW-RATE with `retryAfterMs`. Callers without a name share one bucket. */
  take(client: string): void;
  /** Calls that were refused. */
  readonly refused: number;
  /** Clients that are remembered. */
  readonly clients: number;
}

/** The longest unseen is forgotten above this: it comes back with a full bucket, which it nearly always would have anyway. */
const MAX_CLIENTS = 10_000;

interface Bucket {
  tokens: number;
  at: number;
}

/** `now`: monotonic ms. */
export function createRateLimiter(rule: RateRule, now: () => number, maxClients = MAX_CLIENTS): RateLimiter {
  // A Map keeps the order of insertion: what is taken out and put back at every call is last, so the first is the longest unseen.
  const buckets = new Map<string, Bucket>();
  let refused = 0;

  function bucketOf(client: string, at: number): Bucket {
    const known = buckets.get(client);
    if (known !== undefined) {
      buckets.delete(client);
      buckets.set(client, known);
      known.tokens = Math.min(rule.burst, known.tokens + ((at - known.at) / 1000) * rule.perSecond);
      known.at = at;
      return known;
    }
    if (buckets.size >= maxClients) {
      const [oldest] = buckets.keys();
      if (oldest !== undefined) buckets.delete(oldest);
    }
    const bucket = { tokens: rule.burst, at };
    buckets.set(client, bucket);
    return bucket;
  }

  return {
    rule,
    take(client) {
      const bucket = bucketOf(client, now());
      if (bucket.tokens >= 1) {
        bucket.tokens -= 1;
        return;
      }
      refused += 1;
      const retryAfterMs = Math.max(1, Math.ceil(((1 - bucket.tokens) / rule.perSecond) * 1000));
      throw new MillwrightError(
        'MW-RATE',
        `this client may call ${rule.perSecond} times a second (${rule.burst} at once)`,
        { retryAfterMs, next: `call again in ${retryAfterMs} ms, or raise endpoint.limits.rate in millwright.yaml` },
      );
    },
    get refused() {
      return refused;
    },
    get clients() {
      return buckets.size;
    },
  };
}
