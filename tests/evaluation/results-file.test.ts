import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { JsonRows } from "../../src/evaluation/json-rows.ts";
import { readResults } from "../../src/evaluation/results-file.ts";
import { pairResults } from "../../src/evaluation/results-pairs.ts";
import { MAX_REPLY_CHARACTERS } from "../../src/evaluation/results-rows.ts";
import { read, resultsOf, row, rows } from "../support/results-files.ts";
import { REPOSITORY, workspace } from "../support/workspace.ts";

const FIXTURES = join(REPOSITORY, "tests/fixtures/results");
const fixture = (name: string) => join(FIXTURES, name);

describe("files that promptfoo wrote", () => {
  it.each<[string, number]>([
    ["echo.json", 9],
    ["echo.yaml", 9],
    ["echo.jsonl", 12],
  ])("%s: every test, also that whose rows promptfoo dropped", async (name, found) => {
    const file = await readResults(fixture(name));
    expect(file).toMatchObject({ name, repeats: 3, unknownTests: 0 });
    expect(file.rows).toHaveLength(found);
    expect(file.columns).toMatchObject([{ name: "one", agent: "echo", prompt: "Say: {{q}}" }]);
    expect(file.tests).toMatchObject([
      { id: "t1", persona: "paul", split: "test", userTypes: ["resistant"] },
      { id: "list" },
      { id: "list" },
      { id: expect.stringMatching(/^[0-9a-f]{12}$/) },
    ]);
  });

  it.each(["two-arms.json", "two-arms-v4.json", "two-arms-summary.json"])("%s: both arms", async (name) => {
    const { pairs, arms, repeats, split } = pairResults([await readResults(fixture(name))], {
      split: "test",
    });
    expect({ repeats, split }).toEqual({ repeats: 3, split: "test" });
    const rewards = pairs.map(({ id, baseline, enhanced }) => ({
      id,
      baseline: baseline.map((one) => one.reward),
      enhanced: enhanced.map((one) => one.reward),
    }));
    expect(rewards).toEqual([
      { id: "one", baseline: [1, 0, 0], enhanced: [1, 1, 1] },
      { id: "two", baseline: [1, 0], enhanced: [1, 1] },
    ]);
    expect(pairs[0]).toMatchObject({ persona: "paul", userTypes: ["resistant"] });
    expect(arms).toMatchObject([
      { label: "baseline", agent: "model", library: null, usage: { calls: 5, promptTokens: 15 } },
      { label: "enhanced", agent: "model", library: { version: 2, hash: "abc" } },
    ]);
  });

  it("hold no key of a model that anything is compared by", async () => {
    const { columns } = await readResults(fixture("echo.json"));
    expect(columns[0]?.model).toEqual({ id: "echo", config: { temperature: 0.5 } });
  });
});

describe("files that are refused, by name", () => {
  const whole = JSON.stringify(resultsOf({ rows: rows(["a", "b"], [0, 1], 2) }));
  const lines = rows(["a"], [0, 1], 2).map((one) => JSON.stringify(one));
  it.each<[string, string, string, RegExp]>([
    ["empty", "a.json", "", /^RESULTS_EMPTY \S+a\.json: The file is empty/],
    [
      "cut off in a row",
      "a.json",
      whole.slice(0, whole.indexOf("reply b")),
      /^RESULTS_TRUNCATED \S+a\.json row 5: .*cut off.*-o/,
    ],
    ["cut off after the rows", "a.json", whole.slice(0, -20), /^RESULTS_TRUNCATED \S+a\.json: /],
    ["one byte short", "a.json", whole.slice(0, -1), /^RESULTS_TRUNCATED \S+a\.json: /],
    ["text", "a.json", "hello", /^RESULTS_MALFORMED \S+a\.json: It is no JSON/],
    ["a list", "a.json", "[1]", /^RESULTS_MALFORMED \S+a\.json: These are no results/],
    ["JSON of something else", "a.json", '{"results":{"a":1}}', /^RESULTS_MALFORMED .*no version/],
    ["a package.json", "a.json", '{"name":"x"}', /^RESULTS_MALFORMED .*no results of promptfoo/],
    [
      "rows that are no rows",
      "a.json",
      whole.replace('"promptIdx":0', '"promptIdx":"x"'),
      /^RESULTS_MALFORMED \S+a\.json row 1: .*promptIdx/,
    ],
    [
      "rows that are text",
      "a.json",
      '{"results":{"version":3,"results":["x"]}}',
      /^RESULTS_MALFORMED \S+a\.json row 1: .*a text/,
    ],
    [
      "rows that are numbers",
      "a.json",
      '{"results":{"version":3,"results":[1]}}',
      /^RESULTS_MALFORMED \S+a\.json row 1: /,
    ],
    [
      "broken JSON inside a row",
      "a.json",
      whole.replace('"promptIdx":0', '"promptIdx":NaN'),
      /^RESULTS_MALFORMED \S+ row 1: It is no JSON/,
    ],
    ["no rows", "a.json", JSON.stringify(resultsOf({ rows: [], columns: 0 })), /^RESULTS_EMPTY .*no rows/],
    [
      "an old version",
      "a.json",
      '{"version":2,"results":{"version":2,"results":[{"old":1}],"table":{}}}',
      /^RESULTS_VERSION .*version 2; .*0\.123/,
    ],
    [
      "a future version",
      "a.json",
      '{"version":5,"results":{"version":5,"results":[{"new":1}]}}',
      /^RESULTS_VERSION .*version 5; .*Update/,
    ],
    ["lines cut off", "a.jsonl", lines.join("\n").slice(0, -9), /^RESULTS_TRUNCATED \S+a\.jsonl line 4: /],
    ["lines of something else", "a.jsonl", '{"a":1}', /^RESULTS_MALFORMED \S+a\.jsonl row 1: /],
    ["empty lines", "a.jsonl", "\n\n", /^RESULTS_EMPTY \S+a\.jsonl: /],
    [
      "YAML cut off at a line",
      "a.yaml",
      readFileSync(fixture("echo.yaml"), "utf8").split("\n").slice(0, 300).join("\n"),
      /^RESULTS_TRUNCATED \S+a\.yaml: /,
    ],
    ["YAML that is none", "a.yaml", "a: [", /^RESULTS_MALFORMED \S+a\.yaml: /],
    ["CSV", "a.csv", "a,b", /^RESULTS_FORMAT \S+a\.csv: A \.csv file .*results\.json/],
    ["no extension", "results", "{}", /^RESULTS_FORMAT \S+results: A file without extension/],
  ])("%s", async (_what, name, content, message) => {
    const path = workspace().write(name, content);
    const error: unknown = await readResults(path).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "GrpoError", exitCode: 3 });
    expect((error as { describe(): string }).describe()).toMatch(message);
  });

  it.each(["nowhere.json", "."])("%s is no file", async (name) => {
    await expect(readResults(join(workspace().folder, name))).rejects.toMatchObject({
      code: "RESULTS_UNREADABLE",
    });
  });
});

describe("rows", () => {
  it("with huge replies and reasons keep their beginning", async () => {
    const long = "x".repeat(10 * MAX_REPLY_CHARACTERS);
    const grading = {
      pass: true,
      score: 1,
      reason: "",
      componentResults: [{ pass: true, score: 1, reason: long }],
    };
    const file = await read({
      rows: [row({ response: { output: long }, more: { gradingResult: grading } })],
    });
    const [only] = file.rows;
    expect(only?.rollout.reply).toMatch(/^x{20000} \(180000 more characters\)$/);
    expect(only?.rollout.criteria[0]?.reason.length).toBeLessThan(3000);
  });

  it.each<[string, number | null, Record<string, unknown>[], number]>([
    ["what the command line recorded", 5, rows(["a"], [0, 1], 2), 5],
    [
      "else the most rows of a test",
      null,
      [...rows(["a"], [0, 1], 2), ...rows(["b"], [0], 3, { repeat: null })],
      3,
    ],
    ["else the highest repeat", null, [row({ repeat: 3 })], 4],
    [
      "a test's own number says nothing about others",
      null,
      [
        row(),
        ...rows(["b"], [0], 4, { testCase: { options: { repeat: 4 }, metadata: { id: "b" }, vars: {} } }),
      ],
      1,
    ],
  ])("repeats are %s", async (_what, recorded, given, repeats) => {
    expect((await read({ rows: given, repeats: recorded })).repeats).toBe(repeats);
  });
});

describe("columns", () => {
  const two = (config: Record<string, unknown>, parts: Record<string, unknown> = {}) =>
    read({ rows: rows(["a"], [0, 1], 1), config, ...parts });
  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ["an id", { providers: "model" }, { id: "model", config: {} }],
    [
      "by label",
      { providers: [{ id: "other", label: "baseline", config: { a: 1 } }, "model"] },
      { config: { a: 1 } },
    ],
    ["keyed by id", { providers: [{ model: { config: { a: 2 } } }] }, { id: "model", config: { a: 2 } }],
    ["a file, which is not known", { providers: ["file://x.yaml"] }, { id: "model", config: null }],
    [
      "keys left out",
      {
        providers: [
          { id: "model", config: { apiKey: "k", max_tokens: 5, headers: { Authorization: "b", x: 1 } } },
        ],
      },
      { config: { max_tokens: 5, headers: { x: 1 } } },
    ],
    [
      "what an ExperienceProvider wraps",
      {
        providers: [
          {
            id: "package:promptfoo-grpo:ExperienceProvider",
            label: "baseline",
            config: { provider: { id: "openai:x", config: { a: 3 } }, library: { agent: "i" } },
          },
        ],
      },
      { id: "openai:x", config: { a: 3 } },
    ],
    [
      "a wrapped id",
      {
        providers: [
          {
            id: "package:promptfoo-grpo:ExperienceProvider",
            label: "baseline",
            config: { provider: "echo" },
          },
        ],
      },
      { id: "echo", config: {} },
    ],
  ])("model: %s", async (_what, config, model) => {
    expect((await two(config)).columns[0]?.model).toMatchObject(model);
  });

  it("a wrapper without label is found by what it wraps", async () => {
    const wrapped = { more: { provider: { id: "experience:none:openai:x" } } };
    const inner = { id: "openai:x", config: { a: 4 } };
    const config = {
      providers: ["echo", { id: "package:promptfoo-grpo:ExperienceProvider", config: { provider: inner } }],
    };
    const file = await read({ rows: rows(["a"], [0], 1, wrapped), config });
    expect(file.columns[0]?.model).toEqual(inner);
  });

  it("the wrapper's id is not the agent's", async () => {
    const wrapped = { provider: { id: "experience:integro/common@3:openai:chat:gpt-5", label: "enhanced" } };
    expect((await read({ rows: [row({ more: wrapped })] })).columns[0]).toMatchObject({
      agent: "openai:chat:gpt-5",
      provider: "enhanced",
    });
  });

  it.each<[string, readonly string[], Record<string, unknown>, string[]]>([
    ["providers", ["baseline", "enhanced"], {}, ["baseline", "enhanced"]],
    ["prompts", ["m", "m"], { more: { provider: { id: "m" } } }, ["m x Say {{q}} #1", "m x Say {{q}} #2"]],
  ])("are named by %s", async (_what, labels, more, names) => {
    const file = await read({ rows: rows(["a"], [0, 1], 1, more), labels });
    expect(file.columns.map((one) => one.name)).toEqual(names);
  });
});

const json = fc.jsonValue({ maxDepth: 3 });

it("rows are split off whatever stands around them and however the file arrives", () => {
  const object = fc.dictionary(fc.string(), json);
  const split = (text: string, size: number) => {
    const found: unknown[] = [];
    const splitter = new JsonRows((one) => found.push(JSON.parse(one)), 1e6);
    const bytes = Buffer.from(text);
    for (let i = 0; i < bytes.length; i += size) splitter.push(bytes.subarray(i, i + size));
    return { found, rest: JSON.parse(splitter.end()) as unknown };
  };
  fc.assert(
    fc.property(
      fc.array(object),
      json,
      json,
      fc.integer({ min: 1, max: 40 }),
      fc.constantFrom(0, 2),
      (list, a, b, size, indent) => {
        const nested = {
          a,
          results: { b, results: list, c: { results: [1] } },
          d: { results: [2] },
          "}": '"]',
        };
        const bare = { a, results: list, b };
        expect(split(JSON.stringify(nested, null, indent), size)).toEqual({
          found: JSON.parse(JSON.stringify(list)),
          rest: JSON.parse(JSON.stringify({ ...nested, results: { ...nested.results, results: [] } })),
        });
        expect(split(JSON.stringify(bare, null, indent), size)).toEqual({
          found: JSON.parse(JSON.stringify(list)),
          rest: JSON.parse(JSON.stringify({ ...bare, results: [] })),
        });
      },
    ),
    { numRuns: 200 },
  );
});

it("a row beyond the limit is refused before it fills the memory", () => {
  const splitter = new JsonRows(() => {}, 1000);
  splitter.push(Buffer.from('{"results":[{"a":1},{"b":"'));
  expect(() => splitter.push(Buffer.alloc(2000, "x"))).toThrow(expect.objectContaining({ row: 2 }));
});
