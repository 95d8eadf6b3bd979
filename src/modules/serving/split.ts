/** Which release answers: the same key always lands in the same place, on every node alike, without talking. */

/** FNV-1a over UTF-16 code units with a final mix, as a number in [0, 100). */
export function placeOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  }
  // FNV's low bits of similar keys (…/1, …/2) are alike; murmur3's finalizer spreads them.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000) * 100;
}

/**
 * The entry whose share of 0..100 holds the key's place. The newest share comes first, so that raising it only adds keys to it. `salt`:
 * an A/B test's id, so that who was in one test's half says nothing about the next one's.
 */
export function choose<T extends { readonly percent: number }>(
  entries: readonly T[],
  key: string,
  salt?: string,
): T | undefined {
  if (entries.length === 1) return entries[0];
  const place = placeOf(salt === undefined ? key : `${salt}/${key}`);
  let edge = 0;
  for (const entry of entries) {
    edge += entry.percent;
    if (place < edge) return entry;
  }
  return entries.at(-1);
}
