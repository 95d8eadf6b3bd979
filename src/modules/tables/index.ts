/** Read-only SQL over all metadata: a documented picture of it, in tables, asked through an engine that can reach nothing else. */
import { MillwrightError } from '../../domain/errors.ts';
import { createMutex } from '../../platform/mutex.ts';
import type { Clock } from '../../ports/clock.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import type { Cell, QueryAnswer, QueryEngine, ScanRow } from '../../ports/table-source.ts';
import { DETAIL_TABLES } from './detail-tables.ts';
import { OPERATION_TABLES } from './operation-tables.ts';
import { REGISTRY_TABLES } from './registry-tables.ts';
import type { Bound, Table, TableColumn } from './table.ts';
import { TRACKING_TABLES } from './tracking-tables.ts';

export type { Table } from './table.ts';

interface TablesDeps {
  readonly store: MetadataStore;
  /** Loads the engine; called again after it was put away. */
  readonly engine: () => Promise<QueryEngine>;
  readonly clock: Clock;
}

export interface Answer extends QueryAnswer {
  readonly ms: number;
  /** Age of the oldest table that was asked. */
  readonly snapshotMs: number;
}

export interface Tables {
  /** Throws MW-SQL; MW-OVERLOADED when too many queries wait. */
  query(sql: string, rows: number): Promise<Answer>;
  readonly tables: readonly {
    readonly name: string;
    readonly description: string;
    readonly columns: readonly TableColumn[];
  }[];
  readonly examples: readonly { readonly title: string; readonly sql: string }[];
  close(): Promise<void>;
}

/** A table is read again when it is older than this and a query names it. */
const FRESH_MS = 5_000;
const TIMEOUT_MS = 10_000;
/** Queries run one after another; more than this many do not wait. */
const WAITING = 8;
/** The engine is put away, and its memory given back, when nobody has asked for this long. */
const IDLE_MS = 120_000;

/** Those that are about what experiments hold. */
export const EXPERIMENT_TABLES: readonly Table[] = [...TRACKING_TABLES, ...DETAIL_TABLES];
/** Every documented table. */
export const PICTURE: readonly Table[] = [...EXPERIMENT_TABLES, ...REGISTRY_TABLES, ...OPERATION_TABLES];

const EXAMPLES = [
  {
    title: 'The best run of each experiment',
    sql: `SELECT experiment, arg_min(name, value) AS best, min(value) AS log_loss, count(*) AS runs
FROM runs JOIN metrics USING (run_id)
WHERE key = 'log_loss' AND lifecycle = 'active' AND NOT isnan(value)
GROUP BY experiment ORDER BY log_loss`,
  },
  {
    title: 'Mean and spread of a metric by a param',
    sql: `SELECT p.value AS lr, count(*) AS runs, avg(m.value) AS mean, stddev_samp(m.value) AS sd
FROM params p JOIN metrics m USING (run_id)
WHERE p.key = 'lr' AND m.key = 'auc'
GROUP BY lr ORDER BY mean DESC`,
  },
  {
    title: 'What every endpoint serves, and from which data',
    sql: `SELECT e.endpoint, e.version, e.percent, d.version_id
FROM endpoints e LEFT JOIN version_datasets d ON d.model = e.model AND d.version = e.version`,
  },
  {
    title: 'From alert to the version it led to',
    sql: `SELECT a.alert_id, a.since, p.pipeline_run_id, v.model, v.version, v.verdict
FROM alerts a JOIN pipeline_runs p USING (pipeline_run_id) LEFT JOIN versions v USING (pipeline_run_id)
ORDER BY a.created_at DESC`,
  },
  {
    title: 'What naming equal files once saves',
    sql: `SELECT count(*) AS files, sum(bytes) AS named,
  (SELECT sum(bytes) FROM (SELECT any_value(bytes) AS bytes FROM artifacts GROUP BY digest)) AS stored
FROM artifacts`,
  },
  {
    title: 'The curve of one metric, every tenth point',
    sql: `SELECT step, avg(value) AS loss FROM metric_history
WHERE run_id = 'put a run id here' AND key = 'loss'
GROUP BY step // 10, step ORDER BY step`,
  },
];

export function createTables({ store, engine, clock }: TablesDeps): Tables {
  const byName = new Map(PICTURE.map((table) => [table.name, table]));
  const alone = createMutex();
  const loadedAt = new Map<string, number>();
  let opened: Promise<QueryEngine> | undefined;
  let waiting = 0;
  let idle: NodeJS.Timeout | undefined;

  /** With every table in it, empty: a name that is misspelt then gets the engine's own suggestion. */
  async function open(): Promise<QueryEngine> {
    const made = await engine();
    for (const table of PICTURE) await made.load(table, none());
    return made;
  }

  async function putAway(): Promise<void> {
    const old = opened;
    opened = undefined;
    loadedAt.clear();
    await (await old?.catch(() => undefined))?.close();
  }

  async function ask(sql: string, rows: number): Promise<Answer> {
    const started = clock.monotonic();
    // A query before this one ended it, and its tables with it.
    if (opened !== undefined && !(await opened).alive()) await putAway();
    opened ??= open();
    opened.catch(() => {
      opened = undefined;
    });
    const running = await opened;
    const { tables, bound } = await running.parse(sql);
    const asked = tables.flatMap((name) => byName.get(name) ?? []);
    let oldest = clock.monotonic();
    const emptied: Table[] = [];
    try {
      for (const table of asked) {
        const at = loadedAt.get(table.name);
        if (table.onDemand !== true && at !== undefined && clock.monotonic() - at < FRESH_MS) {
          oldest = Math.min(oldest, at);
          continue;
        }
        const now = clock.monotonic();
        const texts = bound[table.name] ?? {};
        loadedAt.delete(table.name);
        if (table.onDemand === true) {
          emptied.push(table);
          await running.load(table, table.rows(store, texts));
        } else {
          try {
            await running.load(table, table.rows(store, {}));
            loadedAt.set(table.name, now);
          } catch (error) {
            // More than the engine may hold: then only what this query can see, and not for the next one.
            if (Object.keys(texts).length === 0 || !running.alive()) throw error;
            emptied.push(table);
            await running.load(table, narrowed(table, table.rows(store, {}), texts));
          }
        }
        oldest = Math.min(oldest, now);
      }
      const answer = await running.query(sql, { rows, timeoutMs: TIMEOUT_MS });
      const end = clock.monotonic();
      return { ...answer, ms: Math.round(end - started), snapshotMs: Math.round(end - oldest) };
    } finally {
      for (const table of running.alive() ? emptied : []) await running.load(table, none());
    }
  }

  return {
    async query(sql, rows) {
      if (waiting >= WAITING) {
        throw new MillwrightError('MW-OVERLOADED', `${WAITING} queries are waiting already`, {
          next: 'try again in a moment',
        });
      }
      waiting += 1;
      clearTimeout(idle);
      try {
        return await alone.run(() => ask(sql, rows));
      } finally {
        waiting -= 1;
        if (waiting === 0) {
          idle = setTimeout(() => void alone.run(putAway), IDLE_MS);
          idle.unref();
        }
      }
    },
    tables: PICTURE.map(({ name, description, columns }) => ({ name, description, columns })),
    examples: EXAMPLES,
    async close() {
      clearTimeout(idle);
      await alone.run(putAway);
    },
  };
}

/** The rows that the conditions on a table leave. */
async function* narrowed(table: Table, batches: AsyncIterable<readonly ScanRow[]>, bound: Bound) {
  const tests = table.columns.flatMap(({ name }, i) => {
    const texts = bound[name];
    return texts === undefined ? [] : [{ i, texts: new Set<Cell | undefined>(texts) }];
  });
  for await (const rows of batches) yield rows.filter((row) => tests.every(({ i, texts }) => texts.has(row[i])));
}

async function* none(): AsyncIterable<never> {
  // No rows.
}
