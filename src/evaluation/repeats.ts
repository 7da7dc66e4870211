/** The graded repeats of one test and how many of them passed. */
export interface RepeatCounts {
  passes: number;
  graded: number;
}

/**
 * pass@k: the chance that at least one of k repeats passes, averaged over tests. The unbiased estimator
 * 1 - C(n-c, k) / C(n, k) of Chen et al. 2021 (arXiv:2107.03374, section 2.1), n graded and c passing repeats.
 * A test with fewer than k graded repeats cannot say and is left out; null when no test can.
 */
export function passAtK(tests: readonly RepeatCounts[], k: number): number | null {
  checkK(k);
  return average(tests, k, ({ passes, graded }) => 1 - drawnAll(graded - passes, graded, k));
}

/** pass^k: the chance that all of k repeats pass, C(c, k) / C(n, k), averaged over the tests that can say. */
export function passHatK(tests: readonly RepeatCounts[], k: number): number | null {
  checkK(k);
  return average(tests, k, ({ passes, graded }) => drawnAll(passes, graded, k));
}

/** mean@k: the share of graded repeats that pass, averaged over tests; null when nothing is graded. */
export function meanAtK(tests: readonly RepeatCounts[]): number | null {
  return average(tests, 1, ({ passes, graded }) => passes / graded);
}

/** C(marked, k) / C(all, k): the chance that k drawn without replacement are all marked. */
function drawnAll(marked: number, all: number, k: number): number {
  let chance = 1;
  for (let drawn = 0; drawn < k; drawn++) chance *= Math.max(0, marked - drawn) / (all - drawn);
  return chance;
}

function average(
  tests: readonly RepeatCounts[],
  least: number,
  of: (test: RepeatCounts) => number,
): number | null {
  const able = tests.filter(({ graded }) => graded >= least);
  return able.length === 0 ? null : able.reduce((sum, test) => sum + of(test), 0) / able.length;
}

function checkK(k: number): void {
  if (!Number.isInteger(k) || k < 1) throw new RangeError(`k must be a whole number from 1 on, not ${k}`);
}
