/**
 * The guard over the forecast: how much longer than predicted things are taken to last. Each call that was let in and came late raises
 * it, each one in time lowers it by a hundredth of that, so that it settles where about one in a hundred is late (their p99 is in time).
 */
const STEP = 0.05;
const MOST = 3;

export class Caution {
  factor = 1;

  late(): void {
    this.factor = Math.min(MOST, this.factor + STEP);
  }

  /** A batch of `ms` ended `at`. */
  ended(calls: readonly { readonly deadline: number; readonly queuedAt: number }[], at: number, ms: number): void {
    for (const { deadline, queuedAt } of calls) {
      if (at <= deadline) this.factor = Math.max(1, this.factor - STEP / 100);
      // One that never had the time says nothing about the forecast.
      else if (deadline - queuedAt > ms) this.late();
    }
  }
}
