/** Named maps, and a layer over them that holds a transaction's changes until it commits. */

export interface Shelf<V> {
  get(key: string): V | undefined;
  set(key: string, value: V): void;
  delete(key: string): boolean;
  values(): Iterable<V>;
}

/** The maps of a store, by name. What is put in is never changed in place: a value is replaced. */
export interface Space {
  shelf<V>(name: string): Shelf<V>;
}

export interface Fork extends Space {
  /** Writes the changes through. */
  commit(): void;
  /** Makes every later use throw: a transaction that is over must not be written to. */
  end(): void;
}

export function createSpace(): Space {
  const maps = new Map<string, Map<string, unknown>>();
  return {
    shelf<V>(name: string): Shelf<V> {
      let map = maps.get(name);
      if (map === undefined) {
        map = new Map();
        maps.set(name, map);
      }
      return map as Map<string, V>;
    },
  };
}

const GONE = Symbol('gone');

/** A view of `base` with changes of its own. */
export function forkSpace(base: Space): Fork {
  const changes = new Map<string, Map<string, unknown>>();
  let ended = false;

  function changed(name: string): Map<string, unknown> {
    if (ended) throw new Error('the transaction is over');
    let map = changes.get(name);
    if (map === undefined) {
      map = new Map();
      changes.set(name, map);
    }
    return map;
  }

  return {
    shelf<V>(name: string): Shelf<V> {
      const below = base.shelf<V>(name);
      function get(key: string): V | undefined {
        const own = changed(name);
        if (!own.has(key)) return below.get(key);
        const value = own.get(key);
        return value === GONE ? undefined : (value as V);
      }
      return {
        get,
        set(key, value) {
          changed(name).set(key, value);
        },
        delete(key) {
          const there = get(key) !== undefined;
          changed(name).set(key, GONE);
          return there;
        },
        values() {
          const own = changed(name);
          const merged = new Map<string, V>();
          // A shelf's values carry their own keys; the layers are joined by what each change is filed under.
          for (const [key, value] of entriesOf(below)) if (!own.has(key)) merged.set(key, value);
          for (const [key, value] of own) if (value !== GONE) merged.set(key, value as V);
          return merged.values();
        },
      };
    },
    commit() {
      for (const [name, own] of changes) {
        const shelf = base.shelf<unknown>(name);
        for (const [key, value] of own) {
          if (value === GONE) shelf.delete(key);
          else shelf.set(key, value);
        }
      }
    },
    end() {
      ended = true;
    },
  };
}

function entriesOf<V>(shelf: Shelf<V>): Iterable<readonly [string, V]> {
  if (shelf instanceof Map) return shelf as Map<string, V>;
  throw new Error('a fork of a fork is not supported');
}
