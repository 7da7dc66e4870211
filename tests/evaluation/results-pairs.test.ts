import { describe, expect, it } from "vitest";
import { type ResultsFile, readResults } from "../../src/evaluation/results-file.ts";
import { type PairOptions, pairResults } from "../../src/evaluation/results-pairs.ts";
import type { GrpoError } from "../../src/library/error.ts";
import { type FileParts, type RowParts, read, row, rows } from "../support/results-files.ts";
import { workspace } from "../support/workspace.ts";

const failure = (files: readonly ResultsFile[], options: PairOptions = {}): string => {
  try {
    pairResults(files, options);
  } catch (error) {
    expect(error).toMatchObject({ name: "GrpoError", exitCode: 3 });
    return (error as GrpoError).describe();
  }
  return "nothing failed";
};

/** One test, two repeats; `rows` stand for those of the enhanced arm. */
const withRows = (enhanced: readonly Record<string, unknown>[], more: Partial<FileParts> = {}) =>
  read({ rows: [...rows(["a"], [0], 2), ...enhanced], repeats: 2, ...more });
const second = (parts: RowParts = {}) => row({ column: 1, ...parts });

describe("every planned row is accounted for", () => {
  const NOT_GRADED = { gradingResult: null };
  it.each<[string, Record<string, unknown>[], Record<string, number>, RegExp | null]>([
    ["graded", [second(), second({ repeat: 1, score: 0 })], { graded: 2 }, null],
    ["in another order", [second({ repeat: 1 }), second()], { graded: 2 }, null],
    [
      "that do not tell their repeat",
      [second({ repeat: null }), second({ repeat: null })],
      { graded: 2 },
      null,
    ],
    ["of which one does not tell", [second({ repeat: null }), second({ repeat: 0 })], { graded: 2 }, null],
    ["missing", [second()], { graded: 1, missing: 1 }, /no row/],
    ["all missing", [], { missing: 2 }, /no row/],
    ["NaN", [second(), second({ repeat: 1, score: null })], { graded: 1, "out-of-range": 1 }, /score NaN/],
    ["above 1", [second(), second({ repeat: 1, score: 5 })], { graded: 1, "out-of-range": 1 }, /score 5/],
    ["below 0", [second(), second({ repeat: 1, score: -1 })], { graded: 1, "out-of-range": 1 }, /score -1/],
    [
      "errored",
      [second(), second({ repeat: 1, response: { error: "HTTP 500" } })],
      { graded: 1, errored: 1 },
      /agent failed: HTTP 500/,
    ],
    [
      "thrown",
      [second(), second({ response: null, more: { failureReason: 2, error: "boom", ...NOT_GRADED } })],
      { graded: 1, errored: 1 },
      /agent failed: boom/,
    ],
    [
      "without output",
      [
        second(),
        second({ repeat: 1, response: { output: undefined }, more: { error: "No output", ...NOT_GRADED } }),
      ],
      { graded: 1, errored: 1 },
      /No output/,
    ],
    [
      "not graded",
      [second(), second({ repeat: 1, more: NOT_GRADED })],
      { graded: 1, ungraded: 1 },
      /not graded/,
    ],
    [
      "whose grader failed",
      [
        second(),
        second({
          repeat: 1,
          more: {
            gradingResult: {
              componentResults: [{ score: 0, reason: "HTTP 503", metadata: { graderError: true } }],
            },
          },
        }),
      ],
      { graded: 1, ungraded: 1 },
      /grader failed: HTTP 503/,
    ],
    [
      "of one repeat twice",
      [second(), second({ repeat: 1 }), second({ score: 0 })],
      { graded: 2, duplicate: 1 },
      /twice/,
    ],
    [
      "more than planned",
      [0, 1, 2].map((repeat) => second({ repeat })),
      { graded: 2, duplicate: 1 },
      /repeat 3 of 2 planned/,
    ],
    [
      "more than planned, untold",
      [1, 2, 3].map(() => second({ repeat: null })),
      { graded: 2, duplicate: 1 },
      /more rows than the 2/,
    ],
  ])("rows %s", async (_what, enhanced, counts, reason) => {
    const { arms, problems, pairs } = pairResults([await withRows(enhanced)]);
    const none = { graded: 0, ungraded: 0, errored: 0, missing: 0, "out-of-range": 0, duplicate: 0 };
    expect(arms[0].rows).toEqual({ ...none, planned: 2, graded: 2 });
    expect(arms[1].rows).toEqual({ ...none, planned: 2, ...counts });
    expect(pairs[0]?.enhanced.map((one) => one.repeat)).toEqual([0, 1]);
    if (reason === null) expect(problems).toEqual([]);
    else
      expect(problems[0]).toMatchObject({
        arm: "enhanced",
        test: "a",
        reason: expect.stringMatching(reason),
      });
  });

  it("of two rows of one repeat the first is judged", async () => {
    const { pairs } = pairResults([await withRows([second({ score: 0 }), second({ score: 1 })])]);
    expect(pairs[0]?.enhanced.map((one) => one.reward)).toEqual([0, null]);
  });

  it("a test that one arm lacks is planned there", async () => {
    const file = await read({ rows: [...rows(["a"], [0, 1], 2), ...rows(["b"], [1], 2)], repeats: 2 });
    const { arms, pairs } = pairResults([file]);
    expect(pairs.map((one) => one.id)).toEqual(["a", "b"]);
    expect(arms[0].rows).toMatchObject({ planned: 4, graded: 2, missing: 2 });
  });

  it("a test's own number of repeats is what is planned of it", async () => {
    const own = { testCase: { options: { repeat: 1 }, metadata: { id: "b" }, vars: {} } };
    const file = await read({
      rows: [...rows(["a"], [0, 1], 3), ...rows(["b"], [0, 1], 1, own)],
      repeats: 3,
    });
    expect(pairResults([file]).arms[0].rows).toMatchObject({ planned: 4, graded: 4 });
  });

  it.each<[string, Record<string, unknown>, string[]]>([
    [
      "named by the config",
      {
        tests: [
          { metadata: { id: "a" }, vars: { q: "a" } },
          { metadata: { id: "b" }, vars: { q: "b" } },
        ],
      },
      ["a", "b"],
    ],
    ["numbered where the config names files", { tests: "file://tests.csv" }, ["a", "(test without rows 1)"]],
  ])("tests that promptfoo counted and did not write are missing, %s", async (_what, config, ids) => {
    const file = await read({ rows: rows(["a"], [0, 1], 2), repeats: 2, counted: 4, config });
    const { pairs, arms } = pairResults([file]);
    expect(pairs.map((one) => one.id)).toEqual(ids);
    expect(arms.map((one) => one.rows)).toMatchObject([
      { planned: 4, missing: 2 },
      { planned: 4, missing: 2 },
    ]);
  });

  it("list variables of one id are tests of their own", async () => {
    const variants = ["x", "y"].flatMap((q) => [
      row({ id: "a", q }),
      row({ id: "a", q, column: 1, score: 0 }),
    ]);
    const { pairs } = pairResults([await read({ rows: variants })]);
    expect(pairs.map(({ id, enhanced }) => [id, enhanced.length])).toEqual([
      ["a~1", 1],
      ["a~2", 1],
    ]);
  });

  it("tests without id are told apart by what they ask and how they are graded", async () => {
    const file = await read({
      rows: [
        row({ id: null, q: "x" }),
        row({ id: null, q: "y" }),
        row({ id: null, q: "x", testCase: { vars: { q: "x" }, assert: [], metadata: {} } }),
      ],
    });
    expect(new Set(file.tests.map((one) => one.id)).size).toBe(3);
  });

  it("one id for two tests is refused", async () => {
    const twice = row({
      testCase: { vars: { q: "a" }, assert: [{ type: "is-json" }], metadata: { id: "a" } },
    });
    expect(failure([await read({ rows: [row(), twice, second()] })])).toMatch(
      /^RESULTS_TEST_ID_DUPLICATE .*"a"/,
    );
  });
});

describe("arms", () => {
  it("say what was asked, with which library, and what it cost", async () => {
    const metadata = { repeatIndex: 0, libraryVersion: 3, libraryHash: "h" };
    const enhanced = [second({ response: { metadata } }), second({ repeat: 1, response: { cached: true } })];
    const { arms, split } = pairResults([await withRows(enhanced)]);
    expect(split).toBe("all");
    expect(arms[0]).toMatchObject({ label: "baseline", agent: "model", prompt: "Say {{q}}", library: null });
    expect(arms[1].library).toEqual({ version: 3, hash: "h" });
    expect(arms.map((one) => one.usage)).toEqual([
      { calls: 2, promptTokens: 6, cachedTokens: 0, completionTokens: 4, costUsd: 1, unpriced: 0 },
      { calls: 1, promptTokens: 3, cachedTokens: 0, completionTokens: 2, costUsd: 0.5, unpriced: 0 },
    ]);
  });

  it("rows of two libraries are no arm", async () => {
    const made = (libraryHash: string, repeat: number) =>
      second({
        repeat,
        response: { metadata: { repeatIndex: repeat, libraryVersion: repeat, libraryHash } },
      });
    expect(failure([await withRows([made("x", 0), made("y", 1)])])).toMatch(
      /^RESULTS_MIXED_LIBRARY .*version 0, version 1/,
    );
  });

  const single = () => read({ rows: rows(["a"], [0], 1), columns: 1 });
  const triple = () => read({ rows: rows(["a"], [0, 1, 2], 1), columns: 3, labels: ["x", "y", "z"] });
  it("are chosen by label", async () => {
    const file = await read({ rows: rows(["a"], [0, 1], 1) });
    const { arms } = pairResults([file], { arms: ["enhanced", "baseline"] });
    expect(arms.map((one) => one.label)).toEqual(["enhanced", "baseline"]);
  });

  it.each<[string, () => Promise<ResultsFile[]>, PairOptions, RegExp]>([
    [
      "one column",
      async () => [await single()],
      {},
      /^RESULTS_ARMS .*one column alone: "baseline".*second results file/,
    ],
    ["three columns", async () => [await triple()], {}, /3 columns.*--arms.*, "model/],
    ["an unknown label", async () => [await single()], { arms: ["x", "baseline"] }, /named "x".*"baseline"/],
    [
      "the same label twice",
      async () => [await read({ rows: rows(["a"], [0, 1], 1) })],
      { arms: ["baseline", "baseline"] },
      /same column/,
    ],
    [
      "a second file of several columns",
      async () => [await single(), await triple()],
      {},
      /3 columns.*of the second/,
    ],
    ["three files", async () => [await single(), await single(), await single()], {}, /not 3/],
    ["no file", async () => [], {}, /not 0/],
  ])("%s is not clear", async (_what, files, options, message) => {
    expect(failure(await files(), options)).toMatch(message);
  });
});

describe("two files", () => {
  const one = (parts: Partial<FileParts> = {}, name = "a.json", column = 0) =>
    read(
      { rows: rows(["a", "b"], [0], 2), columns: 1, repeats: 2, labels: [String(column)], ...parts },
      name,
    );

  it("of one suite are compared, the first as baseline", async () => {
    const worse = await one({ rows: rows(["b", "a"], [0], 2, { score: 0 }) }, "b.json");
    const { arms, pairs, differences, problems } = pairResults([await one(), worse]);
    expect(arms.map((arm) => arm.label)).toEqual(["baseline (a.json)", "baseline (b.json)"]);
    expect(pairs.map((pair) => [pair.id, pair.baseline[0]?.reward, pair.enhanced[0]?.reward])).toEqual([
      ["a", 1, 0],
      ["b", 1, 0],
    ]);
    expect({ differences, problems }).toEqual({ differences: [], problems: [] });
  });

  const test = (more: Record<string, unknown>) => ({
    testCase: { vars: { q: "a" }, assert: [], metadata: { id: "a" }, ...more },
  });
  const ofA = (more: Record<string, unknown>): Partial<FileParts> => ({
    rows: rows(["a"], [0], 2, test(more)),
  });
  it.each<[string, Partial<FileParts>, Partial<FileParts>, string, RegExp]>([
    [
      "a test more",
      {},
      { rows: rows(["a", "b", "c"], [0], 2) },
      "tests",
      /tests: 1 test \(c\) in b\.json only/,
    ],
    ["a test less", {}, { rows: rows(["a"], [0], 2) }, "tests", /tests: 1 test \(b\) in a\.json only/],
    [
      "other variables",
      ofA({}),
      ofA({ vars: { q: "z" } }),
      "tests",
      /tests: 1 test \(a\) with other variables/,
    ],
    [
      "another split",
      ofA({}),
      ofA({ metadata: { id: "a", persona: "x" } }),
      "tests",
      /with other variables, persona/,
    ],
    [
      "other assertions",
      ofA({}),
      ofA({ assert: [{ type: "is-json" }] }),
      "graders",
      /graders: 1 test \(a\) graded by other/,
    ],
    ["another judge", ofA({}), ofA({ options: { provider: "echo" } }), "graders", /graders: 1 test/],
    ["another threshold", ofA({}), ofA({ threshold: 0.5 }), "graders", /graders: 1 test/],
    [
      "other criteria",
      ofA({}),
      ofA({ metadata: { id: "a", success_criteria: { x: true } } }),
      "graders",
      /graders: 1 test/,
    ],
    [
      "another prompt",
      {},
      { prompt: { raw: "Tell {{q}}", label: "other" } },
      "prompts",
      /prompts: "Say \{\{q\}\}" and "other"/,
    ],
    [
      "another prompt of the same name",
      {},
      { prompt: { raw: "Tell {{q}}" } },
      "prompts",
      /prompts: two texts named/,
    ],
    [
      "another model",
      {},
      { rows: rows(["a", "b"], [0], 2, { more: { provider: { id: "other" } } }) },
      "models",
      /models: model and other/,
    ],
    [
      "another temperature",
      {},
      { config: { providers: [{ id: "model", config: { temperature: 0 } }] } },
      "models",
      /models: model with other temperature/,
    ],
    [
      "other repeats",
      {},
      { rows: rows(["a", "b"], [0], 3), repeats: 3 },
      "repeats",
      /repeats: 2 in a\.json, 3 in b\.json/,
    ],
  ])("with %s refuse, unless that is allowed", async (_what, left, right, what, message) => {
    const files = [await one(left), await one(right, "b.json")];
    expect(failure(files)).toMatch(/^RESULTS_DIFFER /);
    expect(failure(files)).toMatch(message);
    expect(failure(files)).toContain(`--allow ${what}`);
    const allowed = pairResults(files, { allow: [what as "tests"] });
    expect(allowed.differences.map((difference) => difference.what)).toEqual([what]);
    expect(allowed.problems).toEqual([]);
    expect(allowed.repeats).toBe(2);
  });

  it("with other repeats of one test differ in repeats, not in how they are graded", async () => {
    const files = [
      await one(ofA({ options: { repeat: 2 } })),
      await one(ofA({ options: { repeat: 3 } }), "b.json"),
    ];
    expect(failure(files)).toMatch(
      /in more than the library: repeats: 1 test \(a\) asked more often in one\./,
    );
  });

  it("keep a test as missing of which only promptfoo's count in one file is left", async () => {
    const config = { tests: "file://t.csv", providers: "model" };
    const files = [await one({ counted: 6, config }), await one({ counted: 4, config }, "b.json")];
    const { pairs, arms } = pairResults(files);
    expect(pairs.map((pair) => pair.id)).toEqual(["a", "b", "(test without rows 1)"]);
    expect(arms.map((arm) => arm.rows.missing)).toEqual([2, 2]);
  });

  it.each<[string, Partial<FileParts>]>([
    ["a key", { config: { providers: [{ id: "model", config: { temperature: 1, apiKey: "other" } }] } }],
    ["a label", { config: { providers: [{ id: "model", label: "new", config: { temperature: 1 } }] } }],
    ["settings that travel along", ofA({ metadata: { id: "a", grpo: { seed: 2 } } })],
  ])("that differ in %s alone are comparable", async (_what, right) => {
    const left = right.rows === undefined ? {} : ofA({});
    expect(pairResults([await one(left), await one(right, "b.json")]).differences).toEqual([]);
  });

  it("name every difference at once, and the flag that accepts all", async () => {
    const right = { rows: rows(["a", "c"], [0], 3), repeats: 3, prompt: { raw: "x" } };
    const text = failure([await one(), await one(right, "b.json")], { allow: ["models"] });
    expect(text).toMatch(/tests: .* \| prompts: .* \| repeats: .*--allow models,tests,prompts,repeats/);
  });

  it("a test that one file's promptfoo counted and did not write is missing there, not another test", async () => {
    const lossy = await one(
      { rows: rows(["a"], [0], 2), counted: 4, config: { tests: "file://t.csv" } },
      "b.json",
    );
    const { pairs, arms, differences } = pairResults([await one(), lossy], { allow: ["models"] });
    expect(pairs.map((pair) => pair.id)).toEqual(["a", "b"]);
    expect(arms[1].rows).toMatchObject({ planned: 4, graded: 2, missing: 2 });
    expect(differences.filter((one) => one.what === "tests")).toEqual([]);
  });
});

it("JSON lines, which an interrupted evaluation leaves too, are judged with a warning", async () => {
  const lines = rows(["a"], [0, 1], 2).map((one) => JSON.stringify(one));
  const file = await readResults(workspace().write("a.jsonl", lines.join("\n")));
  expect(pairResults([file]).unfinished).toEqual([expect.stringContaining("a.jsonl does not say whether")]);
  const { unfinished, notes } = pairResults([file, file], { arms: ["baseline", "enhanced"] });
  expect([unfinished.length, notes]).toEqual([1, []]);
});

describe("splits", () => {
  const of = (id: string, split?: string) =>
    [0, 1].map((column) => row({ id, column, metadata: split === undefined ? {} : { split } }));
  const mixed = () => read({ rows: [...of("a", "train"), ...of("b", "test"), ...of("c", "test")] });

  it("are never mixed silently", async () => {
    expect(failure([await mixed()])).toMatch(/^RESULTS_SPLIT .*1 train, 2 test.*--split test/);
    const all = pairResults([await mixed()], { split: "all" });
    expect(all).toMatchObject({ split: "all", notes: [expect.stringContaining("1 train, 2 test")] });
    expect(all.pairs).toHaveLength(3);
  });

  it("are chosen, and what is left out is said", async () => {
    const { pairs, split, notes } = pairResults([await mixed()], { split: "test" });
    expect({ ids: pairs.map((one) => one.id), split }).toEqual({ ids: ["b", "c"], split: "test" });
    expect(notes).toEqual([expect.stringMatching(/^1 tests of other splits are left out/)]);
    expect(failure([await mixed()], { split: "validation" })).toMatch(/^RESULTS_SPLIT .*no test|No test/);
  });

  it("are the tests' own where all are of one", async () => {
    expect(pairResults([await read({ rows: of("a", "test") })])).toMatchObject({ split: "test", notes: [] });
  });

  it("that no test names are said to be missing", async () => {
    const { split, notes, pairs } = pairResults([await read({ rows: of("a") })], { split: "test" });
    expect({ split, pairs: pairs.length }).toEqual({ split: "all", pairs: 1 });
    expect(notes).toEqual([expect.stringContaining("No test says which split")]);
  });
});

it("20,000 rows are read and paired in seconds", async () => {
  const ids = Array.from({ length: 2000 }, (_, index) => `t${index}`);
  const start = Date.now();
  const { pairs, arms } = pairResults([await read({ rows: rows(ids, [0, 1], 5), repeats: 5 })]);
  expect(pairs).toHaveLength(2000);
  expect(arms[1].rows).toMatchObject({ planned: 10_000, graded: 10_000 });
  expect(Date.now() - start).toBeLessThan(20_000);
});
