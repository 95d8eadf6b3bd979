/** A queue that drops before it blocks, and counts what it drops: for work that must never slow down the one who hands it in. */

export interface BoundedQueue<T> {
  /** False: the queue is full (or the item alone is too heavy) and the item was dropped and counted. */
  push(item: T): boolean;
  /** Takes at most `most` items, oldest first. */
  take(most: number): T[];
  readonly size: number;
  /** Sum of the weights of what waits. */
  readonly weight: number;
  /** Items dropped since the start. */
  readonly dropped: number;
}

/** At most `maxItems` items of together at most `maxWeight` (default: no limit); `weigh` says an item's weight (bytes, say). */
export function createBoundedQueue<T>(limits: {
  readonly maxItems: number;
  readonly maxWeight?: number;
  readonly weigh?: (item: T) => number;
}): BoundedQueue<T> {
  const { maxItems, maxWeight = Infinity, weigh = () => 0 } = limits;
  // A ring: taking from the front of a plain array moves all that stays.
  let ring: (readonly [T, number] | undefined)[] = [];
  let head = 0;
  let size = 0;
  let weight = 0;
  let dropped = 0;

  function grow(): void {
    const next: (readonly [T, number] | undefined)[] = Array.from({ length: Math.max(16, ring.length * 2) });
    for (let index = 0; index < size; index += 1) next[index] = ring[(head + index) % ring.length];
    ring = next;
    head = 0;
  }

  return {
    push(item) {
      const heavy = weigh(item);
      if (size >= maxItems || weight + heavy > maxWeight) {
        dropped += 1;
        return false;
      }
      if (size === ring.length) grow();
      ring[(head + size) % ring.length] = [item, heavy];
      size += 1;
      weight += heavy;
      return true;
    },
    take(most) {
      const taken: T[] = [];
      while (taken.length < most && size > 0) {
        const entry = ring[head];
        // Emptied so that what was taken can be collected.
        ring[head] = undefined;
        head = (head + 1) % ring.length;
        size -= 1;
        if (entry === undefined) continue;
        weight -= entry[1];
        taken.push(entry[0]);
      }
      return taken;
    },
    get size() {
      return size;
    },
    get weight() {
      return weight;
    },
    get dropped() {
      return dropped;
    },
  };
}
