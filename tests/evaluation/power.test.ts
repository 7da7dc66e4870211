import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  headroom,
  type PairedRewards,
  PLANNING_COMPONENTS,
  repeatsNeeded,
  smallestShown,
  testsNeeded,
  varianceComponents,
} from "../../src/evaluation/power.ts";
import { MIN_TESTS } from "../../src/evaluation/sign-flip.ts";
import { seededRandom } from "../../src/runs/random.ts";

const variance = fc.double({ min: 0.001, max: 0.5, noNaN: true });
const components = fc.record({ between: variance, within: variance });

describe("smallestShown", () => {
  // Quantiles of Student's t as tables print them: t.975 and t.80.
  it.each([
    [12, 2.201, 0.876],
    [20, 2.093, 0.861],
    [40, 2.0227, 0.8509],
    [121, 1.9799, 0.8446],
  ])("with %i tests is t.975 + t.80 standard errors", (tests, level, power) => {
    const found = smallestShown({ tests, repeats: 4, between: 0.01, within: 0.12 });
    expect(found).toBeCloseTo((level + power) * Math.sqrt((0.01 + 0.12 / 4) / tests), 3);
  });

  it("adds what ties cost when rewards are pass or fail", () => {
    const design = { tests: 12, repeats: 3, between: 0, within: 0.36 };
    const fine = smallestShown(design) ?? 0;
    expect(smallestShown({ ...design, step: 1 })).toBeCloseTo(fine + 1 / 36, 12);
  });

  it("is null below the tests that can prove anything, without repeats, and beyond the scale", () => {
    expect(smallestShown({ tests: MIN_TESTS - 1, repeats: 100, between: 0, within: 0.01 })).toBeNull();
    expect(smallestShown({ tests: 40, repeats: 0, between: 0, within: 0.1 })).toBeNull();
    expect(smallestShown({ tests: MIN_TESTS, repeats: 1, between: 2, within: 0 })).toBeNull();
  });

  it("before any data: 20 tests of 5 repeats show about a quarter", () => {
    expect(smallestShown({ tests: 20, repeats: 5, ...PLANNING_COMPONENTS })).toBeCloseTo(0.23, 2);
  });

  it("falls with tests and with repeats", () => {
    fc.assert(
      fc.property(
        components,
        fc.integer({ min: 12, max: 200 }),
        fc.integer({ min: 1, max: 20 }),
        (noise, tests, repeats) => {
          const at = (n: number, k: number) => smallestShown({ ...noise, tests: n, repeats: k }) ?? 2;
          expect(at(tests + 1, repeats)).toBeLessThanOrEqual(at(tests, repeats));
          expect(at(tests, repeats + 1)).toBeLessThanOrEqual(at(tests, repeats));
        },
      ),
    );
  });
});

describe("what would settle it", () => {
  const differences = fc.double({ min: 0.02, max: 0.9, noNaN: true });

  it("is the first number of tests that shows the difference", () => {
    fc.assert(
      fc.property(components, differences, fc.boolean(), (noise, size, down) => {
        const design = { ...noise, repeats: 3 };
        const needed = testsNeeded(down ? -size : size, design);
        if (needed === null) {
          expect(smallestShown({ ...design, tests: 10_000 })).toBeGreaterThan(size);
          return;
        }
        expect(smallestShown({ ...design, tests: needed })).toBeLessThanOrEqual(size);
        if (needed > MIN_TESTS) {
          expect(smallestShown({ ...design, tests: needed - 1 }) ?? 2).toBeGreaterThan(size);
        }
      }),
    );
  });

  it("is the first number of repeats that does", () => {
    fc.assert(
      fc.property(components, differences, (noise, size) => {
        const design = { ...noise, tests: 20 };
        const needed = repeatsNeeded(size, design);
        if (needed === null) {
          expect(smallestShown({ ...design, repeats: 10_000 }) ?? 2).toBeGreaterThan(size);
          return;
        }
        expect(smallestShown({ ...design, repeats: needed })).toBeLessThanOrEqual(size);
        if (needed > 1) expect(smallestShown({ ...design, repeats: needed - 1 }) ?? 2).toBeGreaterThan(size);
      }),
    );
  });

  it("is nothing where nothing would do", () => {
    const noise = { between: 0.04, within: 0.3 };
    expect(testsNeeded(0, { ...noise, repeats: 3 })).toBeNull();
    expect(testsNeeded(0.001, { ...noise, repeats: 3 })).toBeNull();
    // Tests differ by .2: repeats alone leave a standard error of .2 / sqrt(20).
    expect(repeatsNeeded(0.08, { ...noise, tests: 20 })).toBeNull();
    expect(repeatsNeeded(0.5, { ...noise, tests: MIN_TESTS - 1 })).toBeNull();
  });
});

describe("varianceComponents", () => {
  it("by hand", () => {
    const tests: PairedRewards[] = [
      { baseline: [0, 1], enhanced: [1, 1] },
      { baseline: [0, 0], enhanced: [1, 1] },
      { baseline: [1, 1], enhanced: [0, 0] },
    ];
    // Differences .5, 1, -1: mean 1/6, variance (1/9 + 25/36 + 49/36) / 2 = 13/12. Inside the baseline arm the
    // pooled variance is .5 / 3, halved by two repeats.
    const found = varianceComponents(tests);
    expect(found?.within).toBeCloseTo(1 / 6, 12);
    expect(found?.between).toBeCloseTo(13 / 12 - 1 / 12, 12);
  });

  it("finds what a simulation put in, repeats uneven", () => {
    const random = seededRandom(1, "components");
    const noise = (sd: number) => sd * Math.sqrt(12) * (random.next() - 0.5);
    const arm = (mean: number, repeats: number) => Array.from({ length: repeats }, () => mean + noise(0.3));
    const tests = Array.from({ length: 4_000 }, (_, index) => {
      const level = noise(0.4);
      return {
        baseline: arm(level, 2 + (index % 3)),
        enhanced: arm(level + 0.1 + noise(0.2), 3 + (index % 2)),
      };
    });
    const found = varianceComponents(tests);
    expect(found?.between).toBeCloseTo(0.04, 2);
    expect(found?.within).toBeCloseTo(0.18, 2);
  });

  it("never says that repeats would help when there were none", () => {
    const found = varianceComponents([0.1, 0.5, 0.3].map((one) => ({ baseline: [0.2], enhanced: [one] })));
    expect(found?.within).toBe(0);
    expect(found?.between).toBeCloseTo(0.04, 12);
  });

  it("is never below zero, and null of fewer than two graded tests", () => {
    const same = { baseline: [0, 1], enhanced: [1, 0] };
    expect(varianceComponents([same, same])).toEqual({ between: 0, within: 1 });
    expect(varianceComponents([same, { baseline: [], enhanced: [1] }])).toBeNull();
    expect(varianceComponents([])).toBeNull();
  });
});

describe("headroom", () => {
  it("is the best of each group against its mean", () => {
    const groups = [[1, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0], [0.5, null, 1, 0.75], [null]];
    expect(headroom(groups)).toEqual({
      groups: 4,
      mean: (0.25 + 1 + 0 + 0.75) / 4,
      best: 0.75,
      gap: 0.25,
      mixed: 2,
      solved: 1,
    });
  });

  it("of nothing graded is null", () => {
    expect(headroom([])).toBeNull();
    expect(headroom([[null, null], []])).toBeNull();
  });
});
