/** Aliases, their gates, cards and environment proofs. */
import type { Handlers } from '../bind.ts';
import type { ApiDeps } from '../deps.ts';
import { proofWire } from './version-story.ts';

type Mine = Pick<Handlers, 'aliasMoves' | 'setAliasGates' | 'deleteAlias' | 'setCard' | 'proveEnvironment'>;

export function modelChangesHandlers({ registry, proofs }: ApiDeps): Mine {
  return {
    aliasMoves: async (_ctx, { params }) => {
      await registry.getModel(params.name);
      const moves = await registry.aliasMoves(params.name);
      return { moves: moves.map((move) => ({ ...move })) };
    },
    setAliasGates: async (_ctx, { params, body }) => {
      await registry.setAliasGates(params.name, body.alias, body.gates);
      return { ok: true };
    },
    deleteAlias: async (ctx, { params }) => {
      await registry.deleteAlias(ctx, params.name, params.alias);
      return { ok: true };
    },
    setCard: async (_ctx, { params, body }) => {
      await registry.setCard(params.name, params.version, body.markdown);
      return { ok: true };
    },
    proveEnvironment: async (ctx, { params }) => ({
      proof: proofWire(await proofs.prove(ctx, params.name, params.version)),
    }),
  };
}
