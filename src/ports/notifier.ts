/** Tells the outside world. Delivery is at least once; `key` lets the receiver drop repeats. */

export interface Notice {
  /** Idempotency key: the event's id. */
  readonly key: string;
  readonly type: string;
  readonly at: number;
  readonly project: string;
  readonly text: string;
  readonly url: string;
  readonly data: unknown;
}

export interface Notifier {
  /** Throws MW-UNAVAILABLE after its bounded tries; the dispatcher tries again later. */
  notify(notice: Notice): Promise<void>;
}
