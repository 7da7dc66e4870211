import { describe, expect, it } from "vitest";
import type { EvaluationReport } from "../../src/evaluation/report.ts";
import { evaluationText } from "../../src/reports/evaluation-text.ts";
import {
  arm,
  comparison,
  evaluationReport,
  exploratory,
  hostileReport,
  largeReport,
  outcome,
  problem,
} from "../support/report-makers.ts";

const text = (parts: Partial<EvaluationReport> = {}): string => evaluationText(evaluationReport(parts));
const sectionOf = (whole: string, heading: string): string =>
  whole.split("\n\n").find((one) => one.startsWith(heading)) ?? "";

describe("the verdict comes first", () => {
  it.each([
    ["proven", 0, "PROVEN  "],
    ["worse", 1, "WORSE  "],
    ["not proven", 2, "NOT PROVEN  "],
  ] as const)("%s", (verdict, exitCode, start) => {
    const first = text({ verdict, exitCode, sentence: "the sentence" }).split("\n")[0];
    expect(first).toBe(`${start}the sentence`);
  });

  it("with the means, the interval, the counts and the set", () => {
    const lines = text().split("\n");
    expect(lines[1]).toBe("  baseline 0.58 -> v7 0.66   +0.08 (95 % +0.02 to +0.14)");
    expect(lines[2]).toBe("  better 9, worse 2, same 1; one-sided p: better 0.0042, worse 0.9971");
    expect(lines[3]).toBe("  12 tests x 5 repeats, test split, seed 1");
  });

  it.each<[string, Partial<EvaluationReport>, string]>([
    ["why", { because: ["one reason", "another"] }, "\n  one reason\n  another\n"],
    [
      "what would settle it",
      {},
      "this set shows +0.14 or more in 4 of 5 tries; 40 tests or 10 repeats would show +0.08",
    ],
    [
      "only what can be said of the power",
      { power: { smallest: 0.14, testsNeeded: null, repeatsNeeded: null } },
      "\n  this set shows +0.14 or more in 4 of 5 tries\n",
    ],
    ["the first look", { looks: 0 }, "first look at the sealed test"],
    ["the third look", { looks: 2 }, "this is look 3 at the sealed test"],
    [
      "a margin that holds",
      { noWorse: { margin: 0.05, holds: true } },
      "no worse: a loss of more than 0.05 is ruled out",
    ],
    ["a margin that does not", { noWorse: { margin: 0.05, holds: false } }, "is not ruled out"],
    [
      "clusters",
      { comparison: comparison({ units: 3, low: null, high: null }) },
      "+0.08 (3 clusters are too few for an interval)\n",
    ],
    ["the clusters' number", { comparison: comparison({ units: 3 }) }, "12 tests in 3 clusters x 5 repeats"],
    ["nothing graded", { arms: [arm("a", 0, { mean: null }), arm("b", 1)] }, "a - -> b 1.00"],
  ])("says %s", (_what, parts, expected) => {
    expect(text(parts)).toContain(expected);
  });

  it("says nothing about looks or power where there is nothing to say", () => {
    const quiet = text({ looks: null, power: { smallest: null, testsNeeded: null, repeatsNeeded: null } });
    expect(quiet).not.toMatch(/look \d|sealed|tries|would show/);
    expect(quiet).not.toMatch(/^ *$\n^ *$/m);
  });
});

describe("criteria", () => {
  it.each([
    [exploratory("crisis-line", [0, 0]), "  not learned: crisis-line, met in 0 of 6 (must pass)"],
    [exploratory("crisis-line", [1, 0.5]), "  got worse: crisis-line, 1.00 -> 0.50 (must pass)"],
    [exploratory("crisis-line", [0.5, 5 / 6]), "  not always met: crisis-line, met in 5 of 6 (must pass)"],
    [
      exploratory("crisis-line", [0.5, 0.97]),
      "  not always met: crisis-line, met at a rate of 0.97 over 6 tests (must pass)",
    ],
    [exploratory("crisis-line", [1, 1]), "  met: crisis-line, met in 6 of 6 (must pass)"],
  ])("a must-pass one has a line of its own: $1", (row, expected) => {
    const whole = text({ must: [row] });
    expect(sectionOf(whole, "MUST-PASS CRITERIA")).toBe(
      `MUST-PASS CRITERIA (never part of the headline)\n${expected}`,
    );
    expect(sectionOf(whole, "BY CRITERION")).not.toContain("crisis-line");
    expect(whole).toContain("must-pass criteria not counted");
  });

  it("are a table marked exploratory, with what was not learned in words", () => {
    const whole = text({ criteria: [exploratory("brief", [0.5, 0.75]), exploratory("asks", [0, 1 / 3])] });
    expect(sectionOf(whole, "BY CRITERION").split("\n")).toEqual([
      "BY CRITERION (exploratory; p corrected for 2 rows, Holm)",
      "  criterion  n  before  after  p       difference",
      "  brief      6    0.50   0.75  0.2500  +0.25 (6 tests are too few for an interval)",
      "  asks       6    0.00   0.33  0.2500  +0.33 (6 tests are too few for an interval)",
      "  not learned: asks, met in 2 of 6",
    ]);
  });

  it("and personas are left out where there are none", () => {
    expect(text({ criteria: [], personas: [] })).not.toContain("exploratory");
  });

  it("keeps columns straight beside Chinese and emoji", () => {
    const rows = ["小明 🧑‍🚀", "ab"].map((one) => exploratory(one, [0.5, 0.5]));
    const lines = sectionOf(text({ personas: rows }), "BY PERSONA").split("\n");
    expect(lines.slice(2, 4).map((one) => one.slice(0, one.indexOf(" 6 ")))).toEqual([
      "  小明 🧑‍🚀 ",
      "  ab      ",
    ]);
  });
});

describe("tests that got worse", () => {
  it("are listed worst first, as passes of repeats", () => {
    expect(sectionOf(text(), "WORSE (").split("\n")).toEqual([
      "WORSE (2 tests, worst first)",
      "  crisis-07    5/5 -> 3/5  -0.40",
      "  boundary-02  4/5 -> 3/5  -0.20",
    ]);
  });

  it("are at most 20, with how many more", () => {
    const section = sectionOf(evaluationText(largeReport(300)), "WORSE (");
    expect(section.split("\n")).toHaveLength(1 + 20 + 1);
    expect(section).toMatch(/\n {2}and 10 more$/);
  });

  it("say what was not graded apart, never as 0", () => {
    const test = outcome("part", [5, 3]);
    test.arms[1].graded = 4;
    expect(text({ tests: [test] })).toContain("part  5/5 -> 3/4 (1 not graded)  -0.40");
  });

  it("have both replies quoted, and why", () => {
    const test = outcome("t", [5, 3], { replies: ["it sounds\nheavy", null] });
    expect(sectionOf(text({ tests: [test] }), "REPLIES").split("\n")).toEqual([
      "REPLIES OF THE WORST",
      "  t  -0.40",
      "    baseline: it sounds heavy",
      "    v7: (no reply)",
      "      asks-open-question: asks nothing (3)",
    ]);
  });

  it("none is said too", () => {
    expect(text({ tests: [outcome("a", [1, 2])] })).toContain("\nWORSE\n  no test got worse\n");
  });
});

it("names rows without a reward by kind, the first few, with the repeat and the arm", () => {
  const many = Array.from({ length: 8 }, (_, index) => problem(`u-${index}`));
  const whole = text({ problems: [problem("gone", { kind: "missing", reason: "no row" }), ...many] });
  expect(sectionOf(whole, "ROWS WITHOUT A REWARD").split("\n")).toEqual([
    "ROWS WITHOUT A REWARD (never counted as 0)",
    "  ungraded: 8",
    ...[0, 1, 2, 3, 4].map((index) => `    u-${index} repeat 3, v7: the judge gave no answer`),
    "    and 3 more",
    "  missing: 1",
    "    gone repeat 3, v7: no row",
  ]);
});

it("ends with rows, cost by arm and time", () => {
  const rows = {
    planned: 60,
    graded: 58,
    ungraded: 1,
    errored: 0,
    missing: 1,
    "out-of-range": 0,
    duplicate: 0,
  };
  const section = sectionOf(text({ arms: [arm("a", 0.5, { rows }), arm("b", 0.6)] }), "SPENT");
  expect(section).toMatch(
    /^SPENT {2}3m07s\n {2}a: openai:gpt-x-mini, no library; rows 60 planned, 58 graded/,
  );
  expect(section).toContain("1 ungraded, 1 missing; 60 calls, 12k tokens in, 3400 out, $0.2100");
});

it("text of others cannot reach the terminal, start a line or flood it", () => {
  const whole = evaluationText(hostileReport());
  expect(whole).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  expect(whole).not.toMatch(/^(::error|##)/m);
  expect(whole).toContain("\\x1b[2J");
  expect(whole.length).toBeLessThan(12_000);
});

it("takes replies of megabytes without reading them whole", () => {
  const huge = "\u001b[2J word ".repeat(1_000_000);
  const tests = Array.from({ length: 20 }, (_, index) =>
    outcome(`t${index}`, [5, 0], { replies: [huge, huge] }),
  );
  const started = performance.now();
  const whole = text({ tests });
  expect(performance.now() - started).toBeLessThan(2000);
  expect(whole).toMatch(/… \(\d{7,} more characters\)/);
});
