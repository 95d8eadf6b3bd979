/** A parsed search filter as SQL. Every key and value is a bound parameter; only names written in this folder are spliced. */
import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import { MillwrightError } from '../../domain/errors.ts';
import type { Comparison, Filter, OrderKey, ViewType } from '../../domain/tracking.ts';
import type { SqlPhrases } from './engine.ts';

/** Where the parts of a searched thing are found. `key` in the fragments is the bound key of the comparison. */
export interface Searchable {
  /** Column or expression of each attribute. */
  readonly attributes: Readonly<Record<string, RawBuilder<unknown>>>;
  /** `from … where …` that yields the rows (key, value[, is_nan]) of one key of this thing. */
  readonly entries: (entity: 'metric' | 'param' | 'tag', key: string) => RawBuilder<unknown>;
  /** `order by …`: which of several rows of a metric counts. */
  readonly counts?: RawBuilder<unknown>;
  /** `from … where …` over the datasets of a run. */
  readonly datasets?: RawBuilder<unknown>;
}

const DATASET_COLUMNS: Readonly<Record<string, RawBuilder<unknown>>> = {
  name: sql.ref('d.name'),
  digest: sql.ref('d.digest'),
};

export function valueCondition(
  phrases: SqlPhrases,
  expression: RawBuilder<unknown>,
  { op, value }: Comparison,
): RawBuilder<boolean> {
  switch (op) {
    case 'LIKE':
      return phrases.like(expression, String(value));
    case 'ILIKE':
      return phrases.likeAnyCase(expression, String(value));
    case 'IN':
      return sql<boolean>`${expression} in (${sql.join(value as readonly string[])})`;
    case 'NOT IN':
      return sql<boolean>`${expression} not in (${sql.join(value as readonly string[])})`;
    case 'IS NULL':
    case 'IS NOT NULL':
      throw new MillwrightError('MW-INVALID', `${op} needs a param or a tag`, { where: 'filter' });
    default:
      return sql<boolean>`${expression} ${sql.raw(op)} ${value}`;
  }
}

function attribute(of: Searchable, key: string): RawBuilder<unknown> {
  const found = of.attributes[key];
  if (found === undefined)
    throw new MillwrightError('MW-INVALID', `Invalid attribute key '${key}'`, { where: 'filter' });
  return found;
}

function condition(phrases: SqlPhrases, of: Searchable, comparison: Comparison): RawBuilder<boolean> {
  const { entity, key, op } = comparison;
  if (entity === 'attribute') return valueCondition(phrases, attribute(of, key), comparison);
  if (entity === 'dataset') {
    if (of.datasets === undefined)
      throw new MillwrightError('MW-INVALID', 'datasets cannot be searched here', { where: 'filter' });
    // Tags of an input are a short JSON list in the row; its `mlflow.data.context` is the context.
    const value =
      key === 'context'
        ? phrases.jsonEntry(sql.ref('i.tags'), 'mlflow.data.context')
        : (DATASET_COLUMNS[key] ?? sql`null`);
    return sql<boolean>`exists (select 1 ${of.datasets} and ${valueCondition(phrases, value, comparison)})`;
  }
  const rows = of.entries(entity, key);
  if (op === 'IS NULL') return sql<boolean>`not exists (select 1 ${rows})`;
  if (op === 'IS NOT NULL') return sql<boolean>`exists (select 1 ${rows})`;
  if (entity === 'metric' && of.counts !== undefined) {
    const value = sql`(select case when e.is_nan = 1 then null else e.value end ${rows} ${of.counts} limit 1)`;
    return valueCondition(phrases, value, comparison);
  }
  const number = entity === 'metric' ? sql` and e.is_nan = 0` : sql``;
  return sql<boolean>`exists (select 1 ${rows}${number} and ${valueCondition(phrases, sql.ref('e.value'), comparison)})`;
}

/** The AND of all comparisons; true for the empty filter. */
export function whereOf(phrases: SqlPhrases, of: Searchable, filter: Filter): RawBuilder<boolean> {
  if (filter.length === 0) return sql<boolean>`1 = 1`;
  return sql<boolean>`${sql.join(
    filter.map((comparison) => condition(phrases, of, comparison)),
    sql` and `,
  )}`;
}

const counted = (of: Searchable, entity: string): RawBuilder<unknown> =>
  entity === 'metric' && of.counts !== undefined ? of.counts : sql``;

/** Missing values last in both directions, NaN after numbers; the given tie breakers at the end. */
export function orderOf(
  of: Searchable,
  order: readonly OrderKey[],
  last: readonly RawBuilder<unknown>[],
): RawBuilder<unknown>[] {
  const terms: RawBuilder<unknown>[] = [];
  for (const { entity, key, ascending } of order) {
    if (entity === 'dataset')
      throw new MillwrightError('MW-INVALID', `cannot order by dataset.${key}`, { where: 'order_by' });
    const rows = entity === 'attribute' ? undefined : sql`${of.entries(entity, key)} ${counted(of, entity)}`;
    const value = rows === undefined ? attribute(of, key) : sql`(select e.value ${rows} limit 1)`;
    terms.push(
      entity === 'metric' && rows !== undefined
        ? sql`coalesce((select e.is_nan ${rows} limit 1), 2)`
        : sql`case when ${value} is null then 1 else 0 end`,
    );
    terms.push(ascending ? sql`${value} asc` : sql`${value} desc`);
  }
  return [...terms, ...last];
}

export function viewCondition(column: string, view: ViewType): RawBuilder<boolean> {
  if (view === 'ALL') return sql<boolean>`1 = 1`;
  return sql<boolean>`${sql.ref(column)} = ${view === 'ACTIVE_ONLY' ? 'active' : 'deleted'}`;
}
