import type { Endpoint, Release } from '../../api/types.ts';
import type { Role } from '../../charts/traffic.tsx';

export const ROLE: Readonly<Record<Release['role'], Role>> = {
  champion: 'now',
  candidate: 'next',
  previous: 'ref',
  shadow: 'next',
};

export const roleOf = (endpoint: Endpoint, version: number): Role => {
  const release = endpoint.releases.find((one) => one.version === version);
  return release === undefined ? 'ref' : ROLE[release.role];
};

export const champion = (endpoint: Endpoint): Release | undefined =>
  endpoint.releases.find((one) => one.role === 'champion');
export const candidate = (endpoint: Endpoint): Release | undefined =>
  endpoint.releases.find((one) => one.role === 'candidate');

/** Wilson's interval of a share. */
function wilson(hits: number, n: number): readonly [number, number] {
  const z = 1.96;
  const p = hits / n;
  const middle = (p + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))) / (1 + (z * z) / n);
  return [middle - half, middle + half];
}

export interface Difference {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Difference of two shares with its 95 % interval: Newcombe 1998, method 10. Undefined without calls on both sides. */
export function shareDifference(
  a: { readonly hits: number; readonly n: number },
  b: { readonly hits: number; readonly n: number },
): Difference | undefined {
  if (a.n === 0 || b.n === 0) return undefined;
  const [pa, pb] = [a.hits / a.n, b.hits / b.n];
  const [la, ua] = wilson(a.hits, a.n);
  const [lb, ub] = wilson(b.hits, b.n);
  const value = pa - pb;
  return { value, low: value - Math.hypot(pa - la, ub - pb), high: value + Math.hypot(ua - pa, pb - lb) };
}
