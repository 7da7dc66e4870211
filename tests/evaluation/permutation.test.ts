import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareGroups } from "../../src/evaluation/permutation.ts";

interface Vector {
  before: number[];
  after: number[];
  pBetter: number;
  pWorse: number;
}
const file = new URL("../fixtures/scipy-two-groups.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8")) as Vector[];

describe("two groups that were not paired", () => {
  test.each(vectors)("the p values are scipy's: $before against $after", ({ before, after, ...expected }) => {
    const { pBetter, pWorse } = compareGroups(before, after);
    expect(pBetter).toBeCloseTo(expected.pBetter, 10);
    expect(pWorse).toBeCloseTo(expected.pWorse, 10);
  });

  const outcome = fc.integer({ min: 0, max: 20 }).map((one) => one / 20);
  const group = (most: number) => fc.array(outcome, { minLength: 4, maxLength: most });

  test("the interval holds the mean, and leaves zero out exactly when the p value says so", () => {
    fc.assert(
      fc.property(group(30), group(30), (before, after) => {
        const { mean, low, high, pBetter, pWorse } = compareGroups(before, after);
        expect(low).toBeLessThanOrEqual(mean + 1e-9);
        expect(high).toBeGreaterThanOrEqual(mean - 1e-9);
        expect(low > 0).toBe(pBetter <= 0.025 && low !== 0);
        expect(high < 0).toBe(pWorse <= 0.025 && high !== 0);
      }),
      { numRuns: 60 },
    );
  });

  test("exchanging the groups turns everything round", () => {
    fc.assert(
      fc.property(group(8), group(8), (before, after) => {
        const [one, two] = [compareGroups(before, after), compareGroups(after, before)];
        expect(one.mean).toBeCloseTo(-two.mean, 12);
        expect(one.pBetter).toBeCloseTo(two.pWorse, 12);
        if (Number.isFinite(one.low)) expect(one.low).toBeCloseTo(-two.high, 9);
      }),
      { numRuns: 60 },
    );
  });

  test("the order of conversations decides nothing when all exchanges are tried; with many a seed does", () => {
    const before = [0.1, 0.4, 0.35, 0.8, 0.2];
    const after = [0.9, 0.5, 0.75, 0.6];
    const { pBetter } = compareGroups(before, after);
    expect(compareGroups(before.toReversed(), after.toReversed()).pBetter).toBeCloseTo(pBetter, 12);
    const many = Array.from({ length: 200 }, (_, index) => (index % 7) / 7);
    const better = many.map((one) => Math.min(1, one + 0.2));
    expect(compareGroups(many, better, 3)).toEqual(compareGroups(many, better, 3));
    expect(compareGroups(many, better).low).toBeGreaterThan(0);
  });

  test("too few or none at all have no interval", () => {
    expect(compareGroups([], [1])).toMatchObject({
      n: [0, 1],
      pBetter: 1,
      pWorse: 1,
      low: Number.NEGATIVE_INFINITY,
    });
    expect(compareGroups([0], [1]).high).toBe(Number.POSITIVE_INFINITY);
  });
});
