/** Runs programs on an engine. The SQL of a statement is compiled once per engine. */
import { CompiledQuery } from 'kysely';
import type { Kysely } from 'kysely';
import { atomically } from './atomically.ts';
import type { SqlEngine } from './engine.ts';
import type { Program } from './program.ts';

async function runOn<T>(db: Kysely<never>, program: Program<T>): Promise<T> {
  let next = program.next();
  while (next.done !== true) {
    const { rows: found } = await db.executeQuery(CompiledQuery.raw(next.value.sql, [...next.value.parameters]));
    next = program.next(found);
  }
  return next.value;
}

export interface Runner {
  readonly write: <T>(program: () => Program<T>) => Promise<T>;
  readonly read: <T>(program: () => Program<T>) => Promise<T>;
  /** The text of a statement, compiled once. What it is built with (any values) stands where the caller's parameters go, in that order. */
  readonly text: (name: string, build: () => { readonly sql: string }) => string;
}

const texts = new WeakMap<SqlEngine, Map<string, string>>();

/** Over the database, or over the transaction that `database` already is. */
export function runnerOf<Tables>(database: Kysely<Tables>, engine: SqlEngine): Runner {
  const db = database as unknown as Kysely<never>;
  const known = texts.get(engine) ?? new Map<string, string>();
  texts.set(engine, known);
  const { direct } = engine;
  return {
    async write(program) {
      if (direct !== undefined && !db.isTransaction) return direct.write(program);
      return atomically(db, (tx) => runOn(tx, program()));
    },
    async read(program) {
      if (direct !== undefined && !db.isTransaction) return direct.read(program);
      return runOn(db, program());
    },
    text(name, build) {
      const found = known.get(name);
      if (found !== undefined) return found;
      const { sql } = build();
      known.set(name, sql);
      return sql;
    },
  };
}
