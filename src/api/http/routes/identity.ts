/** Tokens, and who changed what. */
import type { Token } from '../../../domain/identity.ts';
import type { Handlers } from '../bind.ts';
import type { ApiDeps } from '../deps.ts';

type Mine = Pick<Handlers, 'tokens' | 'createToken' | 'revokeToken' | 'audit'>;

/** Never the hash. */
const wire = ({ id, name, role, createdAt }: Token) => ({ id, name, role, createdAt });

export function identityHandlers({ store, tokens, info }: ApiDeps): Mine {
  return {
    tokens: async () => ({ tokens: (await tokens.list()).map(wire), required: info().authRequired }),
    createToken: async (_ctx, { body }) => {
      const { token, text } = await tokens.create(body.name, body.role ?? 'viewer');
      return { token: wire(token), text };
    },
    revokeToken: async (_ctx, { params }) => {
      await tokens.revoke(params.id);
      return { ok: true };
    },
    audit: async (_ctx, { query }) => {
      const where = query.actor === undefined ? {} : { where: { actor: query.actor } };
      const found = await store.audit.find({ ...where, limit: query.limit ?? 100 });
      return {
        entries: found.map(({ id, createdAt, actor, action, subject, result }) => ({
          id,
          at: createdAt,
          actor,
          action,
          subject,
          result: result ?? 'done',
        })),
      };
    },
  };
}
