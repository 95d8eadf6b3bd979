/** Where events of the registry are sent, as MLflow's clients declare it. */
import { randomUUID } from 'node:crypto';
import { MillwrightError } from '../../domain/errors.ts';
import type { Webhook } from '../../domain/registry.ts';
import type { Clock } from '../../ports/clock.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import type { WebhookAnswer, WebhookSender } from '../../ports/webhook-sender.ts';
import { page } from '../tracking/index.ts';
import type { Page } from '../tracking/index.ts';
import { examplePayload, isWebhookEvent, webhookBody, WEBHOOK_ACTIONS } from './webhook-events.ts';

export interface NewWebhook {
  readonly name: string;
  readonly url: string;
  readonly events: Webhook['events'];
  readonly description?: string | undefined;
  readonly secret?: string | undefined;
  readonly status?: Webhook['status'] | undefined;
}

/** An empty description or secret takes it away. */
export type WebhookChange = { readonly [K in keyof NewWebhook]?: NewWebhook[K] | undefined };

export interface WebhookTest {
  readonly success: boolean;
  readonly answer?: WebhookAnswer;
  readonly error?: string;
}

/** What is told of a webhook: never its secret. */
export type PublicWebhook = Omit<Webhook, 'secret'>;

export interface Webhooks {
  /** Throws MW-INVALID. */
  createWebhook(webhook: NewWebhook): Promise<PublicWebhook>;
  /** Throws MW-NOT-FOUND. */
  getWebhook(id: string): Promise<PublicWebhook>;
  /** Newest first; default 100, at most 1,000 a page. */
  listWebhooks(maxResults?: number, pageToken?: string): Promise<Page<PublicWebhook>>;
  /** Throws MW-NOT-FOUND, MW-INVALID. */
  updateWebhook(id: string, change: WebhookChange): Promise<PublicWebhook>;
  deleteWebhook(id: string): Promise<void>;
  /** Sends an example now, once. What the receiver does is the answer, never an error. */
  testWebhook(id: string, event?: Webhook['events'][number]): Promise<WebhookTest>;
}

const NAME = /^(?=.{1,63}$)[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/;
const MAX_WEBHOOKS = 1000;
const MAX_URL = 2000;
const MAX_SECRET = 1000;
const MAX_DESCRIPTION = 5000;

const refuse = (where: string, message: string): MillwrightError =>
  new MillwrightError('MW-INVALID', message, { where });

const notFound = (id: string): MillwrightError =>
  new MillwrightError('MW-NOT-FOUND', `Webhook with ID ${id.slice(0, 100)} not found.`, { where: 'webhook_id' });

function checkEvents(events: Webhook['events']): void {
  if (events.length === 0)
    throw refuse('events', 'Webhook events must be a non-empty list of WebhookEvent objects: [].');
  for (const event of events) {
    if (isWebhookEvent(event)) continue;
    const known = Object.hasOwn(WEBHOOK_ACTIONS, event.entity) ? WEBHOOK_ACTIONS[event.entity] : undefined;
    const valid = (known ?? []).map((action) => `'${action}'`).join(', ');
    throw refuse(
      'events',
      `Invalid action '${event.action}' for entity '${event.entity}'. Valid actions are: [${valid}]`,
    );
  }
}

function checkTexts({ name, description = '', secret = '', url = '' }: WebhookChange): void {
  if (name !== undefined && !NAME.test(name)) {
    throw refuse(
      'name',
      `Webhook name '${name.slice(0, 100)}' is invalid. It must start and end with a letter or digit, be less than 63 characters ` +
        'long, and contain only letters, digits, dots (.), underscores (_), and hyphens (-).',
    );
  }
  if (url.length > MAX_URL) throw refuse('url', `'url' exceeds the maximum length of ${MAX_URL} characters`);
  if (secret.length > MAX_SECRET)
    throw refuse('secret', `'secret' exceeds the maximum length of ${MAX_SECRET} characters`);
  if (description.length > MAX_DESCRIPTION)
    throw refuse('description', `'description' exceeds the maximum length of ${MAX_DESCRIPTION} characters`);
}

function open({ secret: _secret, ...rest }: Webhook): PublicWebhook {
  return rest;
}

/** The given text, or the field left out when it is empty. */
const kept = <K extends string>(name: K, value: string | undefined): { readonly [P in K]?: string } =>
  (value === undefined || value === '' ? {} : { [name]: value }) as { readonly [P in K]?: string };

export function createWebhooks(store: MetadataStore, clock: Clock, sender: WebhookSender | undefined): Webhooks {
  const mustSend = (): WebhookSender => {
    if (sender !== undefined) return sender;
    throw new MillwrightError('MW-UNAVAILABLE', 'this server sends no webhooks');
  };
  async function must(id: string): Promise<Webhook> {
    const found = await store.webhooks.get(id);
    if (found === undefined) throw notFound(id);
    return found;
  }
  return {
    async createWebhook({ name, url, events, description, secret, status = 'ACTIVE' }) {
      checkTexts({ name, url, description, secret });
      await mustSend().check(url);
      checkEvents(events);
      if ((await store.webhooks.count()) >= MAX_WEBHOOKS)
        throw refuse('name', `there are ${MAX_WEBHOOKS} webhooks already: delete some first`);
      const now = clock.now();
      const times = { createdAt: now, updatedAt: now };
      const texts = { ...kept('description', description), ...kept('secret', secret) };
      const webhook: Webhook = { id: randomUUID(), ...times, name, url, events, status, ...texts };
      await store.webhooks.insert(webhook);
      return open(webhook);
    },
    getWebhook: async (id) => open(await must(id)),
    async listWebhooks(maxResults = 0, pageToken) {
      const size = maxResults === 0 ? 100 : maxResults;
      if (!Number.isSafeInteger(size) || size < 1 || size > 1000)
        throw refuse('max_results', 'max_results must be between 1 and 1000.');
      return page(size, pageToken, async ({ limit, offset }) => {
        const all = await store.webhooks.find({ limit: MAX_WEBHOOKS });
        return all.slice(offset, offset + limit).map(open);
      });
    },
    async updateWebhook(id, change) {
      checkTexts(change);
      const found = await must(id);
      if (change.url !== undefined) await mustSend().check(change.url);
      if (change.events !== undefined) checkEvents(change.events);
      const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
      const updated = await store.webhooks.update(found.id, (webhook) => {
        const { description, secret, ...rest } = { ...webhook, ...given, updatedAt: clock.now() };
        return { ...rest, ...kept('description', description), ...kept('secret', secret) };
      });
      return open(updated);
    },
    async deleteWebhook(id) {
      if (!(await store.webhooks.delete(id))) throw notFound(id);
    },
    async testWebhook(id, event) {
      const { url, secret, events } = await must(id);
      const of = event ?? events[0];
      if (of === undefined || !isWebhookEvent(of)) throw refuse('event', 'the event is not one of a webhook');
      try {
        const body = webhookBody({ ...of, at: clock.now(), data: examplePayload(of) });
        const answer = await mustSend().send({ url, secret, deliveryId: randomUUID(), body });
        return { success: answer.status < 400, answer };
      } catch (error) {
        return {
          success: false,
          error: `Failed to test webhook: ${error instanceof Error ? error.message : String(error)}`,
        };
      }
    },
  };
}
