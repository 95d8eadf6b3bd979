/**
 * Search of runs that costs what the page holds. The order's own index is read from its beginning until the page is full: by metric in
 * three phases (numbers, NaN, runs without it), by start time in one. Where a condition of the filter leaves few runs, those are looked
 * at instead. Only an order that has no index (attributes other than the start time) sorts all that match.
 */
import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import type { Comparison, Filter, OrderKey } from '../../domain/tracking.ts';
import { RUN_NAME_TAG } from '../../domain/tracking.ts';
import type { KeyCount, RunSearch } from '../../ports/tracking-store.ts';
import type { SqlEngine, SqlPhrases } from './engine.ts';
import { rows } from './program.ts';
import type { Program } from './program.ts';
import { orderOf, valueCondition, viewCondition, whereOf } from './tracking-conditions.ts';
import type { Searchable } from './tracking-conditions.ts';
import { headOf, toExperimentNumber } from './tracking-tables.ts';
import type { RunRow, TrackingDb } from './tracking-tables.ts';

const ENTRY_TABLES = { metric: 'run_metrics', param: 'params', tag: 'run_tags' } as const;

/** A condition that leaves no more runs than this is looked up first. */
const FEW = 4000;
/** More experiments than this are sorted together instead of merged. */
const MOST_STREAMS = 24;
/** Keys are counted over so many of the newest runs. */
const COUNTED_RUNS = 5000;
const MOST_KEYS = 2000;

type Asked = Pick<RunSearch, 'experimentIds' | 'view' | 'filter'>;
type Found = RunRow & { readonly sort_value?: number | null };

const searchable = (phrases: SqlPhrases): Searchable => ({
  attributes: {
    run_id: sql.ref('runs.id'),
    run_name: sql.ref('runs.name'),
    experiment_id: phrases.asText(sql.ref('runs.experiment_id')),
    status: sql.ref('runs.status'),
    user_id: sql.ref('runs.user_id'),
    artifact_uri: sql`concat('mlflow-artifacts:/', runs.experiment_id, '/', runs.id, '/artifacts')`,
    lifecycle_stage: sql.ref('runs.lifecycle'),
    start_time: sql.ref('runs.start_time'),
    end_time: sql.ref('runs.end_time'),
  },
  entries: (entity, key) =>
    sql`from ${sql.table(ENTRY_TABLES[entity])} as e where e.run_id = runs.id and ${sql.ref('e.key')} = ${key}`,
  datasets: sql`from run_datasets as i join logged_datasets as d on d.id = i.dataset_id where i.run_id = runs.id`,
});

const ref = (name: string): RawBuilder<unknown> => sql.ref(name);

/** `select run_id …` of the runs that a condition leaves, read from an index; undefined where there is none. */
function candidates(
  phrases: SqlPhrases,
  experiments: readonly number[],
  one: Comparison,
): RawBuilder<unknown> | undefined {
  const { entity, key, op, value } = one;
  if (entity === 'metric' && op !== '!=') {
    return sql`select m.run_id from run_metrics as m where m.experiment_id in (${sql.join(experiments)}) and ${ref('m.key')} = ${key} and m.is_nan = 0 and ${valueCondition(phrases, ref('m.value'), one)}`;
  }
  if (entity === 'attribute' && key === 'run_id' && (op === '=' || op === 'IN')) {
    const ids = Array.isArray(value) ? value : [value];
    return sql`select r.id as run_id from runs as r where r.id in (${sql.join(ids)})`;
  }
  if (op !== '=' || typeof value !== 'string') return undefined;
  const named = entity === 'attribute' && key === 'run_name';
  if (entity === 'param' || entity === 'tag' || named) {
    const table = entity === 'param' ? 'params' : 'run_tags';
    const name = named ? RUN_NAME_TAG : key;
    return sql`select c.run_id from ${sql.table(table)} as c where ${ref('c.key')} = ${name} and c.head = ${headOf(value)} and c.value = ${value}`;
  }
  return undefined;
}

export function runSearch(db: TrackingDb, engine: SqlEngine): (search: RunSearch) => Program<readonly RunRow[]> {
  const of = searchable(engine);
  const last = [sql`runs.start_time desc`, sql`runs.id asc`];
  const select = <R>(query: RawBuilder<unknown>) => {
    const { sql: text, parameters } = query.compile(db);
    return rows<R>({ sql: text, parameters, reads: true });
  };

  /** The condition of `filter` that leaves the fewest runs, when they are few. */
  function* selective(experiments: readonly number[], filter: Filter): Program<RawBuilder<unknown> | undefined> {
    let [best, fewest]: [RawBuilder<unknown> | undefined, number] = [undefined, FEW + 1];
    for (const one of filter) {
      const found = candidates(engine, experiments, one);
      if (found === undefined) continue;
      const [row] = yield* select<{ count: number | string }>(
        sql`select count(*) as count from (${found} limit ${fewest}) as few`,
      );
      const count = Number(row?.count ?? 0);
      if (count < fewest) [best, fewest] = [found, count];
    }
    return best;
  }

  /** One page of rows that come in order from each of several sources. `sort_value` and `ascending` say what the order begins with. */
  function* merged(
    sources: readonly ((limit: number, offset: number) => RawBuilder<unknown>)[],
    ascending: boolean | undefined,
    limit: number,
    offset: number,
  ): Program<{ readonly page: readonly RunRow[]; readonly passed: number }> {
    const [only] = sources;
    if (only !== undefined && sources.length === 1) {
      const page = yield* select<Found>(only(limit, offset));
      return { page, passed: page.length };
    }
    const found: Found[] = [];
    for (const source of sources) found.push(...(yield* select<Found>(source(offset + limit, 0))));
    const sign = ascending === true ? 1 : -1;
    found.sort(
      (a, b) =>
        (ascending === undefined ? 0 : sign * (Number(a.sort_value) - Number(b.sort_value))) ||
        b.start_time - a.start_time ||
        (a.id < b.id ? -1 : 1),
    );
    return { page: found.slice(offset, offset + limit), passed: Math.max(0, found.length - offset) };
  }

  function* byStart(search: RunSearch, experiments: readonly number[], ascending: boolean): Program<readonly RunRow[]> {
    const lifecycles =
      search.view === 'ALL' ? ['active', 'deleted'] : [search.view === 'ACTIVE_ONLY' ? 'active' : 'deleted'];
    const where = whereOf(engine, of, search.filter);
    const order = ascending ? sql`runs.start_time asc, runs.id asc` : sql`runs.start_time desc, runs.id asc`;
    const sources = experiments.flatMap((experiment) =>
      lifecycles.map(
        (lifecycle) => (limit: number, offset: number) =>
          sql`select runs.*, runs.start_time as sort_value from runs where runs.experiment_id = ${experiment} and runs.lifecycle = ${lifecycle} and ${where} order by ${order} limit ${limit} offset ${offset}`,
      ),
    );
    return (yield* merged(sources, ascending, search.limit, search.offset)).page;
  }

  function* byMetric(
    search: RunSearch,
    experiments: readonly number[],
    { key, ascending }: OrderKey,
    more: readonly OrderKey[],
  ): Program<readonly RunRow[]> {
    const own = search.filter.filter((one) => one.entity === 'metric' && one.key === key);
    const others = search.filter.filter((one) => !own.includes(one));
    const where = sql`${viewCondition('runs.lifecycle', search.view)} and ${whereOf(engine, of, others)}`;
    const rest = sql.join(orderOf(of, more, last));
    const within = own.map((one) => sql` and ${valueCondition(engine, ref('m.value'), one)}`);
    const range = within.length === 0 ? sql`` : sql.join(within, sql``);
    const direction = ascending ? sql`asc` : sql`desc`;
    // The order of the tables is the order of the loops in SQLite: from the metric's index to the run.
    const numbers = (experiment: number, nan: number) =>
      sql`from run_metrics as m cross join runs where m.experiment_id = ${experiment} and ${ref('m.key')} = ${key} and m.is_nan = ${nan}${range} and runs.id = m.run_id and ${where}`;
    const page: RunRow[] = [];
    let { offset } = search;
    for (const nan of [0, 1]) {
      const order = nan === 0 ? sql`m.value ${direction}, ${rest}` : rest;
      const sources = experiments.map(
        (experiment) => (limit: number, skip: number) =>
          sql`select runs.*, m.value as sort_value ${numbers(experiment, nan)} order by ${order} limit ${limit} offset ${skip}`,
      );
      const found = yield* merged(sources, nan === 0 ? ascending : undefined, search.limit - page.length, offset);
      page.push(...found.page);
      if (page.length === search.limit) return page;
      if (found.passed > 0) offset = 0;
      else if (offset > 0) {
        for (const experiment of experiments) {
          const [row] = yield* select<{ count: number | string }>(
            sql`select count(*) as count ${numbers(experiment, nan)}`,
          );
          offset -= Number(row?.count ?? 0);
        }
      }
      // A condition on the metric itself never holds where it is NaN or missing.
      if (own.length > 0) return page;
    }
    const without = sql`not exists (select 1 ${of.entries('metric', key)})`;
    const sources = experiments.map(
      (experiment) => (limit: number, skip: number) =>
        sql`select runs.* from runs where runs.experiment_id = ${experiment} and ${where} and ${without} order by ${rest} limit ${limit} offset ${skip}`,
    );
    page.push(...(yield* merged(sources, undefined, search.limit - page.length, offset)).page);
    return page;
  }

  /** By a param or a tag: its index is in the order of the values' beginnings. */
  function* byEntry(
    search: RunSearch,
    experiments: readonly number[],
    { entity, key, ascending }: OrderKey & { readonly entity: 'param' | 'tag' },
    more: readonly OrderKey[],
  ): Program<readonly RunRow[]> {
    const among = sql`runs.experiment_id in (${sql.join(experiments)})`;
    const where = sql`${among} and ${viewCondition('runs.lifecycle', search.view)} and ${whereOf(engine, of, search.filter)}`;
    const rest = sql.join(orderOf(of, more, last));
    const direction = ascending ? sql`asc` : sql`desc`;
    const having = sql`from ${sql.table(ENTRY_TABLES[entity])} as c cross join runs where ${ref('c.key')} = ${key} and runs.id = c.run_id and ${where}`;
    const page = [
      ...(yield* select<RunRow>(
        sql`select runs.* ${having} order by c.head ${direction}, c.value ${direction}, ${rest} limit ${search.limit} offset ${search.offset}`,
      )),
    ];
    if (page.length === search.limit) return page;
    let offset = 0;
    if (page.length === 0 && search.offset > 0) {
      const [row] = yield* select<{ count: number | string }>(sql`select count(*) as count ${having}`);
      offset = search.offset - Number(row?.count ?? 0);
    }
    const without = sql`not exists (select 1 ${of.entries(entity, key)})`;
    page.push(
      ...(yield* select<RunRow>(
        sql`select runs.* from runs where ${where} and ${without} order by ${rest} limit ${search.limit - page.length} offset ${offset}`,
      )),
    );
    return page;
  }

  /** Everything that matches, sorted. `few` names the runs to look at. */
  function sorted(search: RunSearch, experiments: readonly number[], few: RawBuilder<unknown> | undefined) {
    const from = few === undefined ? sql`runs` : sql`(${few}) as few cross join runs`;
    const joined = few === undefined ? sql`` : sql`runs.id = few.run_id and `;
    return select<RunRow>(
      sql`select runs.* from ${from} where ${joined}runs.experiment_id in (${sql.join(experiments)}) and ${viewCondition('runs.lifecycle', search.view)} and ${whereOf(engine, of, search.filter)} order by ${sql.join(orderOf(of, search.order, last))} limit ${search.limit} offset ${search.offset}`,
    );
  }

  return function* program(search) {
    const experiments = [...new Set(search.experimentIds.map(toExperimentNumber))];
    const few = yield* selective(experiments, search.filter);
    const [head, ...more] = search.order;
    if (few === undefined && experiments.length <= MOST_STREAMS) {
      const byTime = head === undefined || (head.entity === 'attribute' && head.key === 'start_time');
      if (byTime && more.length === 0) return yield* byStart(search, experiments, head?.ascending === true);
      // Rows of several experiments are merged here, where only the first key of the order is known.
      if (head?.entity === 'metric' && (more.length === 0 || experiments.length === 1)) {
        return yield* byMetric(search, experiments, head, more);
      }
      if (head?.entity === 'param' || head?.entity === 'tag') {
        return yield* byEntry(search, experiments, { ...head, entity: head.entity }, more);
      }
    }
    return yield* sorted(search, experiments, few);
  };
}

/** How many runs match. */
export function runCount(db: TrackingDb, engine: SqlEngine): (asked: Asked) => Program<number> {
  const of = searchable(engine);
  const counted = function* (query: RawBuilder<unknown>): Program<number> {
    const { sql: text, parameters } = query.compile(db);
    const [row] = yield* rows<{ count: number | string }>({ sql: text, parameters, reads: true });
    return Number(row?.count ?? 0);
  };
  return function* program({ experimentIds, view, filter }) {
    const experiments = [...new Set(experimentIds.map(toExperimentNumber))];
    const [one] = filter;
    const metric = one?.entity === 'metric' && filter.length === 1 ? candidates(engine, experiments, one) : undefined;
    if (metric !== undefined && view === 'ACTIVE_ONLY') {
      // The index alone counts them all; of runs there are few deleted ones to take off.
      const all = yield* counted(sql`select count(*) as count from (${metric}) as few`);
      const deleted = sql`runs.experiment_id in (${sql.join(experiments)}) and runs.lifecycle = 'deleted'`;
      return (
        all -
        (yield* counted(sql`select count(*) as count from runs where ${deleted} and ${whereOf(engine, of, filter)}`))
      );
    }
    // Counting has no first page: the index of one condition is read whole, and only what it names is looked up.
    const [first] = filter.flatMap((comparison) => {
      const found = candidates(engine, experiments, comparison);
      return found === undefined ? [] : [{ comparison, found }];
    });
    const from = first === undefined ? sql`runs` : sql`(${first.found}) as few cross join runs`;
    const joined = first === undefined ? sql`` : sql`runs.id = few.run_id and `;
    const rest = filter.filter((comparison) => comparison !== first?.comparison);
    return yield* counted(
      sql`select count(*) as count from ${from} where ${joined}runs.experiment_id in (${sql.join(experiments)}) and ${viewCondition('runs.lifecycle', view)} and ${whereOf(engine, of, rest)}`,
    );
  };
}

interface Keys {
  readonly metrics: readonly KeyCount[];
  readonly params: readonly KeyCount[];
  readonly tags: readonly KeyCount[];
}

/** Keys of the newest runs and how many of those have them: a column is offered because runs of today have it. */
export function runKeys(db: TrackingDb): (experimentIds: readonly string[]) => Program<Keys> {
  function* of(table: string, experiments: readonly number[]): Program<readonly KeyCount[]> {
    const newest = experiments.map(
      (experiment) =>
        sql`select * from (select id from runs where experiment_id = ${experiment} and lifecycle = 'active' order by start_time desc, id limit ${COUNTED_RUNS}) as newest`,
    );
    const query = sql`select ${ref('e.key')} as ${sql.ref('key')}, count(*) as runs from (${sql.join(newest, sql` union all `)}) as n cross join ${sql.table(table)} as e where e.run_id = n.id group by ${ref('e.key')} order by runs desc, ${ref('e.key')} limit ${MOST_KEYS}`;
    const { sql: text, parameters } = query.compile(db);
    const found = yield* rows<{ key: string; runs: number | string }>({ sql: text, parameters, reads: true });
    return found.map(({ key, runs }) => ({ key, runs: Number(runs) }));
  }
  return function* program(experimentIds) {
    const experiments = [...new Set(experimentIds.map(toExperimentNumber))];
    if (experiments.length === 0) return { metrics: [], params: [], tags: [] };
    return {
      metrics: yield* of('run_metrics', experiments),
      params: yield* of('params', experiments),
      tags: yield* of('run_tags', experiments),
    };
  };
}
