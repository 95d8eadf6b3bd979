/** What an engine says of its own tables: for copying all of them without knowing any. */
import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import { atomically } from './atomically.ts';

export interface TableShape {
  readonly name: string;
  /** In any order. */
  readonly columns: readonly string[];
  /** Columns of the primary key, in its order; empty: it has none. */
  readonly key: readonly string[];
  /** The column that the engine counts up. */
  readonly counted?: string;
}

export interface Catalog {
  tables(db: Kysely<unknown>): Promise<readonly TableShape[]>;
  /** The number that the next row of a counted table gets. */
  nextNumber(db: Kysely<unknown>, table: TableShape): Promise<number>;
  setNextNumber(db: Kysely<unknown>, table: TableShape, next: number): Promise<void>;
}

interface ColumnFact {
  readonly table: string;
  readonly column: string;
  /** Place in the primary key from 1; 0 or null: not of it. */
  readonly place: number | null;
  readonly counted: number;
}

function shapes(facts: readonly ColumnFact[]): readonly TableShape[] {
  const tables = Map.groupBy(facts, (fact) => fact.table);
  return [...tables].map(([name, columns]) => {
    const key = columns.filter(({ place }) => (place ?? 0) > 0).toSorted((a, b) => (a.place ?? 0) - (b.place ?? 0));
    const counted = columns.find((fact) => fact.counted === 1)?.column;
    return {
      name,
      columns: columns.map(({ column }) => column),
      key: key.map(({ column }) => column),
      ...(counted === undefined ? {} : { counted }),
    };
  });
}

export const sqliteCatalog: Catalog = {
  async tables(db) {
    const { rows } = await sql<ColumnFact>`
      select m.name as "table", c.name as "column", c.pk as place,
        case when c.pk = 1 and lower(c.type) = 'integer' and lower(m.sql) like '%autoincrement%' then 1 else 0 end as counted
      from sqlite_master as m join pragma_table_info(m.name) as c
      where m.type = 'table' and m.name not like 'sqlite\\_%' escape '\\'
      order by m.name, c.cid`.execute(db);
    return shapes(rows);
  },
  async nextNumber(db, { name }) {
    const { rows } = await sql<{ seq: number }>`select seq from sqlite_sequence where name = ${name}`.execute(db);
    return (rows[0]?.seq ?? 0) + 1;
  },
  async setNextNumber(db, { name }, next) {
    await sql`delete from sqlite_sequence where name = ${name}`.execute(db);
    await sql`insert into sqlite_sequence (name, seq) values (${name}, ${next - 1})`.execute(db);
  },
};

export const postgresCatalog: Catalog = {
  async tables(db) {
    // Places in `indkey` count from 0.
    const { rows } = await sql<ColumnFact>`
      select c.relname as "table", a.attname as "column", array_position(i.indkey::int2[], a.attnum) + 1 as place,
        case when a.attidentity = '' then 0 else 1 end as counted
      from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace and n.nspname = current_schema()
        join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        left join pg_index as i on i.indrelid = c.oid and i.indisprimary
      where c.relkind in ('r', 'p')
      order by c.relname, a.attnum`.execute(db);
    return shapes(rows);
  },
  async nextNumber(db, { name, counted }) {
    const found = await sql<{
      sequence: string;
    }>`select pg_get_serial_sequence(${`"${name}"`}, ${counted}) as sequence`.execute(db);
    const sequence = found.rows[0]?.sequence ?? '';
    // The engine gives the name quoted where it must be.
    const { rows } = await sql<{ next: number }>`
      select case when is_called then last_value + 1 else last_value end as next from ${sql.raw(sequence)}`.execute(db);
    return rows[0]?.next ?? 1;
  },
  async setNextNumber(db, { name, counted }, next) {
    // A select that writes: outside a transaction it would go to a reader.
    await atomically(db, (tx) =>
      sql`select setval(pg_get_serial_sequence(${`"${name}"`}, ${counted}), ${next}, false)`.execute(tx),
    );
  },
};

export const mysqlCatalog: Catalog = {
  async tables(db) {
    const { rows } = await sql<ColumnFact>`
      select c.table_name as ${sql.ref('table')}, c.column_name as ${sql.ref('column')}, k.ordinal_position as place,
        case when c.extra like '%auto_increment%' then 1 else 0 end as counted
      from information_schema.columns as c
        join information_schema.tables as t
          on t.table_schema = c.table_schema and t.table_name = c.table_name and t.table_type = 'BASE TABLE'
        left join information_schema.key_column_usage as k
          on k.table_schema = c.table_schema and k.table_name = c.table_name and k.column_name = c.column_name
            and k.constraint_name = 'PRIMARY'
      where c.table_schema = database()
      order by c.table_name, c.ordinal_position`.execute(db);
    return shapes(rows);
  },
  async nextNumber(db, { name }) {
    const { rows } = await sql<{ next: number | null }>`
      select auto_increment as next from information_schema.tables
      where table_schema = database() and table_name = ${name}`.execute(db);
    return rows[0]?.next ?? 1;
  },
  async setNextNumber(db, { name }, next) {
    await sql`alter table ${sql.table(name)} auto_increment = ${sql.raw(String(Math.trunc(next)))}`.execute(db);
  },
};
