import { describe, expect, it } from "vitest";
import { compareArms, criterionMean, headline, type PairedExample } from "../../src/evaluation/arms.ts";
import { pair, rollout } from "../support/rollout-makers.ts";

const criterion = (pairs: readonly PairedExample[], name: string) =>
  compareArms(pairs).criteria.find((one) => one.name === name);

describe("compareArms", () => {
  it("pairs by example and averages repeats first", () => {
    const arms = compareArms([
      pair("a", [rollout(0), rollout(1)], [rollout(1), rollout(1)]),
      pair("b", [rollout(0.25)], [rollout(0.25), rollout(0.75)]),
    ]);
    expect(arms).toMatchObject({ baseline: 0.375, enhanced: 0.75, ungraded: { baseline: 0, enhanced: 0 } });
    expect(arms.comparison).toMatchObject({ n: 2, mean: 0.375, better: 2, worse: 0, same: 0 });
  });

  it("counts ungraded rollouts and never takes them for 0", () => {
    const arms = compareArms([
      pair("a", [rollout(null), rollout(0.8)], [rollout(0.8)]),
      pair("b", [rollout(0.5)], [rollout(null)]),
      pair("c", [rollout(0.5)], [rollout(0.5)]),
    ]);
    expect(arms.ungraded).toEqual({ baseline: 1, enhanced: 1 });
    expect(arms.comparison).toMatchObject({ n: 2, mean: 0, same: 2 });
    expect(arms.baseline).toBeCloseTo(0.65);
    expect(arms.enhanced).toBeCloseTo(0.65);
  });

  it("leaves must-pass criteria out of the headline and gives them their own line", () => {
    const crisis = (must: number, other: number) =>
      rollout((must + other) / 2, { headline: other, scores: { "names-line!": must, brief: other } });
    const pairs = [pair("a", crisis(0, 0.5), crisis(1, 0.5)), pair("b", crisis(0, 0.5), crisis(1, 0.5))];
    expect(compareArms(pairs)).toMatchObject({
      baseline: 0.5,
      enhanced: 0.5,
      comparison: { mean: 0, same: 2 },
    });
    expect(criterion(pairs, "names-line")).toMatchObject({ must: true, baseline: 0, enhanced: 1 });
    expect(criterion(pairs, "brief")).toMatchObject({ must: false, baseline: 0.5, enhanced: 0.5 });
  });

  it("an example of must-pass criteria alone has no headline, but has its line", () => {
    const only = (must: number) => rollout(must, { headline: null, scores: { "names-line!": must } });
    const pairs = [pair("a", only(0), only(1)), pair("b", rollout(0.5), rollout(0.6))];
    expect(compareArms(pairs).comparison.n).toBe(1);
    expect(criterion(pairs, "names-line")).toMatchObject({ enhanced: 1, comparison: { n: 1 } });
  });

  it("splits by persona, in name order", () => {
    const arms = compareArms([
      pair("a", rollout(0), rollout(1), "zoe"),
      pair("b", rollout(0.5), rollout(0.5), "anna"),
      pair("c", rollout(0), rollout(0.5), "zoe"),
    ]);
    expect(arms.personas).toMatchObject([
      { persona: "anna", n: 1, baseline: 0.5, enhanced: 0.5 },
      { persona: "zoe", n: 2, baseline: 0, enhanced: 0.75 },
    ]);
  });

  it("compares a criterion on the examples that carry it, ungraded scores left out", () => {
    const pairs = [
      pair("a", rollout(0, { scores: { asks: 0 } }), rollout(1, { scores: { asks: 1 } })),
      pair(
        "b",
        rollout(0, { scores: { asks: null, other: 0 } }),
        rollout(1, { scores: { asks: 1, other: 0 } }),
      ),
      pair("c", rollout(null, { scores: { asks: 0 } }), rollout(1, { scores: { asks: 0 } })),
    ];
    expect(criterion(pairs, "asks")).toMatchObject({
      baseline: 0,
      enhanced: 1,
      comparison: { n: 1, better: 1 },
    });
    expect(criterion(pairs, "other")).toMatchObject({
      baseline: 0,
      enhanced: 0,
      comparison: { n: 1, same: 1 },
    });
  });

  it("of nothing compares nothing", () => {
    expect(compareArms([])).toMatchObject({
      criteria: [],
      personas: [],
      comparison: { n: 0, pBetter: 1, pWorse: 1 },
    });
  });
});

it.each([
  ["no rollout", [], null],
  ["only ungraded ones", [rollout(null)], null],
  ["some ungraded", [rollout(null), rollout(0.5), rollout(1)], 0.75],
])("headline of %s", (_what, rollouts, expected) => {
  expect(headline(rollouts)).toBe(expected);
  expect(criterionMean(rollouts, "absent")).toBeNull();
});
