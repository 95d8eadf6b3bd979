import type { Doc } from '../../ports/collection.ts';

const BATCH = 10_000;

/** All documents that a query finds, read in pages. */
export async function everything<T extends Doc>(
  find: (page: { readonly limit: number; readonly after?: string }) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  const all: T[] = [];
  for (;;) {
    const last = all.at(-1);
    const found = await find({ limit: BATCH, ...(last === undefined ? {} : { after: last.id }) });
    all.push(...found);
    if (found.length < BATCH) return all;
  }
}
