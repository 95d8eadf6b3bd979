/** What each immutable prediction file holds, read once: windows then open only the files they need. */
import { join } from 'node:path';
import { type Engine, pathLiteral } from './engine.ts';

export interface FileFacts {
  /** Of both roles. */
  readonly rows: number;
  /** What callers were given. */
  readonly liveRows: number;
  readonly firstTime: number;
  readonly lastTime: number;
  readonly firstReceived: number;
  readonly lastReceived: number;
}

export interface FactsCache {
  /** Facts of the named files; unreadable files are left out and reported once. */
  of(names: readonly string[]): Promise<ReadonlyMap<string, FileFacts>>;
}

/** The names whose files can be read; the others are reported once. Each file is read once: they never change. */
export function createReadable(
  engine: Engine,
  folder: string,
  skipped: (path: string, reason: string) => void,
): (names: readonly string[]) => Promise<readonly string[]> {
  const good = new Set<string>();
  const bad = new Set<string>();

  async function check(names: readonly string[]): Promise<void> {
    const paths = names.map((name) => pathLiteral(join(folder, name))).join(', ');
    // Made of every value, because a count is answered from the footer, which damage in the middle of a file leaves whole.
    await engine.query(
      `SELECT max(length(prediction_id)), max(length(name)), sum(value), sum(time), sum(seq)
       FROM read_parquet([${paths}], union_by_name = true, hive_partitioning = false)`,
    );
    for (const name of names) good.add(name);
  }

  return async (names) => {
    const fresh = names.filter((name) => !good.has(name) && !bad.has(name));
    for (let at = 0; at < fresh.length; at += 256) {
      const some = fresh.slice(at, at + 256);
      try {
        await check(some);
      } catch {
        for (const name of some) {
          try {
            await check([name]);
          } catch (error) {
            bad.add(name);
            skipped(join(folder, name), error instanceof Error ? error.message : String(error));
          }
        }
      }
    }
    const present = new Set(names);
    for (const name of good) if (!present.has(name)) good.delete(name);
    return names.filter((name) => good.has(name));
  };
}

export function createFactsCache(
  engine: Engine,
  folder: string,
  skipped: (path: string, reason: string) => void,
): FactsCache {
  const known = new Map<string, FileFacts>();
  const unreadable = new Set<string>();

  async function read(names: readonly string[]): Promise<void> {
    const paths = names.map((name) => join(folder, name));
    const table = await engine.query(
      `SELECT parse_filename(filename), count(*)::DOUBLE, min(time)::DOUBLE, max(time)::DOUBLE,
              min(received_at)::DOUBLE, max(received_at)::DOUBLE, (count(*) FILTER (WHERE role IS DISTINCT FROM 'shadow'))::DOUBLE
       FROM (SELECT * FROM (SELECT NULL::VARCHAR AS role WHERE false) UNION ALL BY NAME
             SELECT * FROM read_parquet([${paths.map(pathLiteral).join(', ')}], union_by_name = true, hive_partitioning = false, filename = true))
       GROUP BY filename`,
    );
    for (let i = 0; i < table.rows; i++) {
      const cell = (column: number): number => Number(table.columns[column]?.[i] ?? 0);
      known.set(String(table.columns[0]?.[i]), {
        rows: cell(1),
        firstTime: cell(2),
        lastTime: cell(3),
        firstReceived: cell(4),
        lastReceived: cell(5),
        liveRows: cell(6),
      });
    }
    // A file without rows has no group.
    for (const name of names) {
      if (!known.has(name)) {
        known.set(name, { rows: 0, liveRows: 0, firstTime: 0, lastTime: -1, firstReceived: 0, lastReceived: -1 });
      }
    }
  }

  return {
    async of(names) {
      const fresh = names.filter((name) => !known.has(name) && !unreadable.has(name));
      for (let at = 0; at < fresh.length; at += 256) {
        const some = fresh.slice(at, at + 256);
        try {
          await read(some);
        } catch {
          // One of them is damaged: find out which, so that one bad file does not blind every monitor.
          for (const name of some) {
            try {
              await read([name]);
            } catch (error) {
              unreadable.add(name);
              skipped(join(folder, name), error instanceof Error ? error.message : String(error));
            }
          }
        }
      }
      const present = new Set(names);
      for (const name of known.keys()) if (!present.has(name)) known.delete(name);
      return new Map(
        names.flatMap((name) => {
          const facts = known.get(name);
          return facts === undefined || facts.rows === 0 ? [] : [[name, facts] as const];
        }),
      );
    },
  };
}
