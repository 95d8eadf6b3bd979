/** MariaDB 10.6 and later and MySQL 8 and later, by the npm package mysql2. */
import { MysqlAdapter, MysqlIntrospector, MysqlQueryCompiler, sql } from 'kysely';
import type { InsertQueryBuilder, RawBuilder } from 'kysely';
import { mysqlCatalog } from './catalog.ts';
import type { SqlEngine, SqlPhrases, Upsert } from './engine.ts';
import { mysqlCode, mysqlKind, mysqlPools, withNamedLock } from './mysql-session.ts';
import { PooledDriver } from './pooled-driver.ts';
import { readServerUrl } from './server-url.ts';

const DUPLICATE = 1062;

const isTaken = (error: unknown): boolean => mysqlCode(error) === DUPLICATE;

/** The builder without its table's types: columns are named at run time here. */
type AnyInsert = InsertQueryBuilder<Record<string, Record<string, unknown>>, string, { insertId: bigint | undefined }>;

const newer = (column: string): RawBuilder<unknown> => sql`values(${sql.ref(column)})`;

/**
 * Assignments happen from left to right and later ones see what the earlier ones did, so the columns that are compared come last, the
 * least significant first: when one has taken its new value, the comparison is still decided by those before it, or they are equal.
 */
function replaced({ set, ifGreater }: Upsert): Record<string, RawBuilder<unknown>> {
  if (ifGreater === undefined) return Object.fromEntries(set.map((column) => [column, newer(column)]));
  const condition = sql`(${sql.join(ifGreater.map(newer))}) > (${sql.join(ifGreater.map((column) => sql.ref(column)))})`;
  const order = [
    ...set.filter((column) => !ifGreater.includes(column)),
    ...ifGreater.filter((column) => set.includes(column)).toReversed(),
  ];
  return Object.fromEntries(
    order.map((column) => [column, sql`if(${condition}, ${newer(column)}, ${sql.ref(column)})`]),
  );
}

/** MariaDB reads an empty escape character as the backslash; naming another one leaves the backslash to itself. */
const withoutEscape = (pattern: string): string => pattern.replaceAll('|', '||');

/** A statement that breaks a unique constraint undoes itself and leaves its transaction usable, so it may be tried. */
async function unlessTaken<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (isTaken(error)) return undefined;
    throw error;
  }
}

const phrases: Pick<SqlPhrases, 'insertAbsent' | 'upsert' | 'tryInsert' | 'insertNumbered'> = {
  // Not `insert ignore`, which also cuts texts and turns null into 0.
  insertAbsent: (insert, key) =>
    (insert as unknown as AnyInsert).onDuplicateKeyUpdate({ [key]: sql.ref(key) }) as unknown as typeof insert,
  upsert: (insert, how) =>
    (insert as unknown as AnyInsert).onDuplicateKeyUpdate(replaced(how)) as unknown as typeof insert,
  async tryInsert(insert) {
    return (await unlessTaken(() => insert.execute())) !== undefined;
  },
  async insertNumbered(insert) {
    const done = await unlessTaken(() => (insert as unknown as AnyInsert).executeTakeFirst());
    return done?.insertId === undefined ? undefined : Number(done.insertId);
  },
};

/** Connects and looks at the server. Throws MW-CONFIG-VALUE for a URL that says too little, MW-UNAVAILABLE for a server that is not there. */
export async function mysqlEngine(text: string): Promise<SqlEngine> {
  const url = readServerUrl(text, 'mysql://user:password@127.0.0.1:3306/millwright', 3306);
  const kind = await mysqlKind(url);
  let resuming = false;
  const driver = new PooledDriver(mysqlPools(url, kind, () => resuming));
  const varchar = (length: number, set: string, collation: string): RawBuilder<unknown> =>
    sql.raw(`varchar(${length}) character set ${set} collate ${collation}`);
  // An index holds 3072 bytes, and a character counts 4 (ASCII 1).
  return {
    caps: { engine: 'mysql', multiProcess: true, durable: true },
    dialect: {
      createAdapter: () => new MysqlAdapter(),
      createDriver: () => driver,
      createIntrospector: (db) => new MysqlIntrospector(db),
      createQueryCompiler: () => new MysqlQueryCompiler(),
    },
    types: {
      key: varchar(255, 'utf8mb4', kind.exact),
      id: varchar(256, 'ascii', kind.exactAscii),
      name: varchar(500, 'utf8mb4', kind.exact),
      path: varchar(640, 'utf8mb4', kind.exact),
      text: sql.raw(`longtext character set utf8mb4 collate ${kind.exact}`),
      bytes: sql`longblob`,
      integer: sql`bigint`,
      real: sql`double`,
      sequence: sql`bigint not null auto_increment primary key`,
    },
    ...phrases,
    // The collation of the columns tells upper from lower case.
    like: (value, pattern) => sql<boolean>`${value} like ${withoutEscape(pattern)} escape '|'`,
    likeAnyCase: (value, pattern) =>
      sql<boolean>`lower(${value}) like ${withoutEscape(pattern.toLowerCase())} escape '|'`,
    asText: (number) => sql<string>`cast(${number} as char)`,
    jsonEntry: (column, key) => {
      // What these functions give is in a collation of their own, which mixes with no other.
      const exact = sql.raw(`collate ${kind.exact}`);
      const place = sql`json_unquote(json_search(${column}, 'one', ${key}, null, '$[*].key')) ${exact}`;
      return sql<string>`(json_unquote(json_extract(${column}, replace(${place}, '.key', '.value'))) ${exact})`;
    },
    isTaken,
    catalog: mysqlCatalog,
    lockRow: sql`for update`,
    // A select that sorts locks every row it looks at, so that all others would be passed over.
    lockFree: undefined,
    refusable: (_db, work) => work(),
    migrating: (work) => withNamedLock(url, work),
    schemaRollsBack: false,
    async resuming(work) {
      resuming = true;
      try {
        return await work();
      } finally {
        resuming = false;
      }
    },
    inTransaction: (work) => driver.inTransaction(work),
    closed: async () => undefined,
  };
}
