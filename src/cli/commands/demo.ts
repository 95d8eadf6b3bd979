import { MillwrightError } from '../../domain/errors.ts';
import type { Session } from '../session.ts';

export async function run(_session: Session): Promise<void> {
  throw new MillwrightError('MW-USAGE', 'the demo is being wired');
}
