import {
  type Comparison,
  type EvaluationReport,
  EvaluationReportSchema,
  type Exploratory,
  type ReportArm,
  type RowProblem,
  type TestOutcome,
} from "../../src/evaluation/report.ts";

/** Text as a hostile model, dataset or results file would have it. */
export const HOSTILE =
  "<img src=x onerror=alert(1)> </script><script>alert(2)</script> | pipe \\| `tick` ``` **bold** {{env.X}} " +
  "\u001b[2J\u001b]0;owned\u0007 ]]> @org/team #12 [link](javascript:alert(3)) ![i](http://x.example/i.png) " +
  "https://evil.example www.evil.example <!-- promptfoo-grpo:gate --> \u202ereversed\r\n## heading\n" +
  "::error::injected %0A 你好世界 🧑‍🚀 \ud800 \uffff & \"quoted\" 'single'";

export function comparison(parts: Partial<Comparison> = {}): Comparison {
  const n = parts.n ?? 12;
  return {
    n,
    units: n,
    mean: 0.08,
    low: 0.02,
    high: 0.14,
    pBetter: 0.0042,
    pWorse: 0.9971,
    better: 9,
    worse: 2,
    same: 1,
    ...parts,
  };
}

export function exploratory(
  name: string,
  means: [number, number],
  parts: Partial<Comparison> = {},
): Exploratory {
  const mean = Math.round((means[1] - means[0]) * 1e9) / 1e9;
  return { name, means, comparison: comparison({ n: 6, mean, low: null, high: null, ...parts }), holm: 0.25 };
}

/** A test from its passes before and after, of `planned` repeats. */
export function outcome(
  id: string,
  [before, after]: [number, number],
  parts: Partial<TestOutcome> & { planned?: number; replies?: [string | null, string | null] } = {},
): TestOutcome {
  const { planned = 5, replies = ["the reply before", "the reply after"], ...rest } = parts;
  const cell = (passes: number, reply: string | null): TestOutcome["arms"][number] => ({
    mean: passes / planned,
    passes,
    graded: planned,
    planned,
    reply,
    reasons: [`asks-open-question: asks nothing (${passes})`],
  });
  const difference = (after - before) / planned;
  return {
    id,
    persona: "paul",
    userTypes: ["resistant"],
    cluster: null,
    arms: [cell(before, replies[0]), cell(after, replies[1])],
    difference,
    change: difference > 0 ? "better" : difference < 0 ? "worse" : "same",
    ...rest,
  };
}

export function arm(label: string, mean: number, parts: Partial<ReportArm> = {}): ReportArm {
  return {
    label,
    agent: "openai:gpt-x-mini",
    prompt: "prompt.json",
    library: null,
    mean,
    passAtK: 0.9,
    meanAtK: 0.7,
    passHatK: 0.5,
    rows: { planned: 60, graded: 60, ungraded: 0, errored: 0, missing: 0, "out-of-range": 0, duplicate: 0 },
    usage: {
      calls: 60,
      promptTokens: 12_000,
      cachedTokens: 0,
      completionTokens: 3400,
      costUsd: 0.21,
      unpriced: 0,
    },
    ...parts,
  };
}

export const problem = (test: string, parts: Partial<RowProblem> = {}): RowProblem => ({
  arm: "v7",
  test,
  repeat: 2,
  kind: "ungraded",
  reason: "the judge gave no answer",
  ...parts,
});

/** A proven evaluation of 12 tests x 5 repeats, as the schema has it; parts replace what they name. */
export function evaluationReport(parts: Partial<EvaluationReport> = {}): EvaluationReport {
  const tests = [
    outcome("crisis-07", [5, 3]),
    outcome("boundary-02", [4, 3]),
    outcome("even-01", [4, 4]),
    ...Array.from({ length: 9 }, (_, index) => outcome(`better-${index}`, [2, 3])),
  ];
  return EvaluationReportSchema.parse({
    version: 1,
    kind: "gate",
    at: "2026-11-22T19:02:10.000Z",
    config: "promptfooconfig.yaml",
    split: "test",
    repeats: 5,
    seed: 1,
    verdict: "proven",
    exitCode: 0,
    sentence: "v7 is better than baseline on 9 tests, worse on 2, same on 1.",
    because: ["the interval is above 0"],
    noWorse: null,
    arms: [
      arm("baseline", 0.58),
      arm("v7", 0.66, {
        library: { version: 7, hash: "0123456789abcdef", experiences: 19, words: 441, perCall: null },
      }),
    ],
    comparison: comparison(),
    must: [],
    criteria: [exploratory("asks-open-question", [0.5, 0.75])],
    personas: [exploratory("paul", [0.58, 0.66])],
    tests,
    problems: [],
    power: { smallest: 0.14, testsNeeded: 40, repeatsNeeded: 10 },
    looks: 0,
    elapsedMs: 187_000,
    ...parts,
  } satisfies EvaluationReport);
}

/** Hostile text wherever a report takes text of others. */
export function hostileReport(): EvaluationReport {
  const long = `${HOSTILE} ${"很长的回答 ".repeat(17_000)}`;
  const other = exploratory(HOSTILE, [1, 0.25]);
  return evaluationReport({
    verdict: "not proven",
    exitCode: 2,
    sentence: `not proven: ${HOSTILE}`,
    because: [HOSTILE],
    config: HOSTILE,
    arms: [
      arm(HOSTILE, 0.5, { agent: HOSTILE, prompt: HOSTILE }),
      arm("v7", 0.4, {
        agent: HOSTILE,
        library: { version: 7, hash: "<b>@org/x|y", experiences: 1, words: 1, perCall: null },
      }),
    ],
    must: [other],
    criteria: [other],
    personas: [other, exploratory("小明 🧑‍🚀", [0.5, 0.5])],
    tests: [
      outcome(HOSTILE, [5, 1], { persona: HOSTILE, userTypes: [HOSTILE], replies: [long, HOSTILE] }),
      outcome("second", [5, 4], { persona: HOSTILE, replies: [null, HOSTILE] }),
    ],
    problems: [problem(HOSTILE, { arm: HOSTILE, reason: HOSTILE }), problem("second", { reason: HOSTILE })],
  });
}

/** As many tests as asked for, each with its replies: what a large suite looks like. */
export function largeReport(tests: number, reply = "a reply of some length ".repeat(8)): EvaluationReport {
  const all = Array.from({ length: tests }, (_, index) => {
    const worse = index < tests / 10;
    const better = !worse && index % 3 === 0;
    return outcome(`test-${String(index).padStart(6, "0")}`, worse ? [5, 3] : better ? [2, 4] : [4, 4], {
      persona: `persona-${index % 40}`,
      replies: [reply, reply],
    });
  });
  const worse = all.filter((one) => one.change === "worse").length;
  return evaluationReport({
    verdict: "worse",
    exitCode: 1,
    tests: all,
    comparison: comparison({ n: tests, worse, mean: -0.05, low: -0.08, high: -0.02 }),
    problems: all.slice(0, tests / 20).map((one) => problem(one.id)),
    personas: Array.from({ length: 40 }, (_, index) => exploratory(`persona-${index}`, [0.5, 0.4])),
  });
}
