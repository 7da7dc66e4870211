import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { compareTests, meanOf } from "../../src/evaluation/sign-flip.ts";

const LEVEL = 0.025;

/** Means of the values under every vector of signs. */
function flippedMeans(values: readonly number[]): number[] {
  return Array.from({ length: 2 ** values.length }, (_, signs) =>
    meanOf(values.map((value, index) => ((signs >> index) & 1 ? -value : value))),
  );
}

/** The textbook test: shares of sign vectors that reach the observed mean. */
function bruteForce(values: readonly number[]): { pBetter: number; pWorse: number } {
  const [means, observed] = [flippedMeans(values), meanOf(values)];
  const share = (test: (mean: number) => boolean) => means.filter(test).length / means.length;
  return {
    pBetter: share((mean) => mean >= observed - 1e-9),
    pWorse: share((mean) => mean <= observed + 1e-9),
  };
}

/** Rewards are means of few repeats, so that sums that should cancel do not quite: the hard case for ties. */
const tenths = fc.integer({ min: -10, max: 10 }).map((tenth) => tenth / 10);
const anyDifference = fc.oneof(
  tenths,
  fc.double({ min: -1, max: 1, noNaN: true }).filter((x) => Math.abs(x) > 1e-6),
);

describe("exact p values", () => {
  it("agree with every vector of signs, tried one by one", () => {
    fc.assert(
      fc.property(fc.array(tenths, { maxLength: 10 }), (differences) => {
        const { pBetter, pWorse } = compareTests(differences);
        const expected = bruteForce(differences);
        expect(pBetter).toBeCloseTo(expected.pBetter, 12);
        expect(pWorse).toBeCloseTo(expected.pWorse, 12);
      }),
      { numRuns: 150 },
    );
  });

  const Cases = z.array(
    z.object({ differences: z.array(z.number()), pBetter: z.number(), pWorse: z.number() }),
  );
  const file = new URL("../fixtures/scipy-sign-flip.json", import.meta.url);
  it.each(Cases.parse(JSON.parse(readFileSync(file, "utf8"))))(
    "agree with scipy on $differences",
    ({ differences, ...expected }) => {
      const { pBetter, pWorse } = compareTests(differences);
      expect(pBetter).toBeCloseTo(expected.pBetter, 12);
      expect(pWorse).toBeCloseTo(expected.pWorse, 12);
    },
  );

  it.each([
    { differences: [], better: 0, worse: 0, same: 0, pBetter: 1, pWorse: 1, mean: 0 },
    { differences: [0, 0, 0], better: 0, worse: 0, same: 3, pBetter: 1, pWorse: 1, mean: 0 },
    {
      differences: [0.1 + 0.2 - 0.3, 0.5],
      better: 1,
      worse: 0,
      same: 1,
      pBetter: 0.5,
      pWorse: 1,
      mean: 0.25,
    },
    { differences: [1, 1, 1, 1, 1, 1], better: 6, worse: 0, same: 0, pBetter: 1 / 64, pWorse: 1, mean: 1 },
    {
      differences: [-1, -1, -1, -1, -1, -1],
      better: 0,
      worse: 6,
      same: 0,
      pBetter: 1,
      pWorse: 1 / 64,
      mean: -1,
    },
  ])("of $differences", ({ differences, ...expected }) => {
    const { n, ...found } = compareTests(differences);
    expect(n).toBe(differences.length);
    expect(found).toMatchObject({ ...expected, mean: expect.closeTo(expected.mean, 12) });
  });
});

describe("the interval", () => {
  it("holds the mean, and excludes zero exactly when the test rejects", () => {
    fc.assert(
      fc.property(fc.array(anyDifference, { minLength: 1, maxLength: 12 }), (differences) => {
        const { mean, low, high, pBetter, pWorse } = compareTests(differences);
        expect(low).toBeLessThanOrEqual(mean + 1e-12);
        expect(high).toBeGreaterThanOrEqual(mean - 1e-12);
        expect(low > 0).toBe(pBetter <= LEVEL);
        expect(high < 0).toBe(pWorse <= LEVEL);
      }),
      { numRuns: 400 },
    );
  });

  it("takes a bound that is zero but for rounding for zero: p is .0264 here, so nothing is proven", () => {
    const { low, pBetter } = compareTests([0.2, 0.1, -0.3, -0.1, 1, 0.7, 0.2, 0.7, 0.1, 0.5]);
    expect(pBetter).toBe(27 / 1024);
    expect(low).toBe(0);
  });

  it("says what its test says for any other mean too", () => {
    fc.assert(
      fc.property(
        fc.array(tenths, { minLength: 6, maxLength: 9 }),
        fc.integer({ min: -99, max: 99 }),
        (differences, step) => {
          const shift = step / 100 + 0.001234;
          const { low, high } = compareTests(differences);
          const shifted = compareTests(differences.map((one) => one - shift));
          expect(low > shift).toBe(shifted.pBetter <= LEVEL);
          expect(high < shift).toBe(shifted.pWorse <= LEVEL);
        },
      ),
    );
  });

  it.each([1, 2, 3, 4, 5])("is infinite for %i tests: no sign vector is rare enough", (n) => {
    expect(compareTests(new Array<number>(n).fill(1))).toMatchObject({
      low: Number.NEGATIVE_INFINITY,
      high: Number.POSITIVE_INFINITY,
    });
  });

  it("is finite from 6 tests on", () => {
    expect(compareTests([1, 1, 1, 1, 1, 1])).toMatchObject({ low: 1, high: 1 });
    expect(compareTests([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])).toMatchObject({ low: 0.1, high: 0.6 });
  });

  it("mirrors when the arms change places", () => {
    fc.assert(
      fc.property(fc.array(tenths, { minLength: 6, maxLength: 10 }), (differences) => {
        const [one, other] = [compareTests(differences), compareTests(differences.map((value) => -value))];
        expect(one.low).toBeCloseTo(-other.high, 12);
        expect(one.pBetter).toBeCloseTo(other.pWorse, 12);
      }),
    );
  });
});

describe("above 20 tests", () => {
  const differences = Array.from({ length: 40 }, (_, index) => ((index * 7) % 11) / 10 - 0.42);

  it("is the same for the same seed, and another for another", () => {
    expect(compareTests(differences, 3)).toEqual(compareTests(differences, 3));
    expect(compareTests(differences, 4).low).not.toBe(compareTests(differences, 3).low);
  });

  it("comes close to the exact test, which 20 tests still get", () => {
    const twenty = differences.slice(0, 20);
    const exact = compareTests(twenty);
    const sampled = compareTests([...twenty, 0]);
    expect(sampled.pBetter).toBeCloseTo(exact.pBetter, 1);
    expect(sampled.low).toBeCloseTo(exact.low, 1);
    expect(sampled.high).toBeCloseTo(exact.high, 1);
  });

  it("keeps verdict and interval in agreement, and never says p = 0", () => {
    fc.assert(
      fc.property(fc.array(tenths, { minLength: 21, maxLength: 60 }), fc.nat(), (values, seed) => {
        const { low, high, pBetter, pWorse } = compareTests(values, seed);
        expect(low > 0).toBe(pBetter <= LEVEL);
        expect(high < 0).toBe(pWorse <= LEVEL);
        expect(Math.min(pBetter, pWorse)).toBeGreaterThan(0);
      }),
      { numRuns: 10 },
    );
    expect(compareTests(new Array<number>(30).fill(0.5))).toMatchObject({
      low: 0.5,
      high: 0.5,
      pBetter: 1 / 10_000,
    });
  });
});
