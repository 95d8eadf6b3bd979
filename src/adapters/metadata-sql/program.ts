/**
 * Work on the database written once as a sequence of statements: an engine whose statements are function calls runs it in one go,
 * without giving way between them, and any other engine waits for each answer. The SQL of a statement is compiled once per engine.
 */
import { CompiledQuery } from 'kysely';
import type { Kysely } from 'kysely';
import { atomically } from './atomically.ts';
import type { SqlEngine } from './engine.ts';

export interface Step {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  /** It changes nothing. */
  readonly reads?: boolean;
}

export type Program<T> = Generator<Step, T, readonly unknown[]>;

/** The fast way of an engine in this process. */
export interface DirectAccess {
  /** One transaction a program, several programs a commit; durable when it resolves. What a program throws undoes that program alone. */
  write<T>(program: () => Program<T>): Promise<T>;
  /** Sees the last commit. */
  read<T>(program: () => Program<T>): T;
}

/** Rows of one statement. The caller says what they are: the statement is its own. */
export function* rows<R>(step: Step): Generator<Step, readonly R[], readonly unknown[]> {
  return (yield step) as readonly R[];
}

/** Runs every step with `answer`, which is a function call. */
export function runNow<T>(program: Program<T>, answer: (step: Step) => readonly unknown[]): T {
  let next = program.next();
  while (next.done !== true) {
    let found: readonly unknown[];
    try {
      found = answer(next.value);
    } catch (error) {
      // The program may know what the error means.
      next = program.throw(error);
      continue;
    }
    next = program.next(found);
  }
  return next.value;
}

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
