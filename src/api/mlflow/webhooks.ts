/** Webhooks in MLflow's shapes. Only an administrator may see or change them: an address is often a password. */
import { z } from 'zod';
import type { PublicWebhook } from '../../modules/registry/index.ts';
import { int, optional, required, text } from './fields.ts';
import { route } from './route.ts';
import type { MlflowDeps, Route } from './route.ts';
import { listed, token } from './wire.ts';

const word = z.string().transform((name) => name.toLowerCase());
const event = z.object({ entity: word, action: word });
const status = optional(z.enum(['ACTIVE', 'DISABLED']));
const events = z.array(event);
const one = z.object({ webhook_id: required });

function webhookWire(webhook: PublicWebhook): Readonly<Record<string, unknown>> {
  return {
    webhook_id: webhook.id,
    name: webhook.name,
    url: webhook.url,
    events: webhook.events.map(({ entity, action }) => ({
      entity: entity.toUpperCase(),
      action: action.toUpperCase(),
    })),
    ...(webhook.description === undefined ? {} : { description: webhook.description }),
    status: webhook.status,
    creation_timestamp: webhook.createdAt,
    last_updated_timestamp: webhook.updatedAt,
  };
}

export function webhookRoutes({ registry }: MlflowDeps): readonly Route[] {
  return [
    route({
      method: 'POST',
      path: 'webhooks',
      permission: 'admin',
      input: z.object({ name: required, url: required, events, description: text, secret: text, status }),
      handler: async (input) => ({ webhook: webhookWire(await registry.createWebhook(input)) }),
    }),
    route({
      method: 'GET',
      path: 'webhooks',
      permission: 'admin',
      input: z.object({ max_results: int, page_token: text }),
      handler: async (input) => {
        const { items, nextPageToken } = await registry.listWebhooks(input.max_results, input.page_token);
        return { ...listed('webhooks', items.map(webhookWire)), ...token(nextPageToken) };
      },
    }),
    route({
      method: 'GET',
      path: 'webhooks/:webhook_id',
      permission: 'admin',
      input: one,
      handler: async (input) => ({ webhook: webhookWire(await registry.getWebhook(input.webhook_id)) }),
    }),
    route({
      method: 'PATCH',
      path: 'webhooks/:webhook_id',
      permission: 'admin',
      input: one.extend({ name: text, url: text, events: optional(events), description: text, secret: text, status }),
      handler: async ({ webhook_id: id, name, url, events: given, ...rest }) => {
        // Empty is protobuf's word for not given, except for what may be taken away.
        const change = {
          ...rest,
          name: name || undefined,
          url: url || undefined,
          events: given?.length ? given : undefined,
        };
        return { webhook: webhookWire(await registry.updateWebhook(id, change)) };
      },
    }),
    route({
      method: 'DELETE',
      path: 'webhooks/:webhook_id',
      permission: 'admin',
      input: one,
      handler: async (input) => {
        await registry.deleteWebhook(input.webhook_id);
        return {};
      },
    }),
    route({
      method: 'POST',
      path: 'webhooks/:webhook_id/test',
      permission: 'admin',
      input: one.extend({ event: optional(event) }),
      handler: async (input) => {
        const { success, answer, error } = await registry.testWebhook(input.webhook_id, input.event);
        return {
          result: {
            success,
            ...(answer === undefined ? {} : { response_status: answer.status, response_body: answer.body }),
            ...(error === undefined ? {} : { error_message: error }),
          },
        };
      },
    }),
  ];
}
