/** Aliases, their gates, cards and environment proofs. */
import { MillwrightError } from '../../../domain/errors.ts';
import type { Handlers } from '../bind.ts';
import type { ApiDeps } from '../deps.ts';

type Mine = Pick<Handlers, 'aliasMoves' | 'setAliasGates' | 'deleteAlias' | 'setCard' | 'proveEnvironment'>;

export function modelChangesHandlers(_deps: ApiDeps): Mine {
  return {
    aliasMoves: async () => {
      throw new MillwrightError('MW-UNAVAILABLE', 'aliasMoves is not there yet');
    },
    setAliasGates: async () => {
      throw new MillwrightError('MW-UNAVAILABLE', 'setAliasGates is not there yet');
    },
    deleteAlias: async () => {
      throw new MillwrightError('MW-UNAVAILABLE', 'deleteAlias is not there yet');
    },
    setCard: async () => {
      throw new MillwrightError('MW-UNAVAILABLE', 'setCard is not there yet');
    },
    proveEnvironment: async () => {
      throw new MillwrightError('MW-UNAVAILABLE', 'proveEnvironment is not there yet');
    },
  };
}
