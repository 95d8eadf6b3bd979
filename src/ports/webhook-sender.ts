/** Sends what a webhook was promised. Where it may go is decided here, at creation and again, on the resolved address, at each sending. */

export interface WebhookCall {
  readonly url: string;
  readonly secret?: string | undefined;
  /** The same in every try of one delivery. */
  readonly deliveryId: string;
  readonly body: string;
  readonly signal?: AbortSignal | undefined;
}

export interface WebhookAnswer {
  readonly status: number;
  /** The beginning of what the receiver said. */
  readonly body: string;
}

export interface WebhookSender {
  /** Throws MW-INVALID for a URL that nothing may be sent to: its scheme, no host, an address that is not public. */
  check(url: string): Promise<void>;
  /** Any status is an answer. Throws MW-FORBIDDEN for a refused address, MW-UNAVAILABLE for no answer. */
  send(call: WebhookCall): Promise<WebhookAnswer>;
}
