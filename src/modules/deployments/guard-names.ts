/** What a guard of `roll_back_if` may read, and what has to be looked up for it. */
import { type Clause, parseCondition } from '../../domain/conditions.ts';
import { MillwrightError } from '../../domain/errors.ts';
import type { RolloutSpec } from '../../domain/project.ts';

/** Counted by the data plane; latencies in ms, shares in 1. */
const PLANE = ['calls', 'errors', 'error_rate', 'latency.p50', 'latency.p95', 'latency.p99'];
/** From the prediction log, once outcomes came. */
const QUALITY = ['quality.accuracy', 'quality.log_loss', 'quality.brier', 'quality.outcome_rate'];
/** While a shadow step runs. */
const SHADOW = ['shadow.differing', 'shadow.max_diff', 'shadow.mean_diff', 'shadow.errors'];

const OWN = [...PLANE, ...QUALITY];
const GUARD_NAMES: ReadonlySet<string> = new Set([
  ...OWN,
  ...OWN.map((name) => `champion.${name}`),
  ...SHADOW,
  'score_shift',
  'drift.share',
]);

function namesIn(clauses: readonly Clause[]): readonly string[] {
  return clauses.flatMap((clause) =>
    'right' in clause && clause.right.name !== undefined ? [clause.left, clause.right.name] : [clause.left],
  );
}

export interface GuardNeeds {
  readonly scores: boolean;
  readonly drift: boolean;
  readonly quality: boolean;
}

export function needsOf(texts: readonly string[]): GuardNeeds {
  const names = texts.flatMap((text) => namesIn(parseCondition(text).clauses));
  return {
    scores: names.includes('score_shift'),
    drift: names.includes('drift.share'),
    quality: names.some((name) => name.includes('quality.')),
  };
}

/** Known while copies are compared, and not afterwards. */
const ofShadow = (name: string): boolean => name.startsWith('shadow.');
/** Known while the champion answers too: at 100 % it has no calls to compare with. Outcomes of its earlier calls go on coming. */
const ofChampion = (name: string): boolean =>
  name === 'score_shift' || (name.startsWith('champion.') && !name.includes('quality.'));

/** Whether a step of that share can tell what the guard asks; where none can, the guard keeps its last answer. */
export function knowable(text: string, step: { readonly percent: number; readonly mirrored: boolean }): boolean {
  const names = namesIn(parseCondition(text).clauses);
  return !(names.some(ofShadow) && !step.mirrored) && !(names.some(ofChampion) && step.percent >= 100);
}

/** Throws MW-CONFIG-EXPRESSION for a guard that could never be known: it would hold the rollout for ever. */
export function checkGuards(spec: RolloutSpec, outcome: string | undefined): void {
  for (const guard of spec.rollBackIf) {
    for (const name of namesIn(guard.condition.clauses)) {
      const refuse = (why: string, next: string): never => {
        throw new MillwrightError('MW-CONFIG-EXPRESSION', `"${name}" ${why}`, { where: guard.where, next });
      };
      if (!GUARD_NAMES.has(name))
        refuse('is nothing a rollout can be judged by', `use one of ${[...GUARD_NAMES].join(', ')}`);
      if (name.startsWith('shadow.') && spec.strategy !== 'shadow')
        refuse('is only known with strategy: shadow', 'write for example: score_shift > 0.2');
      if (ofChampion(name) && spec.strategy === 'canary' && (spec.steps[0] ?? 100) >= 100)
        refuse('is only known while the old version takes calls too', 'begin with less: steps: [10%, 100%]');
      if (name.includes('quality.') && outcome === undefined)
        refuse('needs an outcome', 'add a monitor with an outcome, or rollout.ab.outcome');
    }
  }
}
