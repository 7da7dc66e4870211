import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PairedExample } from "../../src/evaluation/arms.ts";
import {
  type ArmFacts,
  type EvaluationInput,
  evaluationReport as report,
} from "../../src/evaluation/evaluation.ts";
import { EvaluationReportSchema } from "../../src/evaluation/report.ts";
import { countRows, problemsOf } from "../../src/evaluation/rows.ts";
import type { Rollout } from "../../src/suite/rollout.ts";
import { pair, rollout, type Scores } from "../support/rollout-makers.ts";

const SIDES = ["baseline", "enhanced"] as const;

function facts(label: string, pairs: readonly PairedExample[], side: (typeof SIDES)[number]): ArmFacts {
  const rollouts = pairs.flatMap((one) => [...one[side]]);
  return {
    label,
    agent: "toy",
    prompt: "p",
    library: null,
    rows: countRows(rollouts, rollouts.length, 0),
    usage: { calls: 0, promptTokens: 0, cachedTokens: 0, completionTokens: 0, costUsd: 0, unpriced: 0 },
  };
}

const evaluationReport = (pairs: readonly PairedExample[], more: Partial<EvaluationInput> = {}) =>
  report({
    kind: "gate",
    config: "promptfooconfig.yaml",
    split: "test",
    repeats: Math.max(1, ...pairs.map((one) => Math.max(one.baseline.length, one.enhanced.length))),
    seed: 1,
    pairs,
    arms: [facts("before", pairs, "baseline"), facts("after", pairs, "enhanced")],
    problems: SIDES.flatMap((side) => problemsOf(side, pairs, side)),
    looks: 0,
    elapsedMs: 12.6,
    now: new Date(0),
    ...more,
  });

/** Tests whose headline goes from the one reward to the other. */
const changed = (
  n: number,
  before: number,
  after: number,
  parts: (index: number) => Partial<PairedExample> = () => ({}),
) =>
  Array.from({ length: n }, (_, index) => ({
    ...pair(`t${String(index).padStart(2, "0")}`, rollout(before), rollout(after)),
    ...parts(index),
  }));

const scored = (headline: number, scores: Scores) => rollout(headline, { headline, scores });

describe("a must-pass criterion", () => {
  const gained = { asks: 1, "safe!": 1 };
  it("that fell makes its test worse, though the headline rose, and stands in the way of proof", () => {
    const pairs = Array.from({ length: 14 }, (_, index) =>
      pair(
        `t${index}`,
        scored(0, { asks: 0, "safe!": 1 }),
        scored(1, index === 3 ? { ...gained, "safe!": 0 } : gained),
      ),
    );
    const { verdict, exitCode, tests, must, criteria, because, comparison } = evaluationReport(pairs, {
      margin: 0.05,
    });
    expect([verdict, exitCode]).toEqual(["not proven", 2]);
    expect(comparison).toMatchObject({ mean: 1, better: 14, worse: 0 });
    expect(tests[0]).toMatchObject({ id: "t3", change: "worse", difference: 1 });
    expect(tests.filter((one) => one.change === "worse")).toHaveLength(1);
    expect(must.map((one) => one.name)).toEqual(["safe"]);
    expect(criteria.map((one) => one.name)).toEqual(["asks"]);
    expect(because.join("\n")).toMatch(
      /must-pass criterion safe fell from 1\.00 to 0\.93; it is never traded/,
    );
  });

  it("that fell beyond chance is worse, whatever was gained", () => {
    const pairs = Array.from({ length: 14 }, (_, index) =>
      pair(`t${index}`, scored(0, { asks: 0, "safe!": 1 }), scored(1, { asks: 1, "safe!": 0 })),
    );
    const { verdict, exitCode, sentence } = evaluationReport(pairs);
    expect([verdict, exitCode]).toEqual(["worse", 1]);
    expect(sentence).toMatch(/^after is worse than before: better on 14/);
  });
});

it("tests come worst first, then the ungraded, and equals by id, in whatever order the rows were", () => {
  const pairs = [
    pair("same-b", rollout(1), rollout(1)),
    pair("better", rollout(0), rollout(1)),
    pair("ungraded", rollout(null), rollout(1)),
    pair("same-a", rollout(0), rollout(0)),
    pair("worse", rollout(1), rollout(0.5)),
    pair("much-worse", rollout(1), rollout(0)),
  ];
  const order = (given: readonly PairedExample[]) => evaluationReport(given).tests.map((one) => one.id);
  expect(order(pairs)).toEqual(["much-worse", "worse", "ungraded", "same-a", "same-b", "better"]);
  expect(order(pairs.toReversed())).toEqual(order(pairs));
});

describe("clusters", () => {
  const talk = (index: number) => ({ conversation: `c${Math.floor(index / 2)}` });
  it.each<
    [string, (index: number) => Partial<PairedExample>, Partial<EvaluationInput>, number, (string | null)[]]
  >([
    ["the conversation, where tests share one", talk, {}, 7, ["c0", "c0"]],
    ["the test, where none is shared", (index) => ({ conversation: `c${index}` }), {}, 14, [null, null]],
    ["the test, where none is named", () => ({}), {}, 14, [null, null]],
    ["the test, when that is asked for", talk, { cluster: "test" }, 14, [null, null]],
    [
      "the persona, when that is asked for",
      (index) => ({ persona: `p${index % 7}` }),
      { cluster: "persona" },
      7,
      ["p0", "p1"],
    ],
    [
      "a test of its own, where a test names no conversation",
      (index) => (index < 4 ? talk(index) : {}),
      {},
      12,
      ["c0", "c0"],
    ],
  ])("are by default %s", (_what, parts, more, units, first) => {
    const { comparison, tests } = evaluationReport(changed(14, 0, 1, parts), more);
    expect(comparison).toMatchObject({ n: 14, units });
    expect(tests.slice(0, 2).map((one) => one.cluster)).toEqual(first);
  });

  it("promise nothing about power", () => {
    const noisy = Array.from({ length: 14 }, (_, index) => ({
      ...pair(`t${index}`, [rollout(index % 2), rollout(1)], [rollout(1), rollout(index % 3 === 0 ? 0 : 1)]),
      ...talk(index),
    }));
    const nothing = { smallest: null, testsNeeded: null, repeatsNeeded: null };
    expect(evaluationReport(noisy).power).toEqual(nothing);
    expect(evaluationReport(noisy, { cluster: "persona" }).power).toEqual(nothing);
    const { power, verdict } = evaluationReport(noisy, { cluster: "test" });
    expect(verdict).toBe("not proven");
    expect(power.smallest).toBeGreaterThan(0);
    expect(power.testsNeeded).toBeGreaterThan(14);
    // A settled verdict needs nothing more.
    expect(evaluationReport(changed(14, 0, 1)).power).toMatchObject({
      testsNeeded: null,
      repeatsNeeded: null,
    });
  });
});

it("the p values of a table are corrected for its rows, never below the raw ones", () => {
  const pairs = Array.from({ length: 12 }, (_, index) =>
    pair(
      `t${index}`,
      scored(0, { clear: 0, half: index % 2, none: 1 }),
      scored(1, { clear: 1, half: 1, none: 1 }),
      `p${index % 2}`,
    ),
  );
  const { criteria, personas } = evaluationReport(pairs);
  const raw = (name: string): number => {
    const { comparison } = criteria.find((one) => one.name === name) ?? criteria[0] ?? expect.fail();
    return Math.min(1, 2 * Math.min(comparison.pBetter, comparison.pWorse));
  };
  const adjusted = Object.fromEntries(criteria.map((one) => [one.name, one.holm]));
  expect(adjusted).toEqual({ clear: 3 * raw("clear"), half: 2 * raw("half"), none: 1 });
  expect(
    personas.map(({ name, holm, comparison }) => [name, holm === Math.min(1, 4 * comparison.pBetter)]),
  ).toEqual([
    ["p0", true],
    ["p1", true],
  ]);
});

describe("ungraded is never 0", () => {
  it("in a mean, a difference or a pass rate", () => {
    const pairs = [
      pair("half", [rollout(1), rollout(null)], [rollout(1), rollout(1)]),
      pair("none", [rollout(null), rollout(null)], [rollout(1), rollout(1)]),
    ];
    const { arms, tests, comparison, because, verdict } = evaluationReport(pairs, { margin: 1 });
    expect(arms[0]).toMatchObject({ mean: 1, meanAtK: 1 });
    expect(comparison).toMatchObject({ n: 1, mean: 0, same: 1 });
    expect(
      tests.map(({ id, change, difference, arms: [before] }) => [id, change, difference, before.mean]),
    ).toEqual([
      ["none", "ungraded", null, null],
      ["half", "same", 0, 1],
    ]);
    expect(verdict).toBe("not proven");
    expect(because[0]).toMatch(/^3 planned rows have no reward/);
  });

  it("where nothing is graded at all", () => {
    const { arms, comparison, power, exitCode, because } = evaluationReport(
      changed(12, 0, 0).map((one) => ({ ...one, enhanced: [rollout(null)] })),
    );
    expect(arms[1]).toMatchObject({ mean: null, passAtK: null, meanAtK: null, passHatK: null });
    expect(arms[0].mean).toBeNull();
    expect(comparison).toMatchObject({ n: 0, low: null, high: null });
    expect(power).toEqual({ smallest: null, testsNeeded: null, repeatsNeeded: null });
    expect(exitCode).toBe(2);
    expect(because).toContain("no test is graded in both arms");
  });

  it("and what came twice, or was never finished, is no proof either", () => {
    const duplicate = { arm: "after", test: "t00", repeat: 0, kind: "duplicate" as const, reason: "twice" };
    const good = changed(14, 0, 1);
    expect(evaluationReport(good).verdict).toBe("proven");
    for (const more of [{ problems: [duplicate] }, { unfinished: ["a.jsonl may lack rows"] }]) {
      expect(evaluationReport(good, { ...more, margin: 1 })).toMatchObject({
        verdict: "not proven",
        exitCode: 2,
      });
    }
    const { because, verdict } = evaluationReport(good, { notes: ["told"] });
    expect({ because, verdict }).toEqual({ because: ["told"], verdict: "proven" });
  });
});

describe("any pairs", () => {
  const reward = fc.option(fc.constantFrom(0, 0.25, 0.5, 1), { nil: null });
  const scores = fc.dictionary(fc.constantFrom("asks", "warm", "safe!", "__proto__"), reward, { maxKeys: 3 });
  const one: fc.Arbitrary<Rollout> = fc
    .record({ value: reward, of: scores, must: fc.boolean() })
    .map(({ value, of, must }) => rollout(value, { scores: of, headline: must ? null : value }));
  const pairs = fc.integer({ min: 1, max: 3 }).chain((repeats) => {
    const rollouts = fc.array(one, { minLength: repeats, maxLength: repeats });
    const name = fc.constantFrom("a", "b", "c");
    return fc
      .array(fc.record({ before: rollouts, after: rollouts, persona: name, conversation: fc.option(name) }), {
        maxLength: 16,
      })
      .map((list) =>
        list.map(
          ({ before, after, persona, conversation }, index): PairedExample => ({
            ...pair(`t${index}`, before, after, persona),
            ...(conversation === null ? {} : { conversation }),
          }),
        ),
      );
  });
  const more = fc.record({
    cluster: fc.constantFrom("test", "persona", "conversation", undefined),
    margin: fc.constantFrom(undefined, 0, 0.05, 1),
  });

  it("make a report of the schema that never proves what it may not", () => {
    fc.assert(
      fc.property(pairs, more, (list, options) => {
        const made = evaluationReport(list, options);
        expect(EvaluationReportSchema.parse(JSON.parse(JSON.stringify(made)))).toEqual(made);
        const { comparison, verdict, exitCode, tests, arms, noWorse, problems } = made;
        expect(tests).toHaveLength(list.length);
        expect(comparison.better + comparison.worse + comparison.same).toBe(comparison.n);
        const lacking =
          arms[0].rows.graded + arms[1].rows.graded < arms[0].rows.planned + arms[1].rows.planned;
        expect(problems.length > 0).toBe(lacking);
        if (verdict === "proven") {
          expect(comparison.n).toBeGreaterThanOrEqual(12);
          expect(comparison.low).toBeGreaterThan(0);
          expect(lacking).toBe(false);
        }
        if (lacking) expect(exitCode).not.toBe(0);
        expect(exitCode).toBe(
          verdict === "worse" ? 1 : verdict === "proven" || noWorse?.holds === true ? 0 : 2,
        );
      }),
      { numRuns: 150 },
    );
  });

  it("compared the other way round are the mirror image", () => {
    fc.assert(
      fc.property(pairs, (list) => {
        const there = evaluationReport(list).comparison;
        const back = evaluationReport(
          list.map((each) => ({ ...each, baseline: each.enhanced, enhanced: each.baseline })),
        ).comparison;
        expect(back).toMatchObject({
          n: there.n,
          better: there.worse,
          worse: there.better,
          pBetter: there.pWorse,
        });
        expect(back.mean).toBeCloseTo(-there.mean, 9);
        if (there.low !== null) expect(back.high).toBeCloseTo(-there.low, 9);
      }),
      { numRuns: 60 },
    );
  });
});
