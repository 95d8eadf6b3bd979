/** One sentence for a person: the thing and the number, then the reason. */
import type { Condition } from '../../domain/conditions.ts';
import type { ColumnDrift } from '../../domain/monitoring.ts';
import type { MonitorSpec } from '../../domain/project.ts';
import type { Estimate } from '../../domain/registry.ts';

const DAY = 86_400_000;
const METRIC_WORDS: Readonly<Record<string, string>> = {
  observed_expected: 'Observed/expected',
  log_loss: 'Log loss',
  brier: 'Brier score',
  auc: 'AUC',
  accuracy: 'Accuracy',
  outcome_rate: 'Outcome rate',
  drifted_share: 'Share of drifted columns',
  drifted_columns: 'Drifted columns',
};

/** Two decimals as in the examples of the voice; more for small numbers, none for counts. */
function number(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 0.095 ? value.toFixed(2) : value.toPrecision(2);
}

/** `outside 0.8..1.25`, without the name that stands on the left. */
function limits(condition: Condition): string {
  return condition.clauses
    .map((clause) => {
      if ('low' in clause) return `${clause.op} ${clause.low}..${clause.high}`;
      const { name, factor, offset } = clause.right;
      const named = factor === undefined ? name : `${name} * ${factor}`;
      const limit =
        named === undefined
          ? String(offset)
          : offset === 0
            ? named
            : `${named} ${offset < 0 ? '-' : '+'} ${Math.abs(offset)}`;
      return `${clause.op} ${limit}`;
    })
    .join(` ${condition.join} `);
}

/** `value outside 0.8..1.25` */
export function conditionText(condition: Condition): string {
  return condition.clauses
    .map((clause) => `${clause.left} ${limits({ join: 'and', clauses: [clause] })}`)
    .join(` ${condition.join} `);
}

function lengthOf(ms: number): string {
  const [size, word] =
    ms % DAY === 0 ? [ms / DAY, 'day'] : ms % 3_600_000 === 0 ? [ms / 3_600_000, 'hour'] : [ms / 60_000, 'minute'];
  return `${Number(size.toFixed(1))} ${word}${size === 1 ? '' : 's'}`;
}

export function dateOf(time: number): string {
  const iso = new Date(time).toISOString();
  return time % DAY === 0 ? iso.slice(0, 10) : `${iso.slice(0, 10)} ${iso.slice(11, 16)}`;
}

/** The value that the condition's first clause names, or `value`. */
export function judgedValue(
  condition: Condition,
  values: Readonly<Record<string, Estimate>>,
): { readonly name: string; readonly value: Estimate | undefined } {
  const name = condition.clauses[0]?.left ?? 'value';
  const base = name.replace(/\.(low|high|n)$/, '');
  return { name: base, value: values[base] };
}

export function alertText(
  spec: MonitorSpec,
  condition: Condition,
  values: Readonly<Record<string, Estimate>>,
  since: number,
  moved: readonly ColumnDrift[],
): string {
  const { name, value } = judgedValue(condition, values);
  const own = name === 'value' ? (spec.kind === 'performance' ? spec.metric : 'drifted_share') : name;
  const subject = METRIC_WORDS[own] ?? own;
  const shown = value === undefined ? 'unknown' : number(value.value);
  const interval =
    value?.low === undefined || value.high === undefined ? '' : ` [${number(value.low)}, ${number(value.high)}]`;
  const rows = value?.n === undefined || spec.kind === 'drift' ? '' : `, n ${value.n.toLocaleString('en-US')}`;
  const columns = moved.slice(0, 4).map((column) => column.column);
  const most = columns.length === 0 ? '' : `; most moved: ${columns.join(', ')}`;
  return `${subject} ${shown}${interval} ${limits(condition)} over ${lengthOf(spec.windowMs)}${rows}; since ${dateOf(since)}${most}.`;
}
