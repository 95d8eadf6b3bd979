/** When a monitor is due, on the clock of the data. */

const DAY = 86_400_000;

/**
 * The boundaries after the last evaluation (or after the UTC day of the first prediction) that the newest prediction has
 * passed, ascending, at most `limit`. Boundaries stand at multiples of `everyMs`, so two servers find the same ones.
 */
export function dueBoundaries(
  span: { readonly first: number; readonly last: number },
  everyMs: number,
  lastTo: number | undefined,
  limit: number,
): readonly number[] {
  const start = lastTo ?? Math.floor(span.first / DAY) * DAY;
  const due: number[] = [];
  for (let to = start + everyMs; to <= span.last && due.length < limit; to += everyMs) due.push(to);
  return due;
}

/**
 * A window that holds less than half of its length of data says more about the start than about the model. A tenth of it, at
 * most a day, is let off: boundaries stand at midnight and the first prediction came some hours later.
 */
export function enoughHistory(span: { readonly first: number }, to: number, windowMs: number): boolean {
  return to - Math.max(span.first, to - windowMs) >= windowMs / 2 - Math.min(DAY, windowMs / 10);
}
