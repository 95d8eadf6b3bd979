import type { Rollout } from '../../api/types.ts';
import type { Text } from '../../i18n/use-text.tsx';

/** What a rollout waits for comes as an English sentence; the known ones are said in the reader's language. */
export function waitText(rollout: Rollout, { t, f }: Text): string | undefined {
  const said = rollout.waits?.replace(/; overdue:.*$/, '');
  if (said === undefined) return undefined;
  const calls = /^waits for (copied )?calls: (?:(\d+) of (\d+)|none came yet)/.exec(said);
  if (calls !== null) {
    const kind = calls[1] === undefined ? 'calls' : 'copies';
    return calls[2] === undefined
      ? t(`wait.${kind}.none`)
      : t(`wait.${kind}`, { now: Number(calls[2]), wanted: Number(calls[3]) });
  }
  const outcomes = /^waits for outcomes "(.+)"/.exec(said)?.[1];
  if (outcomes !== undefined) return t('wait.outcomes', { name: outcomes });
  const unknown = /^not enough data for "(.+)"/.exec(said)?.[1];
  if (unknown !== undefined) return t('wait.guard', { rule: unknown });
  const reading = rollout.abReading;
  if (said.startsWith('not enough data:') && reading !== undefined)
    return t('wait.ab', {
      a: reading.candidate.n,
      b: reading.stable.n,
      interval: f.interval(reading.low, reading.high, 4),
    });
  const holds = /^holds for (.+) more/.exec(said)?.[1];
  return holds === undefined ? said : t('wait.holds', { time: holds });
}
