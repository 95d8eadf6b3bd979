/**
 * Events of the registry → the webhooks that asked for them. The reaction only writes one job per webhook into the durable queue, so
 * that a receiver that is away holds up nobody else; the sender works the queue off, with a pause that doubles after each failure.
 * At least once: a crash between the receiver's answer and the end of the job sends again, under the same delivery id.
 */
import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { toldOf, webhookBody } from '../../modules/registry/index.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/context.ts';
import type { Job, MetadataStore } from '../../ports/metadata-store.ts';
import type { WebhookSender } from '../../ports/webhook-sender.ts';
import type { Reaction } from '../dispatcher.ts';

const QUEUE = 'mlflow-webhooks';
const AT_ONCE = 8;
/** Longer than one try may take. */
const LEASE_MS = 30_000;
const FIRST_PAUSE_MS = 1000;
const LAST_PAUSE_MS = 600_000;
/** With those pauses a receiver may be away for about two hours. */
const TRIES = 20;

interface Delivery {
  readonly webhookId: string;
  readonly deliveryId: string;
  readonly body: string;
}

/** A version 4 shaped uuid that is always the same for an event and a webhook: the receiver drops repeats by it. */
function deliveryIdOf(eventId: string, webhookId: string): string {
  const hex = createHash('sha256').update(`${eventId}/${webhookId}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

export function queueWebhooks(store: MetadataStore): Reaction {
  return {
    name: 'mlflow-webhooks',
    types: ['registered_model.created', 'model_version.registered', 'alias.moved', 'registry_tag.changed'],
    async handle(event) {
      const webhooks = await store.webhooks.find({ limit: 1000 });
      if (webhooks.length === 0) return;
      const told = await toldOf(store, event);
      if (told === undefined) return;
      for (const { id, status, events } of webhooks) {
        if (status !== 'ACTIVE') continue;
        if (!events.some(({ entity, action }) => entity === told.entity && action === told.action)) continue;
        const deliveryId = deliveryIdOf(event.id, id);
        const payload: Delivery = { webhookId: id, deliveryId, body: webhookBody(told) };
        await store.jobs.add({ id: `whk_${deliveryId}`, queue: QUEUE, payload: JSON.stringify(payload), at: event.at });
      }
    },
  };
}

interface SendDeps {
  readonly store: MetadataStore;
  readonly sender: WebhookSender;
  readonly clock: Clock;
  readonly log: Log;
}

export function sendWebhooks({ store, sender, clock, log }: SendDeps): (signal: AbortSignal) => Promise<void> {
  const owner = `${hostname()}/${process.pid}`;

  async function deliver(job: Job, signal: AbortSignal): Promise<void> {
    const { webhookId, deliveryId, body } = JSON.parse(job.payload) as Delivery;
    const webhook = await store.webhooks.get(webhookId);
    // Deleted or switched off since: its owner wants nothing more.
    if (webhook?.status !== 'ACTIVE') return void (await store.jobs.finish(job.id, job.fence));
    try {
      const { status } = await sender.send({ url: webhook.url, secret: webhook.secret, deliveryId, body, signal });
      if (status >= 200 && status < 300) return void (await store.jobs.finish(job.id, job.fence));
      throw new Error(`answered ${status}`);
    } catch (error) {
      if (signal.aborted) return void (await store.jobs.release(job.id, job.fence));
      // The host only: the rest of an address is often its password.
      const seen = { webhook: webhookId, host: URL.parse(webhook.url)?.host, delivery: deliveryId, attempt: job.fence };
      const why = error instanceof Error ? error.message : String(error);
      if (job.fence >= TRIES) {
        log.error({ ...seen, why }, 'a webhook was given up');
        return void (await store.jobs.finish(job.id, job.fence));
      }
      log.warn({ ...seen, why }, 'a webhook was not taken; it is sent again');
      const wait = Math.min(FIRST_PAUSE_MS * 2 ** (job.fence - 1), LAST_PAUSE_MS);
      // The lease is the pause: whoever claims next, here or after a restart, does so when it is over.
      await store.jobs.heartbeat(job.id, job.fence, clock.now(), wait);
    }
  }

  return async (signal) => {
    for (;;) {
      const jobs: Job[] = [];
      while (jobs.length < AT_ONCE && !signal.aborted) {
        const job = await store.jobs.claim(QUEUE, owner, clock.now(), LEASE_MS);
        if (job === undefined) break;
        jobs.push(job);
      }
      if (jobs.length === 0) return;
      await Promise.all(jobs.map((job) => deliver(job, signal)));
    }
  };
}
