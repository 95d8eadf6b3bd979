/** Bounded tries with exponential backoff and full jitter. */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

export interface RetryOptions {
  /** Tries in all, at least 1. */
  readonly tries: number;
  /** Upper bound of the first wait; it doubles with each try. */
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  readonly signal?: AbortSignal;
  /** False ends it at once: trying again cannot help. Default: always true. */
  readonly retriable?: (error: unknown) => boolean;
  /** A number in [0, 1), for tests. */
  readonly random?: () => number;
}

const SCALE = 2 ** 32;

/**
 * The result of `work`, or the error of its last try. The wait before try n+1 is random in [0, min(maxDelayMs, firstDelayMs·2^(n-1))):
 * callers that failed together do not come back together. Rejects with the signal's reason when it is aborted.
 */
export async function retry<T>(work: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const random = options.random ?? (() => randomInt(SCALE) / SCALE);
  for (let attempt = 1; ; attempt += 1) {
    options.signal?.throwIfAborted();
    try {
      return await work(attempt);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (attempt >= options.tries || options.retriable?.(error) === false) throw error;
      const bound = Math.min(options.maxDelayMs, options.firstDelayMs * 2 ** (attempt - 1));
      try {
        await sleep(bound * random(), undefined, options.signal === undefined ? {} : { signal: options.signal });
      } catch {
        // Only an abort ends the sleep early; the caller's reason says more than the timer's AbortError.
        options.signal?.throwIfAborted();
        throw error;
      }
    }
  }
}
