import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { meanAtK, passAtK, passHatK, type RepeatCounts } from "../../src/evaluation/repeats.ts";

const test = (passes: number, graded: number): RepeatCounts => ({ passes, graded });

describe("by hand", () => {
  it.each([
    // C(3,3)/C(5,3) = 1/10; C(2,3) = 0
    { tests: [test(2, 5)], k: 3, passAt: 0.9, passHat: 0, mean: 0.4 },
    // C(1,2) = 0; C(4,2)/C(5,2) = 6/10
    { tests: [test(4, 5)], k: 2, passAt: 1, passHat: 0.6, mean: 0.8 },
    // C(7,2)/C(10,2) = 21/45; C(3,2)/C(10,2) = 3/45
    { tests: [test(3, 10)], k: 2, passAt: 24 / 45, passHat: 3 / 45, mean: 0.3 },
    { tests: [test(0, 5), test(5, 5)], k: 5, passAt: 0.5, passHat: 0.5, mean: 0.5 },
    { tests: [test(1, 3), test(2, 3), test(3, 3)], k: 3, passAt: 1, passHat: 1 / 3, mean: 2 / 3 },
    { tests: [test(1, 3), test(3, 4)], k: 1, passAt: 13 / 24, passHat: 13 / 24, mean: 13 / 24 },
    // The second test has too few graded repeats for k = 3, and counts in the mean alone.
    { tests: [test(1, 3), test(2, 2)], k: 3, passAt: 1, passHat: 0, mean: 2 / 3 },
    { tests: [test(0, 0), test(1, 1)], k: 1, passAt: 1, passHat: 1, mean: 1 },
    { tests: [test(0, 0)], k: 1, passAt: null, passHat: null, mean: null },
    { tests: [], k: 1, passAt: null, passHat: null, mean: null },
    { tests: [test(2, 2)], k: 3, passAt: null, passHat: null, mean: 1 },
  ])("$tests, k = $k", ({ tests, k, passAt, passHat, mean }) => {
    const close = (expected: number | null) => (expected === null ? null : expect.closeTo(expected, 12));
    expect(passAtK(tests, k)).toEqual(close(passAt));
    expect(passHatK(tests, k)).toEqual(close(passHat));
    expect(meanAtK(tests)).toEqual(close(mean));
  });
});

it("equals the average over every choice of k repeats", () => {
  const choices = (of: readonly boolean[], k: number): boolean[][] =>
    k === 0 ? [[]] : of.flatMap((one, at) => choices(of.slice(at + 1), k - 1).map((rest) => [one, ...rest]));
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }), fc.nat(), (repeats, any) => {
      const k = 1 + (any % repeats.length);
      const chosen = choices(repeats, k);
      const counts = [test(repeats.filter(Boolean).length, repeats.length)];
      const share = (holds: (one: boolean[]) => boolean) => chosen.filter(holds).length / chosen.length;
      expect(passAtK(counts, k)).toBeCloseTo(
        share((one) => one.some(Boolean)),
        12,
      );
      expect(passHatK(counts, k)).toBeCloseTo(
        share((one) => one.every(Boolean)),
        12,
      );
    }),
  );
});

it("stays a number for thousands of repeats", () => {
  expect(passAtK([test(1, 5_000)], 2_500)).toBeCloseTo(0.5, 10);
  expect(passHatK([test(4_999, 5_000)], 2_500)).toBeCloseTo(0.5, 10);
});

it.each([0, -1, 1.5, Number.NaN])("refuses k = %d", (k) => {
  expect(() => passAtK([test(1, 1)], k)).toThrow("k must be a whole number");
  expect(() => passHatK([test(1, 1)], k)).toThrow("k must be a whole number");
});
