/** Seeded pseudo-random numbers, so that every interval and sample can be computed again to the last digit. */

/** Uniform in [0, 1). */
export type Random = () => number;

/** 32-bit FNV-1a of a text: one seed for one subject, e.g. a monitor and a boundary. */
export function seedOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}

/** sfc32 (Chris Doty-Humphrey, PractRand), 128 bits of state filled from the seed by splitmix32; period above 2^64. */
export function createRandom(seed: number): Random {
  let mix = seed | 0;
  const next = (): number => {
    mix = (mix + 0x9e3779b9) | 0;
    let z = mix;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) | 0;
  };
  let a = next();
  let b = next();
  let c = next();
  let counter = 1;
  const random = (): number => {
    const t = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    return (t >>> 0) / 4294967296;
  };
  // The author's advice: the first outputs still show the seed.
  for (let i = 0; i < 12; i++) random();
  return random;
}

/** `size` of the values without replacement (all of them when there are fewer), by a partial Fisher-Yates shuffle of the positions. */
export function sampleOf(values: ArrayLike<number>, size: number, random: Random): Float64Array {
  const rest = Float64Array.from(values);
  const taken = Math.min(size, rest.length);
  for (let i = 0; i < taken; i++) {
    const j = i + Math.floor(random() * (rest.length - i));
    const held = rest[i] ?? 0;
    rest[i] = rest[j] ?? 0;
    rest[j] = held;
  }
  return rest.slice(0, taken);
}
