/** Gates of aliases: declared on the model, asked at every move of the alias, answered from what was measured. */
import { parseCondition } from '../../domain/conditions.ts';
import { MillwrightError } from '../../domain/errors.ts';
import { asksFor, type Estimates, type Gate, judgeGate, plainGains, readEstimate } from '../../domain/gates.ts';
import type { AliasResult, Estimate, GateResult, ModelVersion, RegisteredModel } from '../../domain/registry.ts';
import type { Stores } from '../../ports/metadata-store.ts';

/** Names that compare with another version than the one that is judged. */
const COMPARING = ['champion', 'current', 'gain'];
const CHAMPION = 'champion';
const MAX_GATES = 50;

/** An alias may be named like a property that every object has. */
const own = <T>(all: Readonly<Record<string, T>> | undefined, alias: string): T | undefined =>
  all !== undefined && Object.hasOwn(all, alias) ? all[alias] : undefined;

/** Throws MW-CONFIG-EXPRESSION naming the gate and the column. */
export function readGates(alias: string, texts: readonly string[]): readonly Gate[] {
  if (texts.length > MAX_GATES)
    throw new MillwrightError('MW-INVALID', `an alias has at most ${MAX_GATES} gates`, { where: 'gates' });
  return texts.map((text, i) => {
    const where = `gate ${i + 1} of ${alias}`;
    try {
      return { text, condition: parseCondition(text), where };
    } catch (error) {
      if (!(error instanceof MillwrightError)) throw error;
      throw new MillwrightError(error.code, `gate ${i + 1}: ${error.message}`, {
        where: `gates[${i}]`,
        ...(error.next === undefined ? {} : { next: error.next }),
      });
    }
  });
}

/** What is known of a version: measured with it, or logged last on its LoggedModel or its Run, in this order. */
export async function measured(tx: Stores, version: ModelVersion): Promise<Estimates> {
  const [run, model] = await Promise.all([
    version.runId === undefined ? undefined : tx.tracking.getRun(version.runId),
    version.modelId === undefined ? undefined : tx.tracking.getLoggedModel(version.modelId),
  ]);
  const logged = [...(run?.metrics ?? []), ...(model?.metrics ?? [])];
  const values = logged.map(({ key, value }): [string, Estimate] => [key, { value }]);
  return { ...Object.fromEntries(values), ...version.metrics };
}

/** The metrics of another version; those taken on the candidate's own data where it was judged against that very version. */
async function against(tx: Stores, version: ModelVersion, number: number | undefined): Promise<Estimates | undefined> {
  if (number === undefined) return undefined;
  const other = await tx.versions.get(`${version.model}/${number}`);
  if (other === undefined) return undefined;
  const known = await measured(tx, other);
  return version.championVersion === number ? { ...known, ...version.championMetrics } : known;
}

function gainsFor(version: ModelVersion, mine: Estimates, number: number | undefined, theirs: Estimates): Estimates {
  // Kept gains are of the champion of their day; of another version they say nothing.
  const kept = version.championVersion === number ? version.metrics : {};
  const paired = Object.entries(kept).filter(([name]) => name.startsWith('gain.'));
  return { ...plainGains(mine, theirs), ...Object.fromEntries(paired) };
}

/**
 * The answer for moving `alias` to `version`; undefined where nothing is asked. `champion.X` is of the version that `champion`
 * names (of the alias's own where the model has no champion), `current.X` of the one that the alias names now. Comparisons pass
 * while there is nothing to compare with, and when the move takes back the last one. `champion` also asks what the pipeline judged.
 */
export async function judgeMove(
  tx: Stores,
  model: RegisteredModel,
  version: ModelVersion,
  alias: string,
): Promise<Omit<AliasResult, 'at' | 'actor'> | undefined> {
  const gates = readGates(alias, own(model.aliasGates, alias) ?? []);
  const judged = alias === CHAMPION ? version.gates : [];
  const refused = alias === CHAMPION && version.verdict === 'refused';
  if (gates.length === 0 && judged.length === 0 && !refused) return undefined;
  const currentNumber = own(model.aliases, alias);
  const championNumber = own(model.aliases, CHAMPION) ?? currentNumber;
  const back = own(model.aliasesBefore, alias) === version.number;
  const compares = gates.some((gate) => asksFor(gate.condition, COMPARING));
  const mine = gates.length === 0 ? {} : await measured(tx, version);
  const [champion, current] = compares
    ? await Promise.all([against(tx, version, championNumber), against(tx, version, currentNumber)])
    : [undefined, undefined];
  const gains = champion === undefined ? {} : gainsFor(version, mine, championNumber, champion);
  const lookup = (name: string): number | undefined => {
    if (name.startsWith('champion.')) return readEstimate(champion ?? {}, name.slice('champion.'.length));
    if (name.startsWith('current.')) return readEstimate(current ?? {}, name.slice('current.'.length));
    return name.startsWith('gain.') ? readEstimate(gains, name) : readEstimate(mine, name);
  };
  const excused = (gate: Gate): string | undefined => {
    if (!asksFor(gate.condition, COMPARING)) return undefined;
    if (back) return `v${version.number} was there before`;
    const wantsCurrent = asksFor(gate.condition, ['current']);
    const wantsChampion = asksFor(gate.condition, ['champion', 'gain']);
    if ((!wantsCurrent || current === undefined) && (!wantsChampion || champion === undefined))
      return 'nothing to compare with yet';
    return undefined;
  };
  const results = gates.map((gate): GateResult => {
    const excuse = excused(gate);
    return excuse === undefined
      ? judgeGate(gate, lookup)
      : { text: gate.text, passed: true, required: excuse, where: gate.where };
  });
  const all = [...results, ...judged];
  return { passed: !refused && all.every((gate) => gate.passed === true), gates: all };
}

const shown = (value: number | undefined): string =>
  value === undefined ? 'unknown' : String(Number(value.toPrecision(6)));

/** Each failed gate with what was observed and what is required. */
export function failedGates(gates: readonly GateResult[]): string {
  return gates
    .filter((gate) => gate.passed !== true)
    .map((gate) => `"${gate.text}" (observed ${shown(gate.observed)}, required ${gate.required})`)
    .join('; ');
}

export function refusal(model: RegisteredModel, version: number, alias: string, reason: string): MillwrightError {
  const now = own(model.aliases, alias);
  const stays = now === undefined ? 'stays unset' : `stays at v${now}`;
  return new MillwrightError(
    'MW-GATE-REFUSED',
    `alias ${alias} of ${model.id} ${stays}: v${version} was refused by ${reason}`,
    { where: 'version', next: `see mw models ${model.id}/${version}` },
  );
}
