import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { compareTests } from "../../src/evaluation/sign-flip.ts";

const LEVEL = 0.025;
const EIGHTHS = fc.integer({ min: -8, max: 8 }).map((eighth) => eighth / 8);

/** Differences with a persona each: few personas, uneven sizes. */
const clustered = (minLength: number, maxLength: number, personas: number) =>
  fc
    .array(fc.tuple(EIGHTHS, fc.integer({ min: 1, max: personas }).map(String)), { minLength, maxLength })
    .map((tests) => ({ differences: tests.map(([one]) => one), clusters: tests.map(([, key]) => key) }));

describe("p values of scipy's permutation_test (scripts/scipy-vectors.py)", () => {
  const Vectors = z.object({
    vectors: z.array(
      z.object({
        what: z.string(),
        differences: z.array(z.number()),
        clusters: z.array(z.string()).optional(),
        pBetter: z.number(),
        pWorse: z.number(),
      }),
    ),
  });
  const file = new URL("../fixtures/scipy-permutation.json", import.meta.url);
  const { vectors } = Vectors.parse(JSON.parse(readFileSync(file, "utf8")));

  it.each(vectors)("$what", ({ differences, clusters, pBetter, pWorse }) => {
    const found = compareTests(differences, 1, clusters);
    expect(found.pBetter).toBeCloseTo(pBetter, 12);
    expect(found.pWorse).toBeCloseTo(pWorse, 12);
    expect(found.units).toBe(clusters === undefined ? differences.length : new Set(clusters).size);
  });
});

describe("clusters", () => {
  it("of one test each are no clusters", () => {
    fc.assert(
      fc.property(fc.array(EIGHTHS, { maxLength: 26 }), fc.nat(), (differences, seed) => {
        const own = differences.map((_, index) => `test-${index}`);
        expect(compareTests(differences, seed, own)).toEqual(compareTests(differences, seed));
      }),
      { numRuns: 40, endOnFailure: true },
    );
  });

  it("of equal sizes are tests whose difference is the cluster's mean", () => {
    const differences = [1, 0, 0.5, 0.25, 0.75, 0.25, -0.25, 0.5, 0.5, 0.5, 1, 0.25, 0, 0.25];
    const pairs = differences.map((_, index) => `persona-${index >> 1}`);
    const means = [0.5, 0.375, 0.5, 0.125, 0.5, 0.625, 0.125];
    const { low, high, mean, pBetter, pWorse } = compareTests(means);
    expect(compareTests(differences, 1, pairs)).toMatchObject({
      ...{ low, high, mean, pBetter, pWorse },
      ...{ n: 14, units: 7, better: 11, worse: 1, same: 2 },
    });
  });

  it("of uneven sizes count each test, not each cluster, once", () => {
    const clusters = ["a", "a", "a", "a", "b", "c", "d", "e", "f"];
    const result = compareTests([1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5], 1, clusters);
    expect(result).toMatchObject({ units: 6, mean: 6.5 / 9, low: 0.5, high: 1, pBetter: 1 / 64 });
  });

  it("too few of them leave the interval infinite, however many the tests", () => {
    const clusters = Array.from({ length: 40 }, (_, index) => `persona-${index % 5}`);
    const { low, high, pBetter } = compareTests(new Array<number>(40).fill(1), 1, clusters);
    expect([low, high, pBetter]).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 1 / 32]);
  });

  it("do not depend on what their keys are", () => {
    const differences = Array.from({ length: 50 }, (_, index) => ((index * 7) % 11) / 10 - 0.42);
    const named = (prefix: string) => differences.map((_, index) => `${prefix}${index % 25}`);
    expect(compareTests(differences, 3, named("a"))).toEqual(
      compareTests(differences, 3, named("__proto__")),
    );
  });

  it("must be named for every difference", () => {
    expect(() => compareTests([0.1, 0.2], 1, ["a"])).toThrow("2 differences but 1 cluster keys");
  });
});

describe("verdict and interval", () => {
  it("agree with clusters, exact and sampled", () => {
    fc.assert(
      fc.property(fc.oneof(clustered(6, 40, 9), clustered(30, 90, 40)), ({ differences, clusters }) => {
        const { low, high, mean, pBetter, pWorse } = compareTests(differences, 5, clusters);
        expect(low > 0).toBe(pBetter <= LEVEL);
        expect(high < 0).toBe(pWorse <= LEVEL);
        expect(low).toBeLessThanOrEqual(mean + 1e-12);
        expect(high).toBeGreaterThanOrEqual(mean - 1e-12);
      }),
      { numRuns: 80, endOnFailure: true },
    );
  });

  it("say of any other mean what the test of the shifted differences says", () => {
    fc.assert(
      fc.property(clustered(12, 40, 9), fc.integer({ min: -99, max: 99 }), (tests, step) => {
        const shift = step / 100 + 0.001234;
        const { low, high } = compareTests(tests.differences, 1, tests.clusters);
        const shifted = tests.differences.map((one) => one - shift);
        const { pBetter, pWorse } = compareTests(shifted, 1, tests.clusters);
        expect(low > shift).toBe(pBetter <= LEVEL);
        expect(high < shift).toBe(pWorse <= LEVEL);
      }),
      { endOnFailure: true },
    );
  });

  it("move with the differences", () => {
    fc.assert(
      fc.property(
        fc.oneof(clustered(6, 30, 9), clustered(30, 60, 40)),
        EIGHTHS,
        ({ differences, clusters }, by) => {
          const moved = differences.map((one) => one + by);
          for (const keys of [undefined, clusters]) {
            if (keys === undefined && differences.length <= 20 && differences.length > 14) continue;
            const [here, there] = [compareTests(differences, 2, keys), compareTests(moved, 2, keys)];
            if (!Number.isFinite(here.low)) continue;
            expect(there.low).toBeCloseTo(here.low + by, 8);
            expect(there.high).toBeCloseTo(here.high + by, 8);
          }
        },
      ),
      { numRuns: 40, endOnFailure: true },
    );
  });

  it("swap when the arms do", () => {
    fc.assert(
      fc.property(clustered(6, 40, 12), ({ differences, clusters }) => {
        const here = compareTests(differences, 2, clusters);
        const swapped = compareTests(
          differences.map((one) => -one),
          2,
          clusters,
        );
        expect(swapped).toMatchObject({
          pBetter: here.pWorse,
          pWorse: here.pBetter,
          better: here.worse,
          worse: here.better,
        });
        expect(swapped.low + here.high || 0).toBeCloseTo(0, 12);
      }),
      { numRuns: 80, endOnFailure: true },
    );
  });
});

describe("sizes", () => {
  it("400 tests are sampled as evenly as 40: half of all subsets holds each test", () => {
    const differences = Array.from({ length: 400 }, (_, index) => (index % 2 === 0 ? 0.3 : -0.3));
    const { low, high, pBetter, pWorse } = compareTests(differences, 9);
    const halfWidth = (1.96 * 0.3) / Math.sqrt(400);
    expect(low).toBeCloseTo(-halfWidth, 2);
    expect(high).toBeCloseTo(halfWidth, 2);
    expect(pBetter + pWorse).toBeGreaterThan(1);
    expect(pBetter).toBeCloseTo(0.5, 1);
  });

  it("a set of equal differences has an interval of no width", () => {
    expect(compareTests(new Array<number>(20).fill(0.25))).toMatchObject({ low: 0.25, high: 0.25 });
    expect(compareTests(new Array<number>(20).fill(0))).toMatchObject({ low: 0, high: 0, pBetter: 1 });
  });
});
