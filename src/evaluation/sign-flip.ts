import { seededRandom } from "../runs/random.ts";

/** The outcome of a paired comparison: differences are enhanced minus baseline, one a test. */
export interface PairedComparison {
  n: number;
  mean: number;
  /** 95 % interval of the mean difference from inverting the test; infinite when n is too small for one. */
  low: number;
  high: number;
  /** One-sided: the share of sign flips whose mean is at least this high (better) or at most this low (worse). */
  pBetter: number;
  pWorse: number;
  better: number;
  worse: number;
  same: number;
}

const EXACT_UP_TO = 20;
const RANDOM_SUBSETS = 9_999;
const LEVEL = 0.025;
const TIE = 1e-9;

/**
 * Paired sign-flip test with the interval from its inversion, so that verdict and interval cannot disagree.
 * Exact up to 20 differences, seeded Monte Carlo above.
 *
 * Flipping the signs of a subset S of (d - shift) reaches the observed sum exactly when mean(d over S) <=
 * shift. So both tails are counts over the sorted means of all non-empty subsets, and each bound of the
 * interval is one of those means.
 * @param differences one a test, in reward units (-1..1)
 */
export function compareTests(differences: readonly number[], seed = 1): PairedComparison {
  const n = differences.length;
  const means = n <= EXACT_UP_TO ? allSubsetMeans(differences) : randomSubsetMeans(differences, seed);
  means.sort();
  const flips = means.length + 1;
  const rejected = Math.floor(LEVEL * flips);
  return {
    n,
    mean: meanOf(differences),
    low: rejected === 0 ? Number.NEGATIVE_INFINITY : bound(means[rejected - 1]),
    high: rejected === 0 ? Number.POSITIVE_INFINITY : bound(means[means.length - rejected]),
    pBetter: (1 + countWhere(means, (one) => one <= TIE)) / flips,
    pWorse: (1 + countWhere(means, (one) => one >= -TIE)) / flips,
    better: differences.filter((one) => one > TIE).length,
    worse: differences.filter((one) => one < -TIE).length,
    same: differences.filter((one) => Math.abs(one) <= TIE).length,
  };
}

/** A mean that is zero but for rounding is zero to the p values, so it must be for the interval too. */
const bound = (mean = 0): number => (Math.abs(mean) <= TIE ? 0 : mean);

/** The arithmetic mean; 0 of nothing. */
export function meanOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, one) => sum + one, 0) / values.length;
}

function allSubsetMeans(values: readonly number[]): Float64Array {
  const sums = new Float64Array(2 ** values.length);
  const sizes = new Uint8Array(sums.length);
  for (let subset = 1; subset < sums.length; subset++) {
    const rest = subset & (subset - 1);
    const added = values[31 - Math.clz32(subset ^ rest)] ?? 0;
    sums[subset] = (sums[rest] ?? 0) + added;
    sizes[subset] = (sizes[rest] ?? 0) + 1;
  }
  return sums.map((sum, subset) => sum / (sizes[subset] ?? 1)).subarray(1);
}

function randomSubsetMeans(values: readonly number[], seed: number): Float64Array {
  const random = seededRandom(seed, "sign-flip", values.length);
  return Float64Array.from({ length: RANDOM_SUBSETS }, () => {
    const chosen = values.filter(() => random.next() < 0.5);
    return chosen.length === 0 ? meanOf(values) : meanOf(chosen);
  });
}

function countWhere(values: Float64Array, test: (value: number) => boolean): number {
  let count = 0;
  for (const value of values) if (test(value)) count++;
  return count;
}
