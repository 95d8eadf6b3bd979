/** Who asks: nobody but the local person while no token is set; a bearer of a token otherwise. */
import { timingSafeEqual } from 'node:crypto';
import { MillwrightError } from '../../domain/errors.ts';
import { may, type Permission, type Principal } from '../../domain/identity.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { hashOf } from './tokens.ts';

export { createTokens } from './tokens.ts';
export type { Tokens } from './tokens.ts';

export interface Identity {
  /** `authorization`: the header's text. Bearer, or Basic with the token as password (browsers). Throws MW-UNAUTHENTICATED. */
  principal(authorization: string | undefined): Promise<Principal>;
  readonly required: boolean;
  /** sha256 (hex) of every token that holds the permission: for the data plane, which checks tokens without a store. */
  hashes(permission: Permission): Promise<readonly string[]>;
}

const LOCAL: Principal = { name: 'local', role: 'admin' };

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
    async hashes(permission) {
      const tokens = await deps.store.tokens.find({ limit: 10_000 });
      const able = tokens.filter((token) => may(token, permission)).map((token) => token.hash);
      return deps.adminToken === undefined ? able : [hashOf(deps.adminToken), ...able];
    },
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
        throw new MillwrightError('MW-UNAUTHENTICATED', 'this token is not known here', {
          where: 'authorization',
          next: 'set MILLWRIGHT_TOKEN to the token that the server was started with',
        });
      return { name: known.name, role: known.role };
    },
  };
}
