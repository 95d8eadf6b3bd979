/** One piece of work at a time for each name; different names do not wait for each other. Holds nothing when nothing runs. */

/** Runs `work` when all earlier work of the same name is over, whether that succeeded or not. */
export type TakeTurn = <T>(name: string, work: () => Promise<T>) => Promise<T>;

export function createTurns(): TakeTurn {
  const last = new Map<string, Promise<unknown>>();
  return async (name, work) => {
    const before = last.get(name);
    const mine = before === undefined ? work() : before.then(work, work);
    last.set(name, mine);
    try {
      return await mine;
    } finally {
      if (last.get(name) === mine) last.delete(name);
    }
  };
}
