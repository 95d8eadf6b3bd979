/** Time and identity, given to every module so that tests decide both. */

export interface Clock {
  /** Wall clock, ms since the epoch: for display and records. */
  now(): number;
  /** Monotonic ms: for durations. */
  monotonic(): number;
}

export interface Ids {
  /** Time-sortable, unique: `<prefix>_<26 characters>`. */
  next(prefix: string): string;
  /** `n` random lower-case hex characters (MLflow's run ids have 32). */
  hex(n: number): string;
}
