import fc from "fast-check";
import { expect, it } from "vitest";
import { holm } from "../../src/evaluation/holm.ts";

/** The second is the case of Benjamini and Hochberg (1995); its adjusted values are from statsmodels 0.15. */
it.each([
  ["nothing", [], []],
  ["one", [0.04], [0.04]],
  ["Wikipedia's example of four", [0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]],
  [
    "the fifteen of the 1995 paper",
    [
      0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528,
      0.759, 1,
    ],
    [0.0015, 0.0056, 0.0247, 0.114, 0.2211, 0.278, 0.278, 0.278, 0.3213, 1, 1, 1, 1, 1, 1],
  ],
  ["ties", [0.02, 0.02, 0.02], [0.06, 0.06, 0.06]],
  ["more than can be", [0.9, 0.6, 0.7], [1, 1, 1]],
])("%s", (_what, pValues, expected) => {
  const adjusted = holm(pValues);
  expect(adjusted).toHaveLength(expected.length);
  for (const [index, value] of adjusted.entries())
    expect(value).toBeCloseTo(expected[index] ?? Number.NaN, 10);
});

it("keeps the order of p values, never lowers one, and stays between 0 and 1", () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(fc.array(share, { maxLength: 12 }), (pValues) => {
      const rows = holm(pValues).map((adjusted, index) => ({ adjusted, raw: pValues[index] ?? 0 }));
      for (const { adjusted, raw } of rows) {
        expect(adjusted).toBeGreaterThanOrEqual(raw);
        expect(adjusted).toBeLessThanOrEqual(1);
        for (const other of rows) if (other.raw < raw) expect(other.adjusted).toBeLessThanOrEqual(adjusted);
      }
    }),
  );
});
