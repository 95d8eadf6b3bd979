/** For handlers that derive an event's id from the event that caused it: a repeated delivery finds it told already. */
import { MillwrightError } from '../domain/errors.ts';
import type { NewEvent } from '../domain/events.ts';
import type { EventLog } from '../ports/metadata-store.ts';

export async function appendOnce(events: EventLog, event: NewEvent): Promise<void> {
  try {
    await events.append(event);
  } catch (error) {
    // Killed between the event and the cursor: the effect is there, and an error would stop the handler for good.
    if (!(error instanceof MillwrightError && error.code === 'MW-EXISTS')) throw error;
  }
}
