/** Whoever changes something is written down with it. */
import { MillwrightError } from '../domain/errors.ts';
import type { Context } from '../ports/context.ts';

export interface AuditFact {
  readonly action: string;
  readonly subject: string;
  /** `done`, or the code of the error it ended with. */
  readonly result: string;
}

/** Durable when it resolves. */
export type Audit = (ctx: Context, fact: AuditFact) => Promise<void>;

/** Does the work, then writes down that it was done, or with which code it failed, before anybody is answered. */
export async function audited<T>(
  audit: Audit,
  ctx: Context,
  fact: Pick<AuditFact, 'action' | 'subject'>,
  work: () => Promise<T>,
): Promise<T> {
  let answer: T;
  try {
    answer = await work();
  } catch (error) {
    await audit(ctx, { ...fact, result: error instanceof MillwrightError ? error.code : 'MW-INTERNAL' });
    throw error;
  }
  await audit(ctx, { ...fact, result: 'done' });
  return answer;
}
