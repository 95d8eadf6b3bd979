/** What a promise came to, for assertions on refusals. */
import { recognized } from '../domain/errors.ts';

/** The code of the error that `work` was refused with, `'accepted'` when it was not, else the error's own text. */
export async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'accepted';
  } catch (error) {
    return recognized(error)?.code ?? `uncoded: ${String(error)}`;
  }
}
