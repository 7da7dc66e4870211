import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { EvaluationReportSchema } from "../../src/evaluation/report.ts";
import { commandLine } from "../support/command-line.ts";
import { type FileParts, resultsOf, row, rows } from "../support/results-files.ts";
import { REPOSITORY, type Workspace, workspace } from "../support/workspace.ts";

const FIXTURES = join(REPOSITORY, "tests/fixtures/results");
const IDS = Array.from({ length: 12 }, (_, index) => `t${index}`);

/** A folder whose config would end any command that read it. */
function folder(files: Record<string, FileParts>): Workspace {
  const space = workspace({ "promptfooconfig.yaml": "providers: [file://gone.mjs" });
  for (const [name, parts] of Object.entries(files)) space.write(name, resultsOf(parts));
  return space;
}

const judge = (space: Workspace, line: string) =>
  commandLine(["gate", "--results", ...line.split(" ")], space.folder);

async function reportOf(space: Workspace, line: string) {
  const { code, stdout } = await judge(space, `${line} --json`);
  return { ...EvaluationReportSchema.parse(JSON.parse(stdout)), code };
}

/** One column of every test, two repeats. */
const column = (score: number, more: Partial<FileParts> = {}): FileParts => ({
  rows: rows(IDS, [0], 2, { score, metadata: { split: "test" } }),
  columns: 1,
  repeats: 2,
  labels: ["baseline"],
  ...more,
});
const both = (...scores: [number, number]): FileParts => ({
  rows: scores.flatMap((score, index) => rows(IDS, [index], 2, { score })),
  repeats: 2,
});

describe("two files, the first as baseline", () => {
  it.each<[string, [number, number], string, number]>([
    ["that got better", [0, 1], "PROVEN", 0],
    ["that got worse", [1, 0], "WORSE", 1],
    ["that stayed as they were", [1, 1], "NOT PROVEN", 2],
  ])("%s", async (_what, [before, after], word, code) => {
    const space = folder({ "a.json": column(before), "b.json": column(after) });
    const ended = await judge(space, "a.json b.json");
    expect(ended).toMatchObject({ code, stderr: "" });
    expect(ended.stdout).toMatch(new RegExp(`^\n${word} `));
    expect(space.calls()).toEqual([]);
    const report = EvaluationReportSchema.parse(JSON.parse(space.read(".grpo/gate/report.json")));
    expect(report).toMatchObject({ kind: "gate", config: null, split: "test", repeats: 2, looks: null });
    expect(Object.keys(space.snapshot()).filter((path) => path.startsWith(".grpo"))).toHaveLength(4);
  });

  it("--no-worse passes what stayed as it was", async () => {
    const space = folder({ "a.json": column(1), "b.json": column(1) });
    expect((await judge(space, "a.json b.json --no-worse")).code).toBe(0);
  });

  it("that differ are refused with what differs, until that is allowed, which the report then says", async () => {
    const other = { config: { providers: [{ id: "model", config: { temperature: 0 } }] } };
    const fewer = { rows: rows(IDS.slice(1), [0], 2, { metadata: { split: "test" } }), ...other };
    const space = folder({ "a.json": column(0), "b.json": column(1, fewer) });
    const before = space.snapshot();
    const { code, stdout, stderr } = await judge(space, "a.json b.json --allow models");
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toMatch(
      /^\nRESULTS_DIFFER .*tests: 1 test \(t0\) in a\.json only.*`--allow models,tests`/,
    );
    expect(stderr).not.toContain("models: model with");
    expect(space.snapshot()).toEqual(before);
    const allowed = await reportOf(space, "a.json b.json --allow tests,models");
    expect(allowed.because.join("\n")).toMatch(
      /accepted difference in tests: .*\n?.*accepted difference in models: model with other temperature/,
    );
    // Eleven tests are left, too few for proof.
    expect([allowed.code, allowed.comparison.n, allowed.problems]).toEqual([2, 11, []]);
  });
});

describe("what a library costs in each call", () => {
  const enhanced = (more: Partial<FileParts> = {}): FileParts => {
    const metadata = { repeatIndex: 0, libraryVersion: 3, libraryHash: "h" };
    const told = { prompt: 45, completion: 2, completionDetails: { cacheReadInputTokens: 10 } };
    const response = { metadata, tokenUsage: told };
    const tests = IDS.map((id) => row({ id, score: 1, metadata: { split: "test" }, response }));
    return column(1, { rows: tests, repeats: 1, ...more });
  };
  const baseline = column(0, { rows: rows(IDS, [0], 1, { metadata: { split: "test" } }), repeats: 1 });

  it("is measured between files that differ in nothing else", async () => {
    const report = await reportOf(folder({ "a.json": baseline, "b.json": enhanced() }), "a.json b.json");
    expect(report.arms[1].library).toMatchObject({
      version: 3,
      words: null,
      perCall: { tokens: 42, measured: true, usdPer1000: null },
    });
    expect(report.arms.map((arm) => arm.usage.cachedTokens)).toEqual([0, 120]);
  });

  it("is not known where models were allowed to differ", async () => {
    const other = { config: { providers: [{ id: "model", config: { temperature: 0 } }] } };
    const space = folder({ "a.json": baseline, "b.json": enhanced(other) });
    const report = await reportOf(space, "a.json b.json --allow models");
    expect(report.arms[1].library).toMatchObject({ version: 3, perCall: null });
  });
});

describe("one file", () => {
  it("of two columns needs no names", async () => {
    const report = await reportOf(folder({ "both.json": both(0, 1) }), "both.json");
    expect(report).toMatchObject({ code: 0, verdict: "proven", split: "all" });
    expect(report.arms.map((arm) => arm.label)).toEqual(["baseline", "enhanced"]);
  });

  it("takes them in the order of --arms; a label may hold a comma", async () => {
    const labels = ["agent, old", "agent, new"];
    const relabelled = {
      ...both(0, 1),
      labels,
      rows: both(0, 1).rows.map((one) => ({
        ...one,
        provider: { id: "model", label: labels[Number(one["promptIdx"])] },
      })),
    };
    const space = folder({ "both.json": relabelled });
    const arms = ["--arms", "agent, new,agent, old", "--json"];
    const { code, stdout } = await commandLine(["gate", "--results", "both.json", ...arms], space.folder);
    expect(code).toBe(1);
    expect(EvaluationReportSchema.parse(JSON.parse(stdout)).arms.map((arm) => arm.label)).toEqual(
      labels.toReversed(),
    );
  });

  it.each(["two-arms.json", "two-arms-v4.json", "two-arms-summary.json"])(
    "as promptfoo wrote it is judged: %s",
    async (name) => {
      const report = await reportOf(folder({}), `${join(FIXTURES, name)} --split all`);
      expect(report).toMatchObject({ code: 2, verdict: "not proven", split: "all" });
      expect(report.arms[1].rows.errored).toBeGreaterThan(0);
      expect(report.problems.length).toBeGreaterThan(0);
      expect(report.arms[1].library).toMatchObject({ experiences: null, words: null });
    },
  );

  it("against itself shows nothing", async () => {
    const file = join(FIXTURES, "echo.json");
    const report = await reportOf(folder({}), `${file} ${file} --split all`);
    expect(report).toMatchObject({ code: 2, comparison: { mean: 0 } });
  });
});

describe("what stands in the way of proof", () => {
  const good = both(0, 1);
  it.each<[string, FileParts, RegExp]>([
    ["a missing row", { ...good, rows: good.rows.slice(0, -1) }, /1 planned row has no reward/],
    [
      "an errored row",
      {
        ...good,
        rows: [
          ...good.rows.slice(0, -1),
          row({ id: "t11", column: 1, repeat: 1, response: { error: "HTTP 500" } }),
        ],
      },
      /1 planned row has no reward/,
    ],
    [
      "a score that is none",
      { ...good, rows: [...good.rows.slice(0, -1), row({ id: "t11", column: 1, repeat: 1, score: 7 })] },
      /1 planned row has no reward/,
    ],
    [
      "a row twice",
      { ...good, rows: [...good.rows, row({ id: "t11", column: 1, repeat: 1, score: 1 })] },
      /1 rows? (is|are) there twice/,
    ],
    ["tests that were never asked", { ...good, counted: 26, config: { tests: "file://t.csv" } }, /no reward/],
  ])("%s, even with --no-worse", async (_what, parts, reason) => {
    const report = await reportOf(folder({ "both.json": parts }), "both.json --no-worse 1");
    expect(report).toMatchObject({ code: 2, verdict: "not proven" });
    expect(report.because.join("\n")).toMatch(reason);
    expect(report.problems.length).toBeGreaterThan(0);
    expect(report.problems[0]?.test).not.toBe("");
  });

  it("JSON lines, which an interrupted evaluation leaves behind too; that is said once", async () => {
    const space = folder({});
    space.write("both.jsonl", good.rows.map((one) => JSON.stringify(one)).join("\n"));
    const report = await reportOf(space, "both.jsonl");
    expect(report.code).toBe(2);
    expect(report.because.filter((one) => one.includes("both.jsonl"))).toHaveLength(1);
  });
});

it("tests of one conversation or persona count as one", async () => {
  const tests = (key: string): FileParts => ({
    ...both(0, 1),
    rows: [0, 1].flatMap((score) =>
      IDS.map((id, at) => row({ id, column: score, score, metadata: { [key]: `c${at % 7}` } })),
    ),
    repeats: 1,
  });
  const talks = folder({ "both.json": tests("conversation") });
  expect((await reportOf(talks, "both.json")).comparison).toMatchObject({ n: 12, units: 7 });
  expect((await reportOf(talks, "both.json --cluster test")).comparison.units).toBe(12);
  const people = folder({ "both.json": tests("persona") });
  expect((await reportOf(people, "both.json --cluster persona")).comparison.units).toBe(7);
});

describe("refused, and nothing written", () => {
  it.each<[string, string, RegExp]>([
    ["no such file", "gone.json", /^RESULTS_UNREADABLE .*gone\.json: There is no such file/],
    ["three files", "a.json b.json a.json", /^RESULTS_ARMS .*not 3/],
    ["one column", "a.json", /^RESULTS_ARMS .*a\.json: It has one column alone/],
    ["an unknown column", "a.json b.json --arms baseline,other", /^RESULTS_ARMS .*b\.json: .*"other"/],
    ["another split", "a.json b.json --split train", /^RESULTS_SPLIT .*train/],
    ["a truncated file", "cut.json a.json", /^RESULTS_(TRUNCATED|MALFORMED) .*cut\.json/],
    ["no results", "no.json a.json", /^RESULTS_\w+ .*no\.json/],
    ["an unknown difference", "a.json b.json --allow everything", /'--allow <what>' .*tests, prompts/],
    ...[
      "-c x.yaml",
      "--repeats 5",
      "--dry-run",
      "--agent x",
      "--route x",
      "--experiences x",
      "--provider x",
      "--prompt x",
      "--judge x",
      "--max-cost 1",
      "--concurrency 4",
    ].map((flag): [string, string, RegExp] => [
      `${flag} beside files`,
      `a.json b.json ${flag}`,
      /^USAGE --[a-z-]+: --[a-z-]+ says nothing of finished results \(--results\)\. Leave it out/,
    ]),
  ])("%s", async (_what, line, expected) => {
    const space = folder({ "a.json": column(0), "b.json": column(1) });
    space.write("cut.json", JSON.stringify(resultsOf(column(0))).slice(0, -200));
    space.write("no.json", { hello: 1 });
    const before = space.snapshot();
    const { code, stdout, stderr } = await judge(space, line);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr.trim()).toMatch(expected);
    expect(space.snapshot()).toEqual(before);
  });
});
