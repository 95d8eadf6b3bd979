/** A collection of documents of one aggregate: key, a few indexed fields, everything else inside. */

export interface Doc {
  readonly id: string;
  readonly createdAt: number;
}

export interface Query<K extends string> {
  /** Equality on indexed fields; an array means "one of". */
  readonly where?: { readonly [P in K]?: string | number | boolean | null | readonly (string | number)[] };
  /** By (createdAt, id). Default newest. */
  readonly order?: 'newest' | 'oldest';
  /** Default 100, at most 10,000. */
  readonly limit?: number;
  /** Opaque: the id of the last document of the page before. */
  readonly after?: string;
}

export interface Collection<T extends Doc, K extends string> {
  get(id: string): Promise<T | undefined>;
  /** Throws MW-EXISTS when the id or a unique field is taken. */
  insert(doc: T): Promise<void>;
  /**
   * Reads, changes and writes in one transaction. `change` must be pure: it may run again after a conflict. Returning the
   * same object writes nothing. Throws MW-NOT-FOUND for an unknown id.
   */
  update(id: string, change: (doc: T) => T): Promise<T>;
  find(query?: Query<K>): Promise<readonly T[]>;
  count(where?: Query<K>['where']): Promise<number>;
  /** True when something was deleted. */
  delete(id: string): Promise<boolean>;
}

const PAGE = 500;

/** Every document of a collection, oldest first, a bounded page at a time. */
export async function* pagesOf<T extends Doc, K extends string>(of: Collection<T, K>): AsyncIterable<readonly T[]> {
  let after: string | undefined;
  for (;;) {
    const page = await of.find({ order: 'oldest', limit: PAGE, ...(after === undefined ? {} : { after }) });
    if (page.length > 0) yield page;
    after = page.at(-1)?.id;
    if (page.length < PAGE) return;
  }
}
