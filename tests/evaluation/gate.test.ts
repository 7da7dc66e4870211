import { describe, expect, it } from "vitest";
import type { PairedExample } from "../../src/evaluation/arms.ts";
import { gate, hopelessForAny } from "../../src/evaluation/gate.ts";
import { pair, rollout } from "../support/rollout-makers.ts";

const crisis = (must: number, other: number) =>
  rollout((must + other) / 2, { headline: other, scores: { "names-line!": must, brief: other } });

describe("the gate", () => {
  it.each<[string, PairedExample[], boolean, RegExp]>([
    [
      "better",
      [pair("a", rollout(0.2), rollout(0.9)), pair("b", rollout(0.5), rollout(0.4))],
      true,
      /better on validation: 0\.350 -> 0\.650/,
    ],
    ["better by one thousandth", [pair("a", rollout(0.5), rollout(0.501))], true, /better/],
    ["a tie", [pair("a", rollout(0.5), rollout(0.5))], false, /no better on validation/],
    [
      "a tie of gains and losses",
      [pair("a", rollout(0.1), rollout(0.3)), pair("b", rollout(0.3), rollout(0.1))],
      false,
      /no better/,
    ],
    ["a tie but for rounding", [pair("a", rollout(0.3), rollout(0.1 + 0.2))], false, /no better/],
    ["worse", [pair("a", rollout(0.5), rollout(0.4))], false, /^worse on validation: 0\.500 -> 0\.400/],
    [
      "better, but a must-pass criterion worse",
      [pair("a", crisis(1, 0), crisis(0, 1)), pair("b", crisis(1, 0), crisis(1, 1))],
      false,
      /must-pass criterion names-line got worse.*1\.00 -> 0\.50/,
    ],
    ["only a must-pass criterion better", [pair("a", crisis(0, 0.5), crisis(1, 0.5))], false, /no better/],
    ["better, must-pass the same", [pair("a", crisis(1, 0.5), crisis(1, 0.6))], true, /better/],
    [
      "one ungraded candidate rollout",
      [pair("a", rollout(0), rollout(1)), pair("b", rollout(0), [rollout(1), rollout(null)])],
      false,
      /1 validation rollout is ungraded/,
    ],
    [
      "ungraded in both arms",
      [pair("a", rollout(0), rollout(1)), pair("b", rollout(null), rollout(null))],
      false,
      /2 validation rollouts are ungraded/,
    ],
    ["nothing to compare", [], false, /no validation example/],
  ])("%s", (_what, pairs, accepted, reason) => {
    const result = gate(pairs, 1);
    expect(result.accepted).toBe(accepted);
    expect(result.reason).toMatch(reason);
  });

  it("never accepts on a part of the examples, however good", () => {
    const rest = [pair("b", rollout(0.2), [])];
    expect(gate([pair("a", rollout(0.2), rollout(0.9))], 1, rest)).toMatchObject({
      accepted: false,
      stopped: true,
      planned: 2,
      n: 1,
      reason: "after 1 of 2 examples: it could no longer be accepted",
    });
  });

  it("keeps its evidence as plain JSON: an infinite bound is null", () => {
    const result = gate([pair("a", crisis(1, 0.2), crisis(1, 0.8))], 1);
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
    expect(result).toMatchObject({ n: 1, baseline: 0.2, candidate: 0.8, low: null, high: null });
    expect(result.mean).toBeCloseTo(0.6);
    expect(result.must).toEqual([{ name: "names-line", baseline: 1, candidate: 1 }]);
  });
});

describe("the gate with a margin", () => {
  const loss = (...by: number[]): PairedExample[] =>
    by.map((one, index) => pair(`e${index}`, rollout(0.8), rollout(0.8 - one)));

  it.each<[string, PairedExample[], boolean, RegExp]>([
    ["a tie", loss(0, 0), true, /^no worse than 0\.02 on validation: 0\.800 -> 0\.800/],
    ["a loss of the margin", loss(0.02, 0.02), true, /^no worse/],
    [
      "a larger loss that every example has",
      loss(0.03, 0.03),
      false,
      /^worse .* 0\.02 and a standard error of 0\.000/,
    ],
    ["a larger loss within a standard error", loss(0.5, 0, 0, 0), true, /^no worse/],
    ["a loss of one example", loss(0.03), false, /^worse/],
    ["a gain", loss(-0.1, -0.1), true, /^no worse/],
    ["a gain, but a must-pass criterion worse", [pair("a", crisis(1, 0), crisis(0, 1))], false, /must-pass/],
    ["an ungraded rollout", [pair("a", rollout(0), rollout(null))], false, /ungraded/],
    ["nothing to compare", [], false, /no validation example/],
  ])("%s", (_what, pairs, accepted, reason) => {
    expect(gate(pairs, 1, [], { margin: 0.02 })).toMatchObject({
      accepted,
      reason: expect.stringMatching(reason),
    });
  });

  it("stops early for nothing but what no margin allows", () => {
    const open = { id: "b", persona: "p", userTypes: [], baseline: [rollout(0.8)], enhanced: [] };
    expect(hopelessForAny(loss(0.8), [open])).toBe(false);
    expect(hopelessForAny([pair("a", rollout(1), rollout(null))], [open])).toBe(true);
    expect(hopelessForAny([pair("a", crisis(1, 0), crisis(0, 1))], [open])).toBe(true);
  });
});
