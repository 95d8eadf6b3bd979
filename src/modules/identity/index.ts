/** Who asks: nobody but the local person while no token is set; a bearer of a token otherwise. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { MillwrightError } from '../../domain/errors.ts';
import type { Principal } from '../../domain/identity.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';

export interface Identity {
  /** `authorization`: the header's text. Bearer, or Basic with the token as password (browsers). Throws MW-UNAUTHENTICATED. */
  principal(authorization: string | undefined): Promise<Principal>;
  readonly required: boolean;
}

const LOCAL: Principal = { name: 'local', role: 'admin' };

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

function tokenIn(authorization: string): string | undefined {
  const [scheme = '', rest = ''] = authorization.split(' ', 2);
  if (scheme.toLowerCase() === 'bearer') return rest;
  if (scheme.toLowerCase() !== 'basic') return undefined;
  const text = Buffer.from(rest, 'base64').toString('utf8');
  return text.slice(text.indexOf(':') + 1);
}

/** `adminToken`: the token of whoever started the server; without it everybody who reaches the loopback address is `local`. */
export function createIdentity(deps: { readonly store: MetadataStore; readonly adminToken?: string }): Identity {
  const admin = deps.adminToken === undefined ? undefined : Buffer.from(hashOf(deps.adminToken));
  return {
    required: admin !== undefined,
    async principal(authorization) {
      if (admin === undefined) return LOCAL;
      const token = authorization === undefined ? undefined : tokenIn(authorization);
      if (token === undefined || token === '') {
        throw new MillwrightError('MW-UNAUTHENTICATED', 'this server asks for a token', {
          where: 'authorization',
          next: 'set MILLWRIGHT_TOKEN (and MLFLOW_TRACKING_TOKEN for MLflow clients)',
        });
      }
      const hash = hashOf(token);
      if (timingSafeEqual(Buffer.from(hash), admin)) return { name: 'admin', role: 'admin' };
      const [known] = await deps.store.tokens.find({ where: { hash }, limit: 1 });
      if (known === undefined)
        throw new MillwrightError('MW-UNAUTHENTICATED', 'this token is not known here', { where: 'authorization' });
      return { name: known.name, role: known.role };
    },
  };
}
