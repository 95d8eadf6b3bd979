/**
 * Notices as webhooks in the form of the Standard Webhooks specification: `webhook-id`, `webhook-timestamp` (seconds) and
 * `webhook-signature` (`v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`), so that receivers can use its libraries.
 */
export { createMlflowSender } from './mlflow-sender.ts';
import { createHmac } from 'node:crypto';
import { MillwrightError } from '../../domain/errors.ts';
import { CodedError } from '../../platform/coded-error.ts';
import { createHttpClient, type HttpClient } from '../../platform/http-client.ts';
import { retry } from '../../platform/retry.ts';
import type { Notice, Notifier } from '../../ports/notifier.ts';

export interface WebhookOptions {
  /** From the operator's config, never from a client. */
  readonly url: string;
  /** Shared with the receiver. `whsec_` and base64 as in the specification, or any other text taken as it is. */
  readonly secret?: string;
  /** Of one try. Default 5,000. */
  readonly timeoutMs?: number;
  /** Default 4. */
  readonly tries?: number;
  /** Upper bound of the first wait, doubled with each. Default 500, never above 10 s. */
  readonly firstDelayMs?: number;
  /** Loopback and private addresses; the operator decides. Default false. */
  readonly allowPrivate?: boolean;
  readonly clock?: { now(): number };
}

function keyOf(secret: string): Buffer {
  return secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret, 'utf8');
}

/** `v1,<base64 HMAC-SHA256 of id.timestamp.body>`; `seconds` since the epoch. */
export function webhookSignature(secret: string, id: string, seconds: number, body: string): string {
  return `v1,${createHmac('sha256', keyOf(secret)).update(`${id}.${seconds}.${body}`).digest('base64')}`;
}

class Refusal extends Error {
  readonly status: number;
  constructor(status: number) {
    super(status >= 300 && status < 400 ? `answered ${status}; redirects are not followed` : `answered ${status}`);
    this.name = 'Refusal';
    this.status = status;
  }
}

/** Answers that the next try may change; any other 3xx or 4xx is the receiver's considered no. */
function worthAnotherTry(error: unknown): boolean {
  if (error instanceof Refusal)
    return error.status >= 500 || error.status === 408 || error.status === 425 || error.status === 429;
  return error instanceof CodedError && error.code === 'MW-UNAVAILABLE';
}

async function post(
  client: HttpClient,
  options: WebhookOptions,
  notice: Notice,
  body: string,
  now: () => number,
): Promise<void> {
  const seconds = Math.floor(now() / 1000);
  const response = await client.send({
    method: 'POST',
    url: options.url,
    body,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'millwright',
      'idempotency-key': notice.key,
      'webhook-id': notice.key,
      'webhook-timestamp': String(seconds),
      ...(options.secret === undefined
        ? {}
        : { 'webhook-signature': webhookSignature(options.secret, notice.key, seconds, body) }),
    },
  });
  if (response.status < 200 || response.status >= 300) throw new Refusal(response.status);
}

/** The notice's JSON: {type, timestamp (ISO), project, text, url, data}. The same notice has the same body and key each time. */
export function createWebhookNotifier(options: WebhookOptions): Notifier {
  const client = createHttpClient({
    timeoutMs: options.timeoutMs ?? 5000,
    maxResponseBytes: 64 * 1024,
    allowPrivate: options.allowPrivate ?? false,
  });
  const now = options.clock === undefined ? Date.now : () => options.clock?.now() ?? 0;
  return {
    async notify(notice) {
      const { type, at, project, text, url, data } = notice;
      const body = JSON.stringify({ type, timestamp: new Date(at).toISOString(), project, text, url, data });
      try {
        await retry(() => post(client, options, notice, body, now), {
          tries: options.tries ?? 4,
          firstDelayMs: options.firstDelayMs ?? 500,
          maxDelayMs: 10_000,
          retriable: worthAnotherTry,
        });
      } catch (error) {
        // The host only: a webhook's path is often its password.
        const host = URL.parse(options.url)?.host ?? 'the webhook';
        throw new MillwrightError(
          'MW-UNAVAILABLE',
          `${host} did not take the notice: ${error instanceof Error ? error.message : String(error)}`,
          {
            where: host,
            next: "check the webhook in the server's config; the notice is sent again by itself",
            cause: error,
          },
        );
      }
    },
  };
}
