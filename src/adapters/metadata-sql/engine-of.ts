/** Which engine a URL names. */
import { MillwrightError } from '../../domain/errors.ts';
import type { SqlEngine } from './engine.ts';
import { sqliteEngine } from './sqlite-engine.ts';

/** The file of `sqlite:///absolute/path.db`; undefined for any other URL. */
export function sqliteFile(url: string): string | undefined {
  return /^sqlite:\/\/(\/.+)$/.exec(url)?.[1];
}

/** The drivers of servers are loaded only by who uses them. */
export async function engineOf(url: string): Promise<SqlEngine> {
  if (url === 'sqlite::memory:') return sqliteEngine(undefined);
  const file = sqliteFile(url);
  if (file !== undefined) return sqliteEngine(file);
  const scheme = /^([a-z]+):\/\//.exec(url)?.[1];
  if (scheme === 'postgres' || scheme === 'postgresql') {
    return (await import('./postgres-engine.ts')).postgresEngine(url);
  }
  if (scheme === 'mysql' || scheme === 'mariadb') return (await import('./mysql-engine.ts')).mysqlEngine(url);
  // Not the whole URL: it may hold a password.
  throw new MillwrightError('MW-CONFIG-VALUE', `no metadata engine for "${scheme ?? url.slice(0, 12)}"`, {
    where: 'metadata',
    next: 'use sqlite:///absolute/path.db, postgres://user:password@host:5432/database or mysql://user:password@host:3306/database',
  });
}
