import { MIN_TESTS, meanOf } from "./sign-flip.ts";

/**
 * Where the noise of a paired difference comes from, in squared reward units. The difference of one test with
 * k repeats in each arm has the variance between + within / k.
 */
export interface VarianceComponents {
  /** Of the true difference from test to test: repeats do not shrink it. */
  between: number;
  /** Of a difference with one repeat in each arm, from chance alone: the sum of both arms' variances. */
  within: number;
}

/**
 * For planning before any data. between: the SD of a test's difference was .15 to .30 with a local 1.5B model on
 * 12 held-out persona queries, repeats averaged, so part of it is within. within: p (1 - p) in each arm at its
 * worst, p = .5.
 */
export const PLANNING_COMPONENTS: VarianceComponents = { between: 0.15 ** 2, within: 0.5 };

/** Rewards of one test under both arms, graded repeats only. */
export interface PairedRewards {
  baseline: readonly number[];
  enhanced: readonly number[];
}

const MOST = 10_000;
/** Normal quantiles of .975 (one-sided level .025) and .80 (power). */
const Z_LEVEL = 1.959963984540054;
const Z_POWER = 0.8416212335729143;

/**
 * Variance components of the paired differences, by the method of moments: within from the spread of repeats
 * inside each arm, pooled over tests; between is what the variance of the tests' mean differences has beyond it.
 * Without repeats chance cannot be told apart from tests, so everything counts as between: no promise is then
 * made about repeats. Null with fewer than two tests graded in both arms.
 */
export function varianceComponents(tests: readonly PairedRewards[]): VarianceComponents | null {
  const graded = tests.filter(({ baseline, enhanced }) => baseline.length > 0 && enhanced.length > 0);
  const total = variance(graded.map((one) => meanOf(one.enhanced) - meanOf(one.baseline)));
  if (total === null) return null;
  const baseline = pooledVariance(graded.map((one) => one.baseline));
  const enhanced = pooledVariance(graded.map((one) => one.enhanced));
  const chance = meanOf(graded.map((one) => baseline / one.baseline.length + enhanced / one.enhanced.length));
  return { between: Math.max(0, total - chance), within: baseline + enhanced };
}

interface Design extends VarianceComponents {
  tests: number;
  /** In each arm. */
  repeats: number;
  /**
   * What one repeat can move a reward by: 1 for pass or fail, about 1 / criteria for a rubric, 0 when unknown.
   * Rewards in few steps tie often and the sign-flip test counts every tie against the difference.
   */
  step?: number;
}

/**
 * The smallest true mean difference that the one-sided .025 sign-flip test shows with 80 % power, in reward
 * units. An approximation by t quantiles, (t.975 + t.80) standard errors plus half the distance between two
 * values of the flipped mean; `npm run calibrate` prints how far it is off. Null when no difference can be shown.
 */
export function smallestShown({ tests, repeats, between, within, step = 0 }: Design): number | null {
  if (tests < MIN_TESTS || repeats < 1) return null;
  const error = Math.sqrt((between + within / repeats) / tests);
  const freedom = tests - 1;
  const ties = step / (repeats * tests);
  const smallest = (tQuantile(Z_LEVEL, freedom) + tQuantile(Z_POWER, freedom)) * error + ties;
  return smallest > 1 ? null : smallest;
}

/** Tests, at the same repeats, that would show a true difference of this size; null when 10,000 would not. */
export function testsNeeded(difference: number, design: Omit<Design, "tests">): number | null {
  return leastThatShows(difference, MIN_TESTS, (tests) => smallestShown({ ...design, tests }));
}

/** Repeats of the same tests that would; null when 10,000 would not, as tests differ or are too few. */
export function repeatsNeeded(difference: number, design: Omit<Design, "repeats">): number | null {
  return leastThatShows(difference, 1, (repeats) => smallestShown({ ...design, repeats }));
}

/** `smallest` falls as its argument grows, so halving finds the first that is small enough. */
function leastThatShows(
  difference: number,
  least: number,
  smallest: (count: number) => number | null,
): number | null {
  const target = Math.abs(difference);
  const shows = (count: number): boolean => (smallest(count) ?? Number.POSITIVE_INFINITY) <= target;
  if (target === 0 || !shows(MOST)) return null;
  let [low, high] = [least, MOST];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (shows(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** How much there is to learn on a set of groups before anything is learned. */
export interface Headroom {
  /** Groups with a graded rollout. */
  groups: number;
  /** Mean reward of one rollout: mean@1 where rewards are pass or fail. */
  mean: number;
  /** Mean reward of the best of each group: pass@k where rewards are pass or fail. */
  best: number;
  /** best - mean: what choosing well among the agent's own replies would gain. */
  gap: number;
  /** Groups whose rewards differ, so that good and bad replies can be contrasted. */
  mixed: number;
  /** Groups in which every reward is 1. */
  solved: number;
}

/**
 * pass@k against mean@1, on rewards from 0 to 1.
 * @param groups rewards of a group's rollouts, null for an ungraded one
 * @returns null when no rollout is graded
 */
export function headroom(groups: readonly (readonly (number | null)[])[]): Headroom | null {
  const graded = groups
    .map((group) => group.filter((reward) => reward !== null))
    .filter((group) => group.length > 0);
  if (graded.length === 0) return null;
  const mean = meanOf(graded.map(meanOf));
  const best = meanOf(graded.map((group) => Math.max(...group)));
  return {
    groups: graded.length,
    mean,
    best,
    gap: best - mean,
    mixed: graded.filter((group) => Math.max(...group) - Math.min(...group) > 1e-9).length,
    solved: graded.filter((group) => Math.min(...group) >= 1 - 1e-9).length,
  };
}

/** The sample variance; null of fewer than two values. */
function variance(values: readonly number[]): number | null {
  return values.length < 2 ? null : squaredDeviations(values) / (values.length - 1);
}

/** The variance inside samples, weighted by their degrees of freedom; 0 when none has two values. */
function pooledVariance(samples: readonly (readonly number[])[]): number {
  const freedom = samples.reduce((sum, one) => sum + Math.max(0, one.length - 1), 0);
  return freedom === 0 ? 0 : samples.reduce((sum, one) => sum + squaredDeviations(one), 0) / freedom;
}

function squaredDeviations(values: readonly number[]): number {
  const mean = meanOf(values);
  return values.reduce((sum, one) => sum + (one - mean) ** 2, 0);
}

/** Student's t quantile from the normal one (Abramowitz and Stegun 26.7.5); within .00001 from 11 degrees on. */
function tQuantile(z: number, freedom: number): number {
  const g1 = (z ** 3 + z) / 4;
  const g2 = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96;
  const g3 = (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384;
  const g4 = (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92160;
  return z + g1 / freedom + g2 / freedom ** 2 + g3 / freedom ** 3 + g4 / freedom ** 4;
}
