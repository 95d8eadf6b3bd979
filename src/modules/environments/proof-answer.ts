/** What `python/prove.py` says. */
import { z } from 'zod';
import { MillwrightError } from '../../domain/errors.ts';

const answerSchema = z.object({
  how: z.enum(['onnxruntime', 'imports']),
  packages: z.number(),
  imported: z.number(),
  rows: z.number(),
  scores: z.array(z.number().nullable()),
});

export type Answer = z.infer<typeof answerSchema>;

/** The last line; packages may print before it. Throws MW-MODEL-OUTPUT. */
export function readAnswer(stdout: string): Answer {
  const line = stdout.trimEnd().split('\n').at(-1) ?? '';
  try {
    return answerSchema.parse(JSON.parse(line));
  } catch (error) {
    throw new MillwrightError('MW-MODEL-OUTPUT', 'the program that predicts gave no answer', { cause: error });
  }
}

/** Infinity where one side has a number and the other has none. */
export function largestDifference(kept: readonly (number | null)[], seen: readonly (number | null)[]): number {
  let most = kept.length === seen.length ? 0 : Number.POSITIVE_INFINITY;
  for (const [i, before] of kept.entries()) {
    const now = seen[i] ?? null;
    if (before === null && now === null) continue;
    most = Math.max(most, before === null || now === null ? Number.POSITIVE_INFINITY : Math.abs(before - now));
  }
  return most;
}
