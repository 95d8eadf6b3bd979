/**
 * Webhooks as MLflow's servers send them: `X-MLflow-Delivery-Id`, `X-MLflow-Timestamp` (seconds) and, with a secret,
 * `X-MLflow-Signature`: `v1,` and the base64 HMAC-SHA256 of `delivery id.timestamp.body`.
 */
import { createHmac } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { MillwrightError } from '../../domain/errors.ts';
import { createHttpClient, isPublicAddress } from '../../platform/http-client.ts';
import type { WebhookSender } from '../../ports/webhook-sender.ts';

interface SenderOptions {
  /** Loopback and private addresses, and http beside https; the operator decides. */
  readonly allowPrivate: boolean;
  /** Of one try. Default 10,000. */
  readonly timeoutMs?: number;
  readonly clock?: { now(): number };
  /** Name resolution, for tests. */
  readonly resolve?: (host: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;
}

const SHOWN = 2000;

const refuse = (message: string, next?: string): MillwrightError =>
  new MillwrightError('MW-INVALID', message, { where: 'url', ...(next === undefined ? {} : { next }) });

const resolveName = (host: string) => lookup(host, { all: true, verbatim: true });

/** `v1,<base64>`; the secret is taken as it is. */
function signature(secret: string, id: string, seconds: string, body: string): string {
  return `v1,${createHmac('sha256', secret).update(`${id}.${seconds}.${body}`).digest('base64')}`;
}

export function createMlflowSender(options: SenderOptions): WebhookSender {
  const { allowPrivate, timeoutMs = 10_000, clock = Date, resolve = resolveName } = options;
  const client = createHttpClient({ timeoutMs, maxResponseBytes: 64 * 1024, allowPrivate, resolve: resolveAny });
  const schemes = allowPrivate ? ['https', 'http'] : ['https'];

  async function resolveAny(host: string) {
    const family = isIP(host);
    return family === 0 ? resolve(host) : [{ address: host, family }];
  }

  return {
    async check(text) {
      const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(text)?.[1]?.toLowerCase() ?? '';
      if (!schemes.includes(scheme))
        throw refuse(`Invalid webhook URL scheme: '${scheme}'. Allowed schemes are: ${schemes.join(', ')}.`);
      const url = URL.parse(text);
      if (url === null || url.hostname === '')
        throw refuse(`Webhook URL must include a hostname: '${text.slice(0, 200)}'`);
      if (url.username !== '' || url.password !== '')
        throw refuse('Webhook URL must not hold a user name or password.', 'give a secret: calls are signed with it');
      if (allowPrivate) return;
      const host = url.hostname.replace(/^\[|\]$/g, '');
      const found = await resolveAny(host).catch(() => []);
      if (found.length === 0) throw refuse(`Cannot resolve Webhook URL hostname: '${host}'.`);
      const own = found.find(({ address }) => !isPublicAddress(address));
      if (own === undefined) return;
      throw refuse(
        `Webhook URL must not resolve to a non-public IP address. '${host}' resolves to ${own.address}.`,
        'if that is meant, start the server with MILLWRIGHT_ALLOW_PRIVATE_EGRESS=true',
      );
    },
    async send({ url, secret, deliveryId, body, signal }) {
      const seconds = String(Math.floor(clock.now() / 1000));
      const answer = await client.send({
        method: 'POST',
        url,
        body,
        ...(signal === undefined ? {} : { signal }),
        headers: {
          'content-type': 'application/json',
          'user-agent': 'millwright',
          'x-mlflow-delivery-id': deliveryId,
          'x-mlflow-timestamp': seconds,
          ...(secret === undefined ? {} : { 'x-mlflow-signature': signature(secret, deliveryId, seconds, body) }),
        },
      });
      return { status: answer.status, body: new TextDecoder().decode(answer.body).slice(0, SHOWN) };
    },
  };
}
