/** Read-only SQL over all metadata. */
import type { Handlers } from '../bind.ts';
import type { ApiDeps } from '../deps.ts';

type Mine = Pick<Handlers, 'sql' | 'sqlTables'>;

export function sqlHandlers({ sql }: Pick<ApiDeps, 'sql'>): Mine {
  return {
    sql: async (_ctx, { body }) => {
      const { columns, rows, ...rest } = await sql.query(body.sql, body.limit);
      return { ...rest, columns: [...columns], rows: rows.map((row) => [...row]) };
    },
    sqlTables: async () => ({
      tables: sql.tables.map(({ columns, ...table }) => ({ ...table, columns: [...columns] })),
      examples: [...sql.examples],
    }),
  };
}
