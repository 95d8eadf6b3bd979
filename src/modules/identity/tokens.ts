/** Bearer tokens of people and programs: the text is shown once, its sha256 is kept. */
import { createHash } from 'node:crypto';
import { MillwrightError } from '../../domain/errors.ts';
import type { Role, Token } from '../../domain/identity.ts';
import type { Clock, Ids } from '../../ports/clock.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';

export interface Tokens {
  /** `text` is the token itself and cannot be asked for again. Throws MW-INVALID, MW-EXISTS. */
  create(name: string, role: Role): Promise<{ readonly token: Token; readonly text: string }>;
  /** Newest first. */
  list(): Promise<readonly Token[]>;
  /** By id or name; from the moment it resolves the token opens nothing any more. Throws MW-NOT-FOUND. */
  revoke(idOrName: string): Promise<Token>;
}

export interface TokensDeps {
  readonly store: Pick<MetadataStore, 'tokens' | 'transaction'>;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Called after a token was made or revoked, before that is answered: who else checks tokens must know. */
  readonly changed?: () => Promise<void>;
}

const MOST = 10_000;
const NAME = /^[A-Za-z0-9][\w.@-]{0,62}$/;
/** Names that the audit and the timeline use for others. */
const TAKEN = new Set(['admin', 'local', 'system']);

export const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

function checkName(name: string): void {
  if (NAME.test(name) && !TAKEN.has(name.toLowerCase())) return;
  throw new MillwrightError('MW-INVALID', `"${name.slice(0, 80)}" cannot be the name of a token`, {
    where: 'name',
    next: 'use 1 to 63 letters, digits, dots, dashes, underscores or @; not admin, local or system',
  });
}

export function createTokens({ store, clock, ids, changed = () => Promise.resolve() }: TokensDeps): Tokens {
  const all = (tokens: MetadataStore['tokens']): Promise<readonly Token[]> => tokens.find({ limit: MOST });
  return {
    async create(name, role) {
      checkName(name);
      const text = `mw_${ids.hex(64)}`;
      const token: Token = { id: ids.next('tok'), createdAt: clock.now(), name, role, hash: hashOf(text) };
      await store.transaction(async (tx) => {
        const known = await all(tx.tokens);
        if (known.some((one) => one.name === name))
          throw new MillwrightError('MW-EXISTS', `there is a token named "${name}" already`, {
            where: 'name',
            next: `mw token revoke ${name}, or choose another name`,
          });
        if (known.length >= MOST)
          throw new MillwrightError('MW-STATE', `there are ${MOST} tokens already`, { next: 'mw token list' });
        await tx.tokens.insert(token);
      });
      await changed();
      return { token, text };
    },
    list: () => all(store.tokens),
    async revoke(idOrName) {
      const found = (await all(store.tokens)).find((one) => one.id === idOrName || one.name === idOrName);
      if (found === undefined)
        throw new MillwrightError('MW-NOT-FOUND', `no token "${idOrName.slice(0, 80)}"`, {
          where: 'name',
          next: 'mw token list',
        });
      await store.tokens.delete(found.id);
      await changed();
      return found;
    },
  };
}
