/** Student's t: tails, quantiles, intervals of means, Welch's test, and Holm's correction for asking several times. */
import { logGamma } from './tails.ts';

/** Lentz's continued fraction of the incomplete beta function (Press et al., Numerical Recipes 6.4). */
function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  const away = (value: number): number => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m < 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    const delta = d * c;
    fraction *= delta;
    if (Math.abs(delta - 1) < 1e-16) break;
  }
  return fraction;
}

/**
 * Regularised incomplete beta I_x(a, b), from x and 1 - x, so that neither is lost where it is small. The fraction converges fast
 * below x = (a + 1) / (a + b + 2); above it the symmetry I_x(a, b) = 1 - I_{1-x}(b, a) is used.
 */
function incompleteBeta(x: number, rest: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (rest <= 0) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(rest));
  if (x < (a + 1) / (a + b + 2)) return (front * betaFraction(x, a, b)) / a;
  return 1 - (front * betaFraction(rest, b, a)) / b;
}

/** P(|T| > |t|) with `degrees` of freedom (any positive number): I_{ν/(ν+t²)}(ν/2, 1/2). Right far into the tail. */
export function studentTails(t: number, degrees: number): number {
  if (Number.isNaN(t) || !(degrees > 0)) return Number.NaN;
  const square = t * t;
  if (square === Number.POSITIVE_INFINITY) return 0;
  return incompleteBeta(degrees / (degrees + square), square / (degrees + square), degrees / 2, 0.5);
}

/** The t that |T| exceeds with probability `tails` (0.05 for a 95 % interval); bisection to double precision. */
export function studentQuantile(tails: number, degrees: number): number {
  if (!(tails > 0 && tails < 1) || !(degrees > 0)) return Number.NaN;
  let low = 0;
  let high = 2;
  while (studentTails(high, degrees) > tails) high *= 2;
  for (let i = 0; i < 200 && high - low > 1e-15 * high; i++) {
    const middle = (low + high) / 2;
    if (studentTails(middle, degrees) > tails) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

export interface Spread {
  readonly n: number;
  readonly mean: number;
  /** Sample deviation (n - 1); absent for one value. */
  readonly sd?: number;
  /** 95 % interval of the mean; absent for one value. */
  readonly low?: number;
  readonly high?: number;
  readonly min: number;
  readonly max: number;
}

/** Undefined without values. Two passes, so that large values with small differences keep their deviation. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const n = values.length;
  if (n === 0) return undefined;
  const min = values.reduce((a, b) => Math.min(a, b));
  const max = values.reduce((a, b) => Math.max(a, b));
  // Divided first: a sum of the largest numbers would overflow. Equal values have exactly their own mean and no deviation.
  const mean = min === max ? min : values.reduce((sum, value) => sum + value / n, 0);
  if (n === 1) return { n, mean, min, max };
  const sd = min === max ? 0 : Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2 / (n - 1), 0));
  if (!Number.isFinite(sd)) return { n, mean, min, max };
  const half = (studentQuantile(0.05, n - 1) * sd) / Math.sqrt(n);
  return { n, mean, sd, low: mean - half, high: mean + half, min, max };
}

export interface MeanDifference {
  readonly difference: number;
  /** 95 % interval of the difference. */
  readonly low: number;
  readonly high: number;
  /** Two-sided. */
  readonly p: number;
  readonly degrees: number;
}

/**
 * Welch's t-test of a - b: means of groups that need not vary equally (Welch 1947, degrees of freedom by Satterthwaite). Undefined
 * where it says nothing: a group of fewer than two values, or two groups without any variation.
 */
export function welch(a: Spread, b: Spread): MeanDifference | undefined {
  if (a.sd === undefined || b.sd === undefined) return undefined;
  const [va, vb] = [a.sd ** 2 / a.n, b.sd ** 2 / b.n];
  const error = Math.sqrt(va + vb);
  if (!(error > 0) || !Number.isFinite(error)) return undefined;
  // By shares of the variance: the squares of very small variances would vanish.
  const [sa, sb] = [va / (va + vb), vb / (va + vb)];
  const degrees = 1 / (sa ** 2 / (a.n - 1) + sb ** 2 / (b.n - 1));
  const difference = a.mean - b.mean;
  const half = studentQuantile(0.05, degrees) * error;
  return {
    difference,
    low: difference - half,
    high: difference + half,
    p: studentTails(difference / error, degrees),
    degrees,
  };
}

/** Holm's step-down adjustment: with it the chance of one false alarm among all stays below the level (Holm 1979). */
export function holm(p: readonly number[]): readonly number[] {
  const order = p.map((value, index) => ({ value, index })).toSorted((a, b) => a.value - b.value);
  const adjusted = p.map(() => 1);
  let most = 0;
  for (const [rank, { value, index }] of order.entries()) {
    most = Math.max(most, Math.min(1, value * (p.length - rank)));
    adjusted[index] = most;
  }
  return adjusted;
}
