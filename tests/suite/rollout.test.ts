import { describe, expect, it } from "vitest";
import { missingRollout, type RolloutProblem, toRollout } from "../../src/suite/rollout.ts";

type Row = Parameters<typeof toRollout>[0];

interface Part {
  pass?: boolean;
  score?: unknown;
  reason?: string;
  assertion?: Record<string, unknown>;
  metadata?: Record<string, unknown>;
  componentResults?: Part[];
}

/** A row of promptfoo's results; what a grader may wrongly return is no promptfoo type. */
const row = (more: Record<string, unknown> = {}, parts: Part[] = []): Row =>
  ({
    score: 0.5,
    failureReason: 0,
    metadata: {},
    response: { output: "hello", metadata: { repeatIndex: 2 } },
    gradingResult: { pass: true, score: 0.5, reason: "ok", componentResults: parts },
    ...more,
  }) as unknown as Row;

const part = (
  name: string,
  score: unknown,
  metadata: Record<string, unknown> = {},
  more: Part = {},
): Part => ({
  pass: score === 1,
  score,
  reason: `because ${name}`,
  metadata: { criterion: name, ...metadata },
  ...more,
});

describe("criteria", () => {
  it("a parent and its children are listed once: the children are the criteria", () => {
    const [a, b] = [part("a", 1), part("b", 0)];
    const parent = part("rubric", 0.5, {}, { componentResults: [a, b] });
    const grandparent = { score: 0.5, assertion: { type: "assert-set" }, componentResults: [parent] };
    const { criteria } = toRollout(row({}, [grandparent, parent, a, b]), "x");
    expect(criteria.map(({ name, score, pass, reason }) => ({ name, score, pass, reason }))).toEqual([
      { name: "a", score: 1, pass: true, reason: "because a" },
      { name: "b", score: 0, pass: false, reason: "because b" },
    ]);
  });

  it.each<[string, Part, string]>([
    [
      "its criterion",
      { score: 1, metadata: { criterion: "stays-brief" }, assertion: { type: "javascript", metric: "m" } },
      "stays-brief",
    ],
    ["its metric", { score: 1, assertion: { type: "contains", metric: "m", value: "v" } }, "m"],
    ["its type and value", { score: 1, assertion: { type: "contains", value: "a\n  b" } }, "contains: a b"],
    ["its type", { score: 1, assertion: { type: "is-json" } }, "is-json"],
    ["a word", { score: 1 }, "assertion"],
  ])("is named by %s", (_name, one, name) => {
    expect(toRollout(row({}, [one]), "x").criteria[0]?.name).toBe(name);
  });

  it.each<[string, Part, Record<string, unknown>]>([
    ["a weight in the metadata", part("a", 1, { weight: 3 }, { assertion: { weight: 2 } }), { weight: 3 }],
    ["a weight of the assertion", part("a", 1, {}, { assertion: { weight: 2 } }), { weight: 2 }],
    ["no weight", part("a", 1), { weight: 1 }],
    ["must", part("a", 1, { must: true }), { must: true }],
    ["an ungraded one", part("a", 0, { ungraded: true }), { score: null }],
    ["a score that is not a number", part("a", "0.5"), { score: null }],
    ["a score out of range", part("a", 3), { score: null }],
    ["a score below range", part("a", -1), { score: null }],
    ["NaN", part("a", Number.NaN), { score: null }],
    ["nothing but a score", { score: 1 }, { pass: false, reason: "", weight: 1, must: false }],
  ])("%s", (_name, one, expected) => {
    expect(toRollout(row({}, [one]), "x").criteria[0]).toMatchObject(expected);
  });
});

describe("headline", () => {
  it.each<[string, Part[], number | null]>([
    ["is the reward where nothing is a must", [part("a", 1), part("b", 0)], 0.5],
    [
      "leaves musts out",
      [part("a", 1, { must: true }), part("b", 0, { weight: 1 }), part("c", 1, { weight: 3 })],
      0.75,
    ],
    [
      "leaves ungraded criteria out",
      [part("a", 1, { must: true }), part("b", 1), part("c", 0, { ungraded: true })],
      1,
    ],
    ["is null where only musts are left", [part("a", 1, { must: true })], null],
  ])("%s", (_name, parts, headline) => {
    expect(toRollout(row({}, parts), "x").headline).toBe(headline);
  });
});

describe("ungraded rows keep their reason and have no reward", () => {
  it.each<[string, Record<string, unknown>, Part[], RegExp, RolloutProblem]>([
    [
      "a provider error",
      { failureReason: 2, error: "HTTP 500\nstack", response: { error: "HTTP 500" } },
      [],
      /^the agent failed: HTTP 500$/,
      "errored",
    ],
    [
      "an error with failureReason 0",
      { response: { error: "odd" } },
      [],
      /^the agent failed: odd$/,
      "errored",
    ],
    [
      "no output",
      { error: "No output", gradingResult: null, response: {}, score: 0 },
      [],
      /^the row was not graded: No output$/,
      "errored",
    ],
    [
      "no grading result",
      { gradingResult: undefined },
      [],
      /^the row was not graded: no grading result$/,
      "ungraded",
    ],
    [
      "a grader that failed",
      {},
      [
        part("a", 1),
        { pass: false, score: 0, reason: "500 from the judge", metadata: { graderError: true } },
      ],
      /^a grader failed: 500 from the judge$/,
      "ungraded",
    ],
    ["a score above 1", { score: 5 }, [], /^the score 5 is not between 0 and 1$/, "out-of-range"],
    ["a score below 0", { score: -0.1 }, [], /^the score -0\.1 is not/, "out-of-range"],
    ["a score that is not a number", { score: Number.NaN }, [], /^the score NaN is not/, "out-of-range"],
  ])("%s", (_name, more, parts, reason, problem) => {
    const rollout = toRollout(row(more, parts), "x");
    expect(rollout).toMatchObject({ reward: null, headline: null, pass: false, problem });
    expect(rollout.ungraded).toMatch(reason);
  });

  it("a zero is a grade", () => {
    expect(toRollout(row({ score: 0, failureReason: 1 }, [part("a", 0)]), "x")).toMatchObject({
      reward: 0,
      headline: 0,
    });
    expect(toRollout(row({ score: 0, failureReason: 1 }, [part("a", 0)]), "x").ungraded).toBeUndefined();
  });

  it("a planned rollout without a row", () => {
    expect(missingRollout("x", 3)).toMatchObject({
      exampleId: "x",
      repeat: 3,
      reward: null,
      headline: null,
      pass: false,
      problem: "missing",
      ungraded: expect.stringContaining("no row"),
    });
  });
});

it.each<[string, Record<string, unknown>, boolean]>([
  ["promptfoo passed", { success: true, score: 0.5 }, true],
  ["promptfoo failed", { success: false, score: 1 }, false],
  ["promptfoo passed and no reward can be had of", { success: true, score: 5 }, false],
])("a row that %s has its verdict", (_name, more, pass) => {
  expect(toRollout(row(more), "x").pass).toBe(pass);
});

it.each<[unknown, string]>([
  ["text", "text"],
  [{ a: 1 }, '{"a":1}'],
  [null, ""],
  [undefined, ""],
  [0, "0"],
])("a reply %j is %j", (output, reply) => {
  expect(toRollout(row({ response: { output, metadata: { repeatIndex: 2 } } }), "x")).toMatchObject({
    exampleId: "x",
    repeat: 2,
    reply,
  });
});
