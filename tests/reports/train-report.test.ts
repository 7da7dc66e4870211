import { describe, expect, it } from "vitest";
import { compareArms, type PairedExample } from "../../src/evaluation/arms.ts";
import { parseLibrary } from "../../src/library/index.ts";
import type { StepOutcome, TrainingResult } from "../../src/optimizer/train.ts";
import { trainReport } from "../../src/reports/train-report.ts";
import { pair, rollout, type Scores } from "../support/rollout-makers.ts";

const usage = {
  calls: 321,
  promptTokens: 1_234_567,
  completionTokens: 45_678,
  cachedTokens: 0,
  costUsd: 0.5,
  unpriced: 0,
};
const figures = {
  usage,
  byStage: { rollout: { ...usage, calls: 300 }, advantage: { ...usage, calls: 21 } },
  elapsedMs: 187_000,
  libraryPath: "experiences/a/common.md",
  libraryCost: null,
};
const library = (body: string) =>
  parseLibrary(`---\nagent: a\nroute: common\nversion: 2\n---\n${body}`, "lib.md");
const ONE = library("- [E1] Name the feeling.\n");

const graded = (headline: number, scores: Scores = {}, reply = "a reply") =>
  rollout(headline, { headline, scores, reply });
const many = (n: number, make: (index: number) => PairedExample) =>
  Array.from({ length: n }, (_, index) => make(index));

function report(pairs: PairedExample[] | undefined, more: Partial<TrainingResult> = {}, look = 1): string {
  const test = pairs === undefined ? {} : { test: { pairs, arms: compareArms(pairs), look } };
  return trainReport({ library: ONE, steps: [], ...test, ...more }, figures);
}
const lineOf = (text: string, start: string) => text.split("\n").find((line) => line.startsWith(start));
const sectionOf = (text: string, heading: string) =>
  text.split("\n\n").find((section) => section.startsWith(heading)) ?? "";

describe("the verdict comes first", () => {
  it("proven", () => {
    const lines = report(many(12, (index) => pair(`q${index}`, graded(0.25), graded(0.75)))).split("\n");
    expect(lines[0]).toBe(
      "PROVEN  library v2 on 12 held-out questions: 0.25 -> 0.75   +0.50 (95 % +0.50 to +0.50)",
    );
    expect(lines[1]).toBe("  better 12, worse 0, same 0; one-sided sign-flip p 0.0002");
  });

  it.each<[string, PairedExample[], RegExp]>([
    [
      "worse",
      many(12, (index) => pair(`q${index}`, graded(0.75), graded(0.25))),
      /^WORSE {2}library v2 on 12 .*0\.75 -> 0\.25 {3}-0\.50/,
    ],
    [
      "not proven by a tie",
      many(12, (index) => pair(`q${index}`, graded(0.5), graded(0.5))),
      /^NOT PROVEN .*\+0\.00/,
    ],
    [
      "not proven by too few questions",
      many(11, (index) => pair(`q${index}`, graded(0), graded(1))),
      /^NOT PROVEN [\s\S]*11 tests are fewer than 12: nothing is proven/,
    ],
    [
      "not proven by ungraded rows, said as such",
      [...many(12, (index) => pair(`q${index}`, graded(0), graded(1))), pair("x", graded(0), rollout(null))],
      /^NOT PROVEN [\s\S]*1 planned row has no reward/,
    ],
    [
      "too few for an interval",
      many(3, (index) => pair(`q${index}`, graded(0), graded(1))),
      /^NOT PROVEN .*\+1\.00 \(3 tests are too few for an interval\)/,
    ],
  ])("%s", (_what, pairs, expected) => {
    expect(report(pairs)).toMatch(expected);
  });

  it("says how often the sealed test was looked at, from the second time on", () => {
    const pairs = many(12, (index) => pair(`q${index}`, graded(0), graded(1)));
    expect(report(pairs)).not.toMatch(/look \d/);
    expect(report(pairs, {}, 3).split("\n")[2]).toBe("  this is look 3 at the sealed test with this agent");
  });

  it("without a sealed test nothing is claimed", () => {
    const text = report(undefined);
    expect(text).toMatch(/^NO SEALED TEST {2}library v2: .*nothing can be said/);
    expect(text).not.toMatch(/PROVEN|HELD-OUT|REPLIES/);
  });
});

describe("must-pass criteria", () => {
  const crisis = (must: number, brief: number) => graded(brief, { "names-crisis-line!": must, brief });
  const pairs = [
    ...many(6, (index) => pair(`c${index}`, crisis(0, 0.5), crisis(0, 1))),
    ...many(6, (index) => pair(`g${index}`, graded(0.5, { brief: 0.5 }), graded(1, { brief: 1 }))),
  ];

  it("stand apart, and the headline says that it leaves them out", () => {
    const text = report(pairs);
    expect(sectionOf(text, "MUST-PASS CRITERIA (never part of the headline)")).toMatch(
      /names-crisis-line +6 +0\.00 +0\.00/,
    );
    expect(sectionOf(text, "HELD-OUT, BY CRITERION")).not.toContain("names-crisis-line");
    expect(text).toContain("must-pass criteria not counted");
  });

  it("that were not learned are said to be, in so many words", () => {
    expect(sectionOf(report(pairs), "NOT LEARNED")).toBe(
      "NOT LEARNED\n  not learned: names-crisis-line, met in 0 of 6 (must pass)",
    );
  });

  it("that got worse are said to have", () => {
    const worse = many(12, (index) => pair(`c${index}`, crisis(1, 0.5), crisis(index === 0 ? 0 : 1, 1)));
    expect(sectionOf(report(worse), "NOT LEARNED")).toBe(
      "NOT LEARNED\n  got worse: names-crisis-line, 1.00 -> 0.92 (must pass)",
    );
  });

  it("a failing one has its replies quoted even if neither best nor worst", () => {
    const middle = pair("grave", crisis(1, 0.5), { ...crisis(0, 0.6), reply: "the grave reply" });
    const text = report([
      pair("best", crisis(1, 0), crisis(1, 1)),
      middle,
      pair("last", crisis(1, 1), crisis(1, 0)),
    ]);
    expect(sectionOf(text, "REPLIES")).toMatch(
      /best[\s\S]*grave {2}\+0\.10[\s\S]*the grave reply[\s\S]*last/,
    );
  });

  it("nothing missing is said too", () => {
    expect(report([pair("a", graded(0, { brief: 0 }), graded(1, { brief: 1 }))])).toContain(
      "every criterion is met in at least half",
    );
  });
});

describe("what the model and the files say", () => {
  const NASTY = "\u001b[2J\u001b]0;owned\u0007one\r\nFAKE  two\u202e";

  it("cannot reach the terminal, nor start a line of its own", () => {
    const step: StepOutcome = {
      epoch: 1,
      step: 1,
      kinds: { informative: 1, "all-bad": 0, solved: 0, incomplete: 0 },
      rest: [],
      outcome: "rejected",
      gates: [
        {
          accepted: false,
          reason: NASTY,
          n: 1,
          planned: 1,
          stopped: false,
          ungraded: 0,
          baseline: 0,
          candidate: 0,
          mean: 0,
          low: null,
          high: null,
          must: [],
        },
      ],
      refused: [{ text: NASTY, reason: NASTY }],
      failures: [{ what: NASTY, reason: NASTY }],
    };
    const pairs = [
      pair(
        NASTY,
        graded(0, { [NASTY]: 0, [`${NASTY}!`]: 0 }, NASTY),
        graded(1, { [NASTY]: 0, [`${NASTY}!`]: 0 }, NASTY),
        NASTY,
      ),
    ];
    const text = report(pairs, { steps: [step] });
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    expect(text).not.toMatch(/^FAKE/m);
    expect(text).toContain("\\x1b[2J");
  });

  it("real replies stand beside their scores, best and worst", () => {
    const text = sectionOf(
      report([
        pair("up", graded(0, {}, "cold"), graded(1, {}, "warm")),
        pair("same", graded(0.5), graded(0.5)),
        pair("down", graded(1, {}, "kind"), graded(0.2, {}, "curt")),
      ]),
      "REPLIES",
    );
    expect(text.split("\n")).toEqual([
      "REPLIES",
      "  up  +1.00",
      "    baseline: cold",
      "    enhanced: warm",
      "  down  -0.80",
      "    baseline: kind",
      "    enhanced: curt",
    ]);
  });

  it("an ungraded reply is not shown as a change: null is not 0", () => {
    const text = sectionOf(
      report([
        pair("broken", rollout(null), graded(1)),
        pair("lost", graded(1), rollout(null)),
        pair("up", graded(0.4), graded(0.5)),
      ]),
      "REPLIES",
    );
    expect(text).toContain("up  +0.10");
    expect(text).not.toMatch(/broken|lost/);
  });
});

describe("the rest", () => {
  it("lists the library with its size", () => {
    expect(
      sectionOf(
        report(undefined, { library: library("- [E1] Name the feeling.\n- [E4] Ask one question.\n") }),
        "LIBRARY",
      ),
    ).toBe(
      "LIBRARY  experiences/a/common.md  version 2, 2 experiences, 6 words\n  [E1] Name the feeling.\n  [E4] Ask one question.",
    );
    expect(sectionOf(report(undefined, { library: library("") }), "LIBRARY")).toMatch(
      /0 experiences, 0 words\n {2}\(empty\)$/,
    );
  });

  it("says what the library costs in each call, and nothing of an empty one", () => {
    const libraryCost = { tokens: 31, measured: true, usdPer1000: 0.0465 };
    const said = trainReport({ library: ONE, steps: [] }, { ...figures, libraryCost });
    expect(sectionOf(said, "LIBRARY").split("\n").at(-1)).toBe(
      "  adds 31 tokens a call, $0.0465 a 1,000 calls",
    );
    const empty = trainReport({ library: library(""), steps: [] }, { ...figures, libraryCost });
    expect(empty).not.toContain("a call");
  });

  it("says for each step what its groups were and what came of it", () => {
    const kinds = { informative: 3, "all-bad": 2, solved: 1, incomplete: 4 };
    const text = report(undefined, {
      steps: [
        {
          epoch: 2,
          step: 1,
          kinds,
          rest: [],
          outcome: "nothing to learn",
          gates: [],
          refused: [{ text: "Greet Paul.", reason: "copies" }],
          failures: [{ what: "summary of q1", reason: "cut" }],
        },
      ],
    });
    expect(sectionOf(text, "STEPS").split("\n")).toEqual([
      "STEPS",
      "  epoch 2 step 1: 3 informative, 2 all bad, 1 solved, 4 incomplete -> nothing to learn",
      "    refused: Greet Paul. (copies)",
      "    failed: summary of q1: cut",
    ]);
  });

  it("shows personas with n", () => {
    const text = report([pair("a", graded(0), graded(1), "zoe"), pair("b", graded(0.5), graded(0.25), "al")]);
    expect(sectionOf(text, "HELD-OUT, BY PERSONA").split("\n").slice(1)).toEqual([
      "  persona  n  baseline  enhanced  difference",
      "  al       1      0.50      0.25       -0.25",
      "  zoe      1      0.00      1.00       +1.00",
    ]);
  });

  it("ends with what was spent, by stage", () => {
    expect(lineOf(report(undefined), "SPENT")).toBe(
      "SPENT  321 calls (rollout 300, advantage 21), 1.2M tokens in, 46k out, $0.5000, 3m07s",
    );
    expect(report(undefined).endsWith("\n")).toBe(true);
    const cached = { ...figures, usage: { ...usage, cachedTokens: 400_000 } };
    expect(lineOf(trainReport({ library: ONE, steps: [] }, cached), "SPENT")).toContain(
      "1.2M tokens in (400k from the provider's cache), 46k out",
    );
  });
});
