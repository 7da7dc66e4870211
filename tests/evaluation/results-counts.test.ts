import { describe, expect, it } from "vitest";
import { RowCountsSchema, RowProblemSchema } from "../../src/evaluation/report.ts";
import { countRows, problemsOf } from "../../src/evaluation/rows.ts";
import { missingRollout, type RolloutProblem } from "../../src/suite/rollout.ts";
import { pair, rollout } from "../support/rollout-makers.ts";

const failed = (problem: RolloutProblem, repeat = 0) => ({
  ...rollout(null, { repeat }),
  problem,
  ungraded: `it was ${problem}`,
});

describe("rows of live arms", () => {
  it("are counted by what became of them", () => {
    const rollouts = [
      rollout(1),
      failed("errored"),
      failed("ungraded"),
      failed("out-of-range"),
      missingRollout("x", 4),
    ];
    const counts = countRows(rollouts, 7, 2);
    expect(RowCountsSchema.parse(counts)).toEqual({
      planned: 7,
      graded: 1,
      ungraded: 1,
      errored: 1,
      missing: 3,
      "out-of-range": 1,
      duplicate: 2,
    });
  });

  it("without reward are named", () => {
    const pairs = [
      pair("a", rollout(1), [rollout(1), failed("errored", 1)]),
      pair("b", rollout(1), failed("ungraded")),
    ];
    expect(problemsOf("v1", pairs, "baseline")).toEqual([]);
    const problems = problemsOf("v2", pairs, "enhanced");
    expect(problems.map((one) => RowProblemSchema.parse(one))).toEqual([
      { arm: "v2", test: "a", repeat: 1, kind: "errored", reason: "it was errored" },
      { arm: "v2", test: "b", repeat: 0, kind: "ungraded", reason: "it was ungraded" },
    ]);
  });
});
