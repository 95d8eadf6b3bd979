/** Compares our answers with the recorded ones. What differs must be explained in explained.ts, or the comparison fails. */
import { EXPLAINED } from './explained.ts';
import type { Answer, Recording } from './play.ts';

export interface Difference {
  readonly id: string;
  readonly theirs: Answer | undefined;
  readonly ours: Answer;
  /** Why it may differ; undefined: a fault. */
  readonly reason: string | undefined;
}

/** Fields that we answer with where upstream leaves them out: who registered a version, from which logged model, under which aliases. */
const MORE = new Set(['user_id', 'model_id', 'aliases']);

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Ours holds all that theirs holds, and beyond it only fields of MORE. */
function holds(ours: unknown, theirs: unknown): boolean {
  if (Array.isArray(ours) && Array.isArray(theirs)) {
    return ours.length === theirs.length && theirs.every((one, i) => holds(ours[i], one));
  }
  if (!isRecord(ours) || !isRecord(theirs)) return ours === theirs;
  return (
    Object.entries(theirs).every(([key, value]) => key in ours && holds(ours[key], value)) &&
    Object.keys(ours).every((key) => key in theirs || MORE.has(key))
  );
}

const messageOf = (answer: Answer): string | undefined =>
  isRecord(answer.body) && typeof answer.body['message'] === 'string' ? answer.body['message'] : undefined;

const withoutMessage = (answer: Answer): string =>
  JSON.stringify({
    status: answer.status,
    body: isRecord(answer.body) ? { ...answer.body, message: '' } : answer.body,
  });

const MOST = /^Invalid value "?-?\d+"? for parameter 'max_results' supplied/;

/** Differences that hold everywhere. */
function general(theirs: Answer, ours: Answer): string | undefined {
  if (theirs.status === ours.status && holds(ours.body, theirs.body))
    return 'we also say who registered a version, its logged model and its aliases';
  const [before, now] = [messageOf(theirs), messageOf(ours)];
  if (before === undefined || now === undefined || withoutMessage(theirs) !== withoutMessage(ours)) return undefined;
  if (now.startsWith(`${before} (`) || now === `${before}.`) return 'our text goes on with what to do next';
  if (before.includes('[SQL:')) return "upstream's text is its SQL statement";
  if (now.startsWith('Invalid filter or order_by') || now.startsWith('Invalid filter:'))
    return 'our text names the column of the mistake and the rule';
  if (before === 'Invalid path' && now.startsWith('Invalid path')) return 'our text says what is wrong with the path';
  if (before.startsWith('Invalid page token') && now.startsWith('Invalid page token'))
    return 'one text for every bad token';
  if (MOST.test(before) && MOST.test(now)) return 'our text says the limit';
  return undefined;
}

export function compare(recording: Recording, answers: readonly Answer[]): readonly Difference[] {
  const known = new Map(recording.answers.map((answer) => [answer.id, answer]));
  return answers.flatMap((ours): Difference[] => {
    const theirs = known.get(ours.id);
    if (JSON.stringify(theirs) === JSON.stringify(ours)) return [];
    const rule = EXPLAINED.find(
      ({ status, steps }) => steps.includes(ours.id) && (status === undefined || status === ours.status),
    );
    const reason = (theirs === undefined ? undefined : general(theirs, ours)) ?? rule?.reason;
    return [{ id: ours.id, theirs, ours, reason }];
  });
}
