/** The URL of a database server: what is asked of it, and how it may be shown. */
import { MillwrightError } from '../../domain/errors.ts';

/** Names of queries a URL may have besides its parts. */
const OPTIONS = ['sslmode', 'pool'] as const;

export interface ServerUrl {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  readonly database: string;
  /** `require` encrypts; `verify-full` also asks for a certificate that this machine trusts and that names the host. */
  readonly tls: 'disable' | 'require' | 'verify-full';
  /** Connections of each kind (readers, writers). */
  readonly pool: number;
  /** Without the password: for messages. */
  readonly shown: string;
}

const TLS = ['disable', 'require', 'verify-full'] as const;
const MAX_POOL = 100;
const DEFAULT_POOL = 8;

/** Reads `scheme://user:password@host:port/database?sslmode=…&pool=…`. Throws MW-CONFIG-VALUE; no message holds the password. */
export function readServerUrl(text: string, example: string, defaultPort: number): ServerUrl {
  const wrong = (what: string): MillwrightError =>
    new MillwrightError('MW-CONFIG-VALUE', `the metadata URL ${what}`, {
      where: 'metadata',
      next: `for example ${example}`,
    });
  const url = URL.parse(text);
  if (url === null) throw wrong('cannot be read');
  const database = decodeURIComponent(url.pathname.slice(1));
  if (url.hostname === '') throw wrong('names no host');
  if (database === '' || database.includes('/')) throw wrong('names no database');
  if (url.username === '') throw wrong('names no user');
  for (const key of url.searchParams.keys()) {
    if (!OPTIONS.some((known) => known === key)) throw wrong(`knows ${OPTIONS.join(' and ')}, not "${key}"`);
  }
  const asked = url.searchParams.get('sslmode') ?? 'disable';
  const tls = TLS.find((known) => known === asked);
  if (tls === undefined) throw wrong(`has sslmode ${TLS.join(', ')}, not "${asked}"`);
  const pool = Number(url.searchParams.get('pool') ?? DEFAULT_POOL);
  if (!Number.isInteger(pool) || pool < 1 || pool > MAX_POOL) throw wrong(`has a pool of 1 to ${MAX_POOL}`);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = url.port === '' ? defaultPort : Number(url.port);
  const user = decodeURIComponent(url.username);
  return {
    host,
    port,
    user,
    password: url.password === '' ? undefined : decodeURIComponent(url.password),
    database,
    tls,
    pool,
    shown: `${url.protocol}//${url.username}@${url.hostname}:${port}/${url.pathname.slice(1)}`,
  };
}
