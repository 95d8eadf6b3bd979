/** Outcomes on their way to the control plane: held until known, sent in order, kept while nobody listens. */

export interface SentOutcome {
  readonly predictionId: string;
  readonly name: string;
  readonly value: number;
  /** When it became known, event time, ms. */
  readonly time: number;
}

interface OutcomePost {
  add(outcomes: readonly SentOutcome[]): void;
  /** Everything known at `clock` goes out, oldest first, without waiting for it. */
  post(clock: number): void;
  /** True once all that was posted has arrived; false when it has not within `ms`. */
  delivered(ms: number): Promise<boolean>;
  readonly sent: number;
  readonly waiting: number;
  /** Times a batch was not taken and had to be sent again. */
  readonly retries: number;
}

const BATCH = 10_000;
const RETRY_MS = 500;

/** `send` throws when the batch was not taken; outcomes are the same whether they arrive once or twice. */
export function createOutcomePost(
  send: (batch: readonly SentOutcome[]) => Promise<void>,
  sleep: (ms: number) => Promise<void>,
  signal: AbortSignal,
): OutcomePost {
  let unknown: SentOutcome[] = [];
  const queue: SentOutcome[][] = [];
  let sent = 0;
  let retries = 0;
  let pump: Promise<void> | undefined;

  async function run(): Promise<void> {
    for (let batch = queue[0]; batch !== undefined && !signal.aborted; batch = queue[0]) {
      try {
        await send(batch);
        sent += batch.length;
        queue.shift();
      } catch {
        // the control plane is away: what is known stays in the queue, in order
        retries += 1;
        await sleep(RETRY_MS);
      }
    }
    pump = undefined;
  }

  return {
    add(outcomes) {
      unknown.push(...outcomes);
    },
    post(clock) {
      const due = unknown.filter((outcome) => outcome.time <= clock).sort((a, b) => a.time - b.time);
      if (due.length === 0) return;
      unknown = unknown.filter((outcome) => outcome.time > clock);
      for (let at = 0; at < due.length; at += BATCH) queue.push(due.slice(at, at + BATCH));
      pump ??= run();
    },
    async delivered(ms) {
      if (pump === undefined) return true;
      await Promise.race([pump, sleep(ms)]);
      return pump === undefined;
    },
    get sent() {
      return sent;
    },
    get waiting() {
      return unknown.length + queue.reduce((sum, batch) => sum + batch.length, 0);
    },
    get retries() {
      return retries;
    },
  };
}
