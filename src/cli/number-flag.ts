/** A flag with a number. */
import { MillwrightError } from '../domain/errors.ts';
import { type Flags, textFlag } from './session.ts';

/** Undefined when it was not given. Throws MW-USAGE for a text that is no number from `least` on. */
export function numberFlag(flags: Flags, name: string, flag: string, least: number): number | undefined {
  const text = textFlag(flags, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isFinite(value) && value >= least) return value;
  throw new MillwrightError('MW-USAGE', `${flag} ${text} is not a number from ${least} on`, { where: flag });
}
