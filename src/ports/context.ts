/** Who asks, and until when. The first argument of every function that acts for somebody. */
import type { Principal } from '../domain/identity.ts';

export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface Context {
  readonly principal: Principal;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Id of the event that led here, so that the timeline can explain. */
  readonly cause?: string;
}
