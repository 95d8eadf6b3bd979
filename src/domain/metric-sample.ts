/** Fewer points of a curve that still look like it: evenly spaced rows would lose the one peak that somebody is looking for. */

/**
 * Indexes of at most `most` (at least 2) of `values`, rising: the first, the last, and the lowest and highest of each of as many equal
 * stretches between them as there is room for. A stretch of NaN alone gives one of them.
 */
export function peaks(values: ArrayLike<number>, most: number): readonly number[] {
  const count = values.length;
  if (count <= most) return Array.from({ length: count }, (_, i) => i);
  const inner = count - 2;
  const room = most - 2;
  const stretches = room === 1 ? 1 : Math.floor(room / 2);
  const kept = [0];
  for (let stretch = 0; stretch < stretches; stretch += 1) {
    const from = 1 + Math.floor((stretch * inner) / stretches);
    const to = 1 + Math.floor(((stretch + 1) * inner) / stretches);
    let [low, high] = [-1, -1];
    for (let i = from; i < to; i += 1) {
      const value = values[i] ?? Number.NaN;
      if (Number.isNaN(value)) continue;
      if (low < 0 || value < (values[low] ?? 0)) low = i;
      if (high < 0 || value > (values[high] ?? 0)) high = i;
    }
    if (high < 0) kept.push(from);
    else if (low === high || room === 1) kept.push(high);
    else kept.push(Math.min(low, high), Math.max(low, high));
  }
  kept.push(count - 1);
  return kept;
}
