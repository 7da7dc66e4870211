import { describe, expect, it } from "vitest";
import { compareArms } from "../../src/evaluation/arms.ts";
import { compareTests } from "../../src/evaluation/sign-flip.ts";
import { verdictOf } from "../../src/evaluation/verdict.ts";
import { pair, rollout } from "../support/rollout-makers.ts";

describe("verdictOf", () => {
  const of = (differences: readonly number[], missing = 0) =>
    verdictOf({
      ...compareArms([]),
      comparison: compareTests(differences),
      ungraded: { baseline: 0, enhanced: missing },
    }).verdict;
  const up = (n: number) => new Array<number>(n).fill(0.3);

  it.each([
    ["12 tests, all better", up(12), 0, "proven"],
    ["11 tests, all better", up(11), 0, "not proven"],
    ["12 better with one row ungraded", up(12), 1, "not proven"],
    ["no difference", new Array<number>(20).fill(0), 0, "not proven"],
    ["7 better and 5 worse", [...up(7), ...up(5).map((one) => -one)], 0, "not proven"],
    ["12 tests, all worse", up(12).map((one) => -one), 0, "worse"],
    ["6 tests, all worse: a warning needs no 12", up(6).map((one) => -one), 0, "worse"],
    ["5 tests, all worse", up(5).map((one) => -one), 0, "not proven"],
    ["12 worse with one row ungraded", up(12).map((one) => -one), 1, "worse"],
    ["nothing", [], 0, "not proven"],
  ])("%s", (_what, differences, missing, expected) => {
    expect(of(differences, missing)).toBe(expected);
  });
});

describe("must-pass criteria", () => {
  /** 14 tests that gain, with a must-pass criterion that `lost` of them lose. */
  const arms = (lost: number) =>
    compareArms(
      Array.from({ length: 14 }, (_, index) =>
        pair(
          `t${index}`,
          rollout(0.2, { scores: { "crisis!": 1 } }),
          rollout(0.6, { scores: { "crisis!": index < lost ? 0 : 1 } }),
        ),
      ),
    );

  it.each([
    [0, "proven", 0],
    [1, "not proven", 2],
    [14, "worse", 1],
  ] as const)("%i of 14 lost: %s", (lost, verdict, exitCode) => {
    expect(verdictOf(arms(lost))).toMatchObject({ verdict, exitCode });
  });

  it("that fell is said, and --no-worse does not pass it either", () => {
    const { because, exitCode, noWorse } = verdictOf(arms(1), { margin: 0.05 });
    expect(because).toEqual([expect.stringMatching(/crisis fell from 1\.00 to 0\.93/)]);
    expect({ exitCode, noWorse }).toEqual({ exitCode: 2, noWorse: { margin: 0.05, holds: false } });
  });
});

describe("--no-worse", () => {
  const of = (differences: readonly number[], margin: number, obstacles: string[] = []) =>
    verdictOf({ ...compareArms([]), comparison: compareTests(differences) }, { margin, obstacles });
  const even = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? 0.02 : -0.02));

  it("passes what is even within the margin, and says that it is not proven", () => {
    expect(of(even, 0.05)).toMatchObject({ verdict: "not proven", exitCode: 0, noWorse: { holds: true } });
  });

  it.each([
    ["a loss beyond the margin is not ruled out", of(even, 0.001), 2],
    ["a row is missing", of(even, 0.05, ["2 rows are missing"]), 2],
    ["too few tests", of(even.slice(0, 11), 0.05), 2],
    ["worse, however small", of(new Array<number>(20).fill(-0.01), 0.05), 1],
  ])("fails when %s", (_what, verdict, exitCode) => {
    expect(verdict.exitCode).toBe(exitCode);
  });
});
