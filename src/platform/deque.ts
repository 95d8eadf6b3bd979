/** A queue with two ends on a ring: each operation takes the same time however many wait, which `Array.shift` does not. */
export class Deque<T> {
  #ring: (T | undefined)[] = Array.from({ length: 16 });
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  first(): T | undefined {
    return this.#size === 0 ? undefined : this.#ring[this.#head];
  }

  last(): T | undefined {
    return this.#size === 0 ? undefined : this.#ring[(this.#head + this.#size - 1) & (this.#ring.length - 1)];
  }

  push(item: T): void {
    if (this.#size === this.#ring.length) this.#resize();
    this.#ring[(this.#head + this.#size) & (this.#ring.length - 1)] = item;
    this.#size += 1;
  }

  unshift(item: T): void {
    if (this.#size === this.#ring.length) this.#resize();
    this.#head = (this.#head - 1) & (this.#ring.length - 1);
    this.#ring[this.#head] = item;
    this.#size += 1;
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#ring[this.#head];
    // Emptied so that what was taken can be collected.
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#size -= 1;
    return item;
  }

  pop(): T | undefined {
    if (this.#size === 0) return undefined;
    this.#size -= 1;
    const at = (this.#head + this.#size) & (this.#ring.length - 1);
    const item = this.#ring[at];
    this.#ring[at] = undefined;
    return item;
  }

  *[Symbol.iterator](): Generator<T> {
    for (let index = 0; index < this.#size; index += 1) {
      const item = this.#ring[(this.#head + index) & (this.#ring.length - 1)];
      if (item !== undefined) yield item;
    }
  }

  /** Drops what `keep` refuses. */
  sweep(keep: (item: T) => boolean): void {
    const kept: T[] = [];
    for (const item of this) if (keep(item)) kept.push(item);
    this.#ring = Array.from({ length: 16 });
    this.#head = 0;
    this.#size = 0;
    for (const item of kept) this.push(item);
  }

  #resize(): void {
    const next: (T | undefined)[] = Array.from({ length: this.#ring.length * 2 });
    for (let index = 0; index < this.#size; index += 1)
      next[index] = this.#ring[(this.#head + index) & (this.#ring.length - 1)];
    this.#ring = next;
    this.#head = 0;
  }
}
