import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cohenKappa, krippendorffAlpha, rawAgreement, wilson } from "../../src/datasets/agreement.ts";

const times = (count: number, a: string, b: string): [string, string][] =>
  Array.from({ length: count }, () => [a, b]);
const square = (yy: number, yn: number, ny: number, nn: number): [string, string][] => [
  ...times(yy, "yes", "yes"),
  ...times(yn, "yes", "no"),
  ...times(ny, "no", "yes"),
  ...times(nn, "no", "no"),
];

describe("Cohen's kappa", () => {
  // The worked examples of the encyclopaedia's article: fifty grant proposals, and two tables of equal raw agreement.
  it.each([
    [square(20, 5, 10, 15), 0.7, 0.4],
    [square(45, 15, 25, 15), 0.6, 0.1304],
    [square(25, 35, 5, 35), 0.6, 0.2593],
  ])("of a published table", (pairs, raw, kappa) => {
    expect(rawAgreement(pairs)).toBeCloseTo(raw, 10);
    expect(cohenKappa(pairs)).toBeCloseTo(kappa, 4);
  });

  it("is null where nothing varies or nothing is there, never 1 or 0", () => {
    expect([cohenKappa([]), cohenKappa(times(30, "good", "good")), rawAgreement([])]).toEqual([
      null,
      null,
      null,
    ]);
  });
});

/** A rater a row; a dot is no answer. */
const unitsOf = (...raters: string[]): string[][] =>
  [...(raters[0] ?? "")].map((_, unit) =>
    raters.map((row) => row[unit] ?? ".").filter((value) => value !== "."),
  );

describe("Krippendorff's alpha", () => {
  // Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), sections A and C.
  it.each([
    [unitsOf("0100000010", "1110010000"), 0.095],
    [unitsOf("123321412...", "1233224125.3", ".3332342251.", "12332441251."), 0.743],
  ])("of a published table", (units, alpha) => {
    expect(krippendorffAlpha(units)).toBeCloseTo(alpha, 3);
  });

  it("is null where nothing varies", () => {
    expect([
      krippendorffAlpha([]),
      krippendorffAlpha([["a", "a"]]),
      krippendorffAlpha([["a"], ["b"]]),
    ]).toEqual([null, null, null]);
  });
});

describe("Wilson's interval", () => {
  // Newcombe, Two-sided confidence intervals for the single proportion (1998), method 3.
  it.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])("%i of %i", (successes, n, low, high) => {
    const one = wilson(successes, n);
    expect(one?.low).toBeCloseTo(low, 4);
    expect(one?.high).toBeCloseTo(high, 4);
  });

  it("holds its share and stays within 0 and 1", () => {
    fc.assert(
      fc.property(fc.nat(500), fc.nat(500), (a, b) => {
        const one = wilson(a, a + b);
        if (one === null) expect(a + b).toBe(0);
        else
          expect(0 <= one.low && one.low <= one.share && one.share <= one.high && one.high <= 1).toBe(true);
      }),
      {
        examples: [
          [0, 0],
          [0, 1],
          [1, 0],
        ],
      },
    );
  });
});
