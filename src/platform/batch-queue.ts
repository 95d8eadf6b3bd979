/** What waits: by priority, in order of arrival, and quickly found by group. Entries that left are skipped when they are met. */
import { Deque } from './deque.ts';

const LOWEST = -8;
const HIGHEST = 8;
/** A call that has waited this long counts as one level higher. */
const AGING_MS = 50;
/** Entries that left but are still in line: above so many (and more than what waits) they are swept out. */
const LITTER = 64;

export interface Waiting {
  readonly rows: number;
  readonly priority: number;
  readonly queuedAt: number;
  /** Jobs of one group run together; undefined = alone. */
  group: string | undefined;
  /** False: taken or gone. Kept by the queue. */
  waiting: boolean;
}

export const levelOf = (priority: number | undefined): number =>
  priority === undefined || Number.isNaN(priority) ? 0 : Math.max(LOWEST, Math.min(HIGHEST, Math.trunc(priority)));

function firstWaiting<E extends Waiting>(line: Deque<E>): E | undefined {
  let head = line.first();
  while (head !== undefined && !head.waiting) {
    line.shift();
    head = line.first();
  }
  return head;
}

class Level<E extends Waiting> {
  readonly line = new Deque<E>();
  readonly groups = new Map<string, Deque<E>>();
  count = 0;
  /** Rows of the jobs that may be merged, and jobs that may not. */
  rows = 0;
  alone = 0;
  aloneRows = 0;

  head(): E | undefined {
    return firstWaiting(this.line);
  }

  headOf(group: string): E | undefined {
    const line = this.groups.get(group);
    if (line === undefined) return undefined;
    const head = firstWaiting(line);
    if (head === undefined) this.groups.delete(group);
    return head;
  }

  add(entry: E, front: boolean): void {
    entry.waiting = true;
    this.count += 1;
    if (front) this.line.unshift(entry);
    else this.line.push(entry);
    if (entry.group === undefined) {
      this.alone += 1;
      this.aloneRows += entry.rows;
      return;
    }
    this.rows += entry.rows;
    let line = this.groups.get(entry.group);
    if (line === undefined) {
      line = new Deque<E>();
      this.groups.set(entry.group, line);
    }
    if (front) line.unshift(entry);
    else line.push(entry);
  }

  drop(entry: E): void {
    entry.waiting = false;
    this.count -= 1;
    if (entry.group === undefined) {
      this.alone -= 1;
      this.aloneRows -= entry.rows;
    } else this.rows -= entry.rows;
    if (this.line.size > 2 * this.count + LITTER) this.tidy();
  }

  private tidy(): void {
    this.line.sweep((entry) => entry.waiting);
    for (const [group, line] of this.groups) {
      line.sweep((entry) => entry.waiting);
      if (line.size === 0) this.groups.delete(group);
    }
  }
}

/** Work that waits at a level and above. */
export interface Ahead {
  readonly rows: number;
  readonly alone: number;
  readonly aloneRows: number;
}

export class BatchQueue<E extends Waiting> {
  /** Highest first; most queues have one. */
  readonly #levels: (readonly [number, Level<E>])[] = [];
  size = 0;

  #level(priority: number): Level<E> {
    for (const [at, level] of this.#levels) if (at === priority) return level;
    const level = new Level<E>();
    this.#levels.push([priority, level]);
    this.#levels.sort(([a], [b]) => b - a);
    return level;
  }

  push(entry: E): void {
    this.#level(entry.priority).add(entry, false);
    this.size += 1;
  }

  /** Back to the front: it has waited its turn already. */
  putBack(entry: E): void {
    this.#level(entry.priority).add(entry, true);
    this.size += 1;
  }

  /** Takes it out of the line: it is run, or gone. */
  drop(entry: E): void {
    if (!entry.waiting) return;
    this.#level(entry.priority).drop(entry);
    this.size -= 1;
  }

  /** The one that goes next: of the highest level, counting waiting time. */
  head(now: number): E | undefined {
    let best: E | undefined;
    let rank = Number.NEGATIVE_INFINITY;
    for (const [priority, level] of this.#levels) {
      const head = level.head();
      if (head === undefined) continue;
      const own = priority + (now - head.queuedAt) / AGING_MS;
      if (own > rank) {
        rank = own;
        best = head;
      }
    }
    return best;
  }

  /** The oldest of a group, of the highest level that has one. */
  headOf(group: string): E | undefined {
    for (const [, level] of this.#levels) {
      const head = level.headOf(group);
      if (head !== undefined) return head;
    }
    return undefined;
  }

  /** The newest of the lowest level below `priority`: the one to refuse when a more important one comes to a full queue. */
  lowestBelow(priority: number): E | undefined {
    for (let index = this.#levels.length - 1; index >= 0; index -= 1) {
      const [at, level] = this.#levels[index] ?? [HIGHEST, new Level<E>()];
      if (at >= priority) return undefined;
      let last = level.line.last();
      while (last !== undefined && !last.waiting) {
        level.line.pop();
        last = level.line.last();
      }
      if (last !== undefined) return last;
    }
    return undefined;
  }

  ahead(priority: number): Ahead {
    let [rows, alone, aloneRows] = [0, 0, 0];
    for (const [at, level] of this.#levels) {
      if (at < priority) break;
      rows += level.rows;
      alone += level.alone;
      aloneRows += level.aloneRows;
    }
    return { rows, alone, aloneRows };
  }

  /** All that wait, as they are now. */
  list(): E[] {
    return this.#levels.flatMap(([, level]) => [...level.line].filter((entry) => entry.waiting));
  }
}
