import { spawn } from "node:child_process";
import { chmodSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type EvaluationReport, EvaluationReportSchema } from "../../src/evaluation/report.ts";
import { openLibraryStore } from "../../src/library/index.ts";
import { add, change } from "../library/helpers.ts";
import { commandLine } from "../support/command-line.ts";
import {
  asked,
  BAD,
  EMPTY,
  evaluatedFolder,
  GOOD,
  type ToyFolder,
  UNSAFE,
} from "../support/evaluated-folder.ts";
import { libraryText, REPOSITORY, type Workspace } from "../support/workspace.ts";

const command = (space: Workspace, line: string, env?: Record<string, string>) =>
  commandLine([...line.split(" "), "--display", "none"], space.folder, env);

/** The report of a command that prints nothing but its JSON. */
async function reportOf(space: Workspace, line: string): Promise<EvaluationReport & { code: number }> {
  const { code, stdout } = await command(space, `${line} --json`);
  return { ...EvaluationReportSchema.parse(JSON.parse(stdout)), code };
}

const store = (space: Workspace) =>
  openLibraryStore({ root: join(space.folder, "experiences"), agent: "x", route: "common" });

const ARM_FILES = {
  "good.md": libraryText("x", [GOOD]),
  "bad.md": libraryText("x", [BAD]),
  "unsafe.md": libraryText("x", [UNSAFE]),
};
const SMALL: ToyFolder = { tests: 2 };

describe("verdicts", () => {
  it.each<[string, string, ToyFolder, string, number]>([
    ["a library that helps", "", { library: [GOOD] }, "PROVEN", 0],
    ["one that harms", "", { library: [BAD] }, "WORSE", 1],
    ["one that changes nothing", "", { library: [EMPTY] }, "NOT PROVEN", 2],
    ["one that helps on eleven tests", "", { library: [GOOD], tests: 11 }, "NOT PROVEN", 2],
    ["one that helps, and breaks a must-pass criterion once", "", { library: [UNSAFE] }, "NOT PROVEN", 2],
    ["one that changes nothing, with --no-worse", " --no-worse", { library: [EMPTY] }, "NOT PROVEN", 0],
    ["one that harms, with a margin beyond all harm", " --no-worse 1", { library: [BAD] }, "WORSE", 1],
  ])("of %s", async (_what, flags, parts, word, code) => {
    const space = evaluatedFolder(parts);
    const ended = await command(space, `gate${flags}`);
    expect(ended).toMatchObject({ code, stderr: "" });
    expect(ended.stdout).toMatch(new RegExp(`^\n${word} `));
  });

  it("--no-worse takes what a wide interval does not rule out for a loss", async () => {
    // Half of the tests lose what the other half gains: the difference is 0, give or take a lot.
    const [one, other] = ["no", "yes"].map((word) => ({
      id: "file://agent.mjs",
      label: word,
      config: { only: word },
    }));
    const metadata = (index: number) => ({ word: index % 2 === 0 ? "no" : "yes" });
    const space = evaluatedFolder({
      metadata,
      config: { providers: [one, other] },
      files: {
        "agent.mjs": `export default class { constructor(o) { this.config = o.config; } id() { return "a" }
          async callApi(_, c) { return { output: c.test.metadata.word === this.config.only ? "thanks" : "no", cost: 0, tokenUsage: {} } } }`,
      },
    });
    const arms = "--arms provider=no,provider=yes";
    const lines = ["gate --no-worse", "gate --no-worse 0.9"];
    const reports = [];
    for (const line of lines) reports.push(await reportOf(space, `${line} ${arms}`));
    expect(reports.map(({ code, verdict, noWorse }) => [code, verdict, noWorse])).toEqual([
      [2, "not proven", { margin: 0.05, holds: false }],
      [0, "not proven", { margin: 0.9, holds: true }],
    ]);
  });

  it("eval ends with 0, whatever the verdict, and states it in the report", async () => {
    const space = evaluatedFolder({ library: [BAD] });
    expect(await reportOf(space, "eval")).toMatchObject({
      kind: "eval",
      code: 0,
      exitCode: 1,
      verdict: "worse",
    });
  });

  it("a row that failed is named, and stands in the way", async () => {
    const space = evaluatedFolder({ library: [GOOD], agent: { fails: "always.*test-07" } });
    const ended = await command(space, "gate --no-worse --repeats 2");
    expect(ended.code).toBe(2);
    expect(ended.stdout).toMatch(/^\nNOT PROVEN .*\n(.*\n)*? {2}1 planned row has no reward/);
    expect(ended.stdout).toContain("test-07 repeat 2, current: the agent failed: the model fell over");
    const { problems, arms, tests } = EvaluationReportSchema.parse(
      JSON.parse(space.read(".grpo/gate/report.json")),
    );
    expect(problems).toMatchObject([{ arm: "current", test: "test-07", repeat: 1, kind: "errored" }]);
    expect(arms.map((arm) => arm.rows)).toMatchObject([
      { planned: 24, graded: 24 },
      { planned: 24, graded: 23, errored: 1 },
    ]);
    expect(tests.find((one) => one.id === "test-07")?.arms[1]).toMatchObject({
      mean: 1,
      graded: 1,
      planned: 2,
    });
    // For `promptfoo view` nothing is asked again, not even what failed.
    expect(space.calls()).toHaveLength(48);
  });

  it("an agent that always fails has no mean, not 0", async () => {
    const { code, arms, tests } = await reportOf(
      evaluatedFolder({ ...SMALL, library: [GOOD], agent: { error: "no such model" } }),
      "gate",
    );
    expect(code).toBe(2);
    expect(arms.map(({ mean, meanAtK, rows }) => [mean, meanAtK, rows.errored])).toEqual([
      [null, null, 2],
      [null, null, 2],
    ]);
    expect(tests.map((one) => [one.difference, one.change])).toEqual(Array(2).fill([null, "ungraded"]));
  });

  it("tests of a persona are one unit with --cluster persona", async () => {
    const space = evaluatedFolder({ library: [GOOD] });
    const { comparison, code, tests } = await reportOf(space, "gate --cluster persona");
    expect([code, comparison.n, comparison.units, comparison.low]).toEqual([2, 12, 4, null]);
    expect(new Set(tests.map((one) => one.cluster)).size).toBe(4);
  });

  it("tests of one conversation are one unit by themselves", async () => {
    const metadata = (index: number) => ({ conversation: Math.floor(index / 2) });
    const space = evaluatedFolder({ library: [GOOD], metadata });
    expect((await reportOf(space, "gate")).comparison).toMatchObject({ n: 12, units: 6 });
  });
});

describe("arms", () => {
  it("are versions of the library", async () => {
    const space = evaluatedFolder(SMALL);
    const opened = store(space);
    await change(opened, add(BAD));
    await change(opened, add(GOOD));
    const { arms, sentence } = await reportOf(space, "eval --arms v1,v2");
    expect(
      arms.map(({ label, mean, library }) => [label, mean, library?.version, library?.experiences]),
    ).toEqual([
      ["v1", 0, 1, 1],
      ["v2", 1, 2, 2],
    ]);
    expect(sentence).toMatch(/^v2 is not shown to be better than v1: better on 2/);
    expect(arms[1].library?.hash).toBe((await opened.load()).hash);
  });

  it("are files", async () => {
    const space = evaluatedFolder({ ...SMALL, files: ARM_FILES });
    const { arms } = await reportOf(space, "eval --arms bad.md,good.md");
    expect(arms.map(({ label, mean, library }) => [label, mean, library?.words])).toEqual([
      ["bad.md", 0, 3],
      ["good.md", 1, 3],
    ]);
  });

  const two = [
    { id: "file://agent.mjs", label: "toy" },
    { id: "file://agent.mjs", label: "always", config: { always: true } },
  ];
  it("are providers, each with or without a library, from a config elsewhere", async () => {
    const space = evaluatedFolder({ ...SMALL, library: [BAD], config: { providers: two } });
    const above = join(space.folder, "..");
    const path = `${space.folder.slice(above.length + 1)}/promptfooconfig.json`;
    const { stdout } = await commandLine(
      ["eval", "-c", path, "--arms", "provider=toy+current,provider=always", "--json", "--display", "none"],
      above,
    );
    const { arms } = EvaluationReportSchema.parse(JSON.parse(stdout));
    expect(arms.map(({ agent, mean, library }) => [agent, mean, library?.version])).toEqual([
      ["toy", 0, 1],
      ["always", 1, undefined],
    ]);
  });

  it("are prompts, whose tests are rendered for each", async () => {
    const prompts = [
      { raw: "Answer {{q}}", label: "plain" },
      { raw: `${GOOD} Answer {{q}}`, label: "told" },
    ];
    const space = evaluatedFolder({ ...SMALL, settings: { testRepeats: 4 }, config: { prompts } });
    const { arms } = await reportOf(space, "eval --arms prompt=plain,prompt=told");
    expect(arms.map(({ prompt }) => prompt)).toEqual(["plain", "told"]);
    expect(arms.map(({ mean }) => mean)).toEqual([0.5, 1]);
    expect(asked(space).filter((one) => one.startsWith(GOOD))).toHaveLength(8);
  });

  it("share their seeds, and nothing is asked twice", async () => {
    const space = evaluatedFolder({ ...SMALL, library: [EMPTY] });
    const { tests } = await reportOf(space, "eval --repeats 4");
    expect(tests.map((one) => one.difference)).toEqual([0, 0]);
    const seeds = Map.groupBy(space.calls(), (one) => one.config["seed"]);
    expect([...seeds.values()].map((calls) => calls.length)).toEqual(Array(8).fill(2));
  });

  it("are asked once by an agent whose config changes with its first call", async () => {
    const space = evaluatedFolder({ ...SMALL, library: [GOOD], agent: { settles: true } });
    const { arms } = await reportOf(space, "eval --repeats 2");
    expect(space.calls()).toHaveLength(arms[0].rows.planned * 2);
  });

  it("that do not answer the same tests are refused before anything is asked", async () => {
    const space = evaluatedFolder({
      ...SMALL,
      library: [GOOD],
      config: {
        providers: ["one", "two"].map((label) => ({ id: "file://agent.mjs", label })),
        tests: ["one", "two"].map((only) => ({
          vars: { q: only },
          providers: [only],
          metadata: { split: "test" },
        })),
      },
    });
    const { code, stderr } = await command(space, "eval --arms provider=one,provider=two");
    expect({ code, calls: space.calls().length }).toEqual({ code: 3, calls: 0 });
    expect(stderr).toMatch(/^\nARMS_TESTS_DIFFER --arms: /);
  });

  it.each<[string, string, ToyFolder, RegExp]>([
    ["one arm", "--arms v1", {}, /^ARMS_INVALID --arms: "v1" does not name two arms\. .*--arms baseline,v3$/],
    ["three arms", "--arms v1,v2,v3", {}, /^ARMS_INVALID /],
    ["an empty arm", "--arms v1,", {}, /^ARMS_INVALID /],
    ["an arm against itself", "--arms v1,v1", {}, /^ARMS_INVALID .*with itself/],
    ["no arm", "--arms baseline,libary", {}, /^ARMS_INVALID .*"libary" is no arm/],
    ["version 0", "--arms baseline,v0", {}, /^ARMS_INVALID .*"v0"/],
    ["an unknown version", "--arms baseline,v7", { library: [GOOD] }, /^LIBRARY_VERSION_UNKNOWN .*version 7/],
    ["a file that is not there", "--arms baseline,gone.md", {}, /^LIBRARY_NOT_FOUND gone\.md: /],
    [
      "a file that is no library",
      "--arms baseline,no.md",
      { files: { "no.md": "hi" } },
      /^LIBRARY_\w+ no\.md/,
    ],
    ["an unknown provider", "--arms baseline,provider=gone", {}, /^NO_SUCH_CHOICE .*gone/],
    ["an unknown prompt", "--arms baseline,prompt=gone", {}, /^NO_SUCH_CHOICE .*gone/],
    [
      "two providers, none chosen",
      "--arms baseline,current",
      { config: { providers: two } },
      /^AMBIGUOUS_CHOICE /,
    ],
    ["no library", "", {}, /^LIBRARY_EMPTY experiences\/x\/common\.md: .*x\/common/],
    ["an empty library", "", { library: [] }, /^LIBRARY_EMPTY /],
    ["an empty split", "--split test", { tests: 0, library: [GOOD] }, /^EMPTY_SPLIT .*test split/],
    [
      "a history that cannot be read",
      "--arms baseline,good.md",
      { files: { ...ARM_FILES, "experiences/x/common.history.jsonl": "{not json\n{}\n" } },
      /^LIBRARY_HISTORY_INVALID .*common\.history\.jsonl:1/,
    ],
    ["--repeats 0", "--repeats 0", { library: [GOOD] }, /'--repeats <n>' argument '0' .*at least 1/],
    ["a margin above 1", "--no-worse 5", { library: [GOOD] }, /'--no-worse \[margin\]' .*from 0 to 1/],
    ["--allow without files", "--allow tests", { library: [GOOD] }, /^USAGE --allow: .*--results/],
  ])("refused before anything is asked or written: %s", async (_what, flags, parts, expected) => {
    const space = evaluatedFolder({ ...SMALL, ...parts });
    const before = space.snapshot();
    const ended = await command(space, `gate ${flags}`.trim());
    expect(ended).toMatchObject({ code: 3, stdout: "" });
    expect(ended.stderr.trim()).toMatch(expected);
    expect(ended.stderr.trim()).not.toContain("\n");
    expect(space.snapshot()).toEqual(before);
  });
});

it("--dry-run says what it would cost and show, and calls and writes nothing", async () => {
  const space = evaluatedFolder({ library: [GOOD] });
  const before = space.snapshot();
  const { code, stdout } = await command(space, "gate --dry-run --repeats 5");
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^config {6}.*\nagent {7}toy\ntests {7}12 x 5 repeats x 2 arms\ncalls {7}120 of the agent/,
  );
  expect(stdout).toMatch(/nothing was called\n$/);
  expect(space.snapshot()).toEqual(before);
});

describe("looks at the sealed test", () => {
  it("are in the history, and counted by the next", async () => {
    const space = evaluatedFolder({ ...SMALL, library: [GOOD] });
    const looks = [];
    for (const line of ["eval --split validation", "eval", "gate", "gate --split all"]) {
      looks.push((await reportOf(space, line)).looks);
    }
    expect(looks).toEqual([null, 0, 1, 2]);
    const { hash } = await store(space).load();
    expect(await store(space).looks()).toMatchObject([
      { by: "eval", hash, version: 1, tests: 2, verdict: "not proven" },
      { by: "gate", tests: 2 },
      { by: "gate", tests: 6 },
    ]);
  });

  it("of a baseline name no library", async () => {
    const space = evaluatedFolder({ ...SMALL, files: ARM_FILES });
    await reportOf(space, "eval --arms good.md,baseline");
    expect(await store(space).looks()).toMatchObject([{ hash: null, version: 0 }]);
  });

  const ROOT = process.getuid?.() === 0;
  it.skipIf(ROOT)("that must not be written are a note, and the verdict stands", async () => {
    const space = evaluatedFolder({ ...SMALL, library: [GOOD] });
    chmodSync(join(space.folder, "experiences/x"), 0o555);
    onTestFinished(() => chmodSync(join(space.folder, "experiences/x"), 0o755));
    await expectNoted(space);
  });

  it("that cannot be written are a note, and the verdict stands", async () => {
    const space = evaluatedFolder({ ...SMALL, library: [GOOD] });
    // Nobody, root included, can write through a link into a folder that is not there.
    symlinkSync(join(space.folder, "gone/history"), join(space.folder, "experiences/x/common.history.jsonl"));
    await expectNoted(space);
  });

  async function expectNoted(space: Workspace): Promise<void> {
    const { code, stdout, stderr } = await commandLine(["gate", "--display", "plain"], space.folder);
    expect(code).toBe(2);
    expect(stdout).toMatch(/^\nNOT PROVEN /);
    expect(stderr).toMatch(/this look at the sealed test is not in the history: /);
  }
});

describe("reports", () => {
  it("say what the library costs in each call: measured, and priced where the price is known", async () => {
    const space = evaluatedFolder({
      ...SMALL,
      library: [GOOD],
      settings: { prices: { "counting-agent": { input: 2, output: 8 } } },
      files: {
        "agent.mjs": `export default class { id() { return "counting-agent" }
          async callApi(prompt) {
            const tokenUsage = { prompt: prompt.length, completion: 5, completionDetails: { cacheReadInputTokens: 4 } };
            return { output: "thanks", tokenUsage } } }`,
      },
    });
    const { stdout } = await command(space, "gate --output out");
    const { arms } = EvaluationReportSchema.parse(JSON.parse(space.read("out/report.json")));
    const [before, after] = arms;
    const tokens = (after.usage.promptTokens - before.usage.promptTokens) / 2;
    expect([before.library, after.library?.perCall]).toEqual([
      null,
      { tokens, measured: true, usdPer1000: expect.closeTo((tokens * 2) / 1000, 9) },
    ]);
    expect(tokens).toBeGreaterThan(GOOD.length);
    expect(after.usage.cachedTokens).toBe(8);
    const said = `${tokens} tokens a call, $${((tokens * 2) / 1000).toFixed(4)} a 1,000 calls)`;
    for (const text of [stdout, space.read("out/report.html")]) {
      expect(text).toContain(`, ${said}`);
      expect(text).toContain("tokens in (8 from the provider");
    }
    expect(space.read("out/summary.md").replaceAll("\\", "")).toContain(said);
  });

  it("estimate it where the other arm has a library too", async () => {
    const space = evaluatedFolder({ ...SMALL, files: ARM_FILES });
    const { arms } = await reportOf(space, "eval --arms good.md,bad.md");
    for (const arm of arms) expect(arm.library?.perCall).toMatchObject({ measured: false, usdPer1000: null });
  });

  it("are written where --output says, in all forms", async () => {
    const space = evaluatedFolder({ ...SMALL, library: [GOOD] });
    const { stdout } = await command(space, "gate --output out/gate");
    expect(stdout).not.toContain("::");
    for (const name of ["report.json", "summary.md", "report.html", "gate.junit.xml"]) {
      expect(stdout).toContain(`\n  out/gate/${name}\n`);
    }
    const report = EvaluationReportSchema.parse(JSON.parse(space.read("out/gate/report.json")));
    expect(report).toMatchObject({ kind: "gate", config: "promptfooconfig.json", split: "test", repeats: 1 });
    expect(report.arms[1].usage).toEqual({
      calls: 2,
      promptTokens: 20,
      cachedTokens: 0,
      completionTokens: 10,
      costUsd: 0.002,
      unpriced: 0,
    });
    expect(space.read("out/gate/summary.md")).toMatch(/^<!-- promptfoo-grpo/);
    expect(space.read("out/gate/report.html")).toMatch(/^<!doctype html>/i);
    expect(space.read("out/gate/gate.junit.xml")).toMatch(/^<\?xml .*<testsuites?/s);
  });

  it("cannot be written: the place is named, and the verdict is not lost silently", async () => {
    const space = evaluatedFolder({ ...SMALL, library: [GOOD], files: { out: "a file" } });
    const { code, stderr, stdout } = await command(space, "gate --output out");
    expect(code).toBe(3);
    expect(stdout).toMatch(/^\n(NOT )?PROVEN/);
    expect(stderr).toMatch(/^\nREPORT_NOT_WRITABLE out\/report\.json: /);
  });

  it("--json prints JSON and nothing else, in CI too", async () => {
    const space = evaluatedFolder({ ...SMALL, library: [BAD] });
    const { stdout } = await command(space, "eval --json", { GITHUB_ACTIONS: "true" });
    expect(JSON.parse(stdout)).toEqual(JSON.parse(space.read(".grpo/eval/report.json")));
  });

  it("annotate a GitHub run and add to its summary by themselves", async () => {
    const space = evaluatedFolder({ library: [BAD], files: { "step.md": "before\n" } });
    const summary = join(space.folder, "step.md");
    const { stdout } = await command(space, "gate", { GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: summary });
    const annotations = stdout.split("\n").filter((line) => line.startsWith("::error "));
    const { tests } = EvaluationReportSchema.parse(JSON.parse(space.read(".grpo/gate/report.json")));
    const worse = tests.filter((one) => one.change === "worse");
    expect(stdout).not.toContain("::notice");
    expect(annotations).toHaveLength(Math.min(10, worse.length));
    expect(annotations[0]).toContain(worse[0]?.id);
    expect(space.read("step.md")).toMatch(/^before\n(.*\n)*.*WORSE/);
  });
});

it.each<[string, string, ToyFolder, string, number]>([
  ["the cap is reached", "gate --max-cost 0.01", { agent: { cost: 0.004 } }, "BUDGET_REACHED", 4],
  ["the provider refuses", "gate", { agent: { error: "HTTP 401 invalid api key" } }, "PROVIDER_REFUSED", 6],
])("stops when %s, without a look or a report", async (_what, line, parts, error, code) => {
  const space = evaluatedFolder({ library: [GOOD], settings: { concurrency: 1 }, ...parts });
  const ended = await command(space, line);
  expect(ended).toMatchObject({ code, stdout: "" });
  expect(ended.stderr).toMatch(new RegExp(`^\n${error}[ :]`));
  expect(asked(space).length).toBeLessThan(6);
  expect(await store(space).looks()).toEqual([]);
  expect(Object.keys(space.snapshot()).filter((path) => path.startsWith(".grpo"))).toEqual([]);
});

it("needs no split but the one that it evaluates", async () => {
  const tests = ["a", "b"].map((q) => ({ vars: { q }, metadata: { split: "test" } }));
  const space = evaluatedFolder({ config: { tests }, files: ARM_FILES });
  expect((await reportOf(space, "gate --arms bad.md,good.md")).comparison).toMatchObject({ n: 2, better: 2 });
});

it("the program's exit code is the gate's, though nobody reads its output to the end", async () => {
  const space = evaluatedFolder({ library: [BAD] });
  const child = spawn(process.execPath, [join(REPOSITORY, "src/cli/main.ts"), "gate", "--display", "none"], {
    cwd: space.folder,
    env: { ...process.env, IS_TESTING: "true", GITHUB_ACTIONS: "", GITHUB_STEP_SUMMARY: "" },
  });
  child.stdout.destroy();
  let complaints = "";
  child.stderr.on("data", (text) => {
    complaints += String(text);
  });
  const code = await new Promise((resolve) => child.once("close", resolve));
  expect({ code, complaints }).toEqual({ code: 1, complaints: "" });
  expect(JSON.parse(space.read(".grpo/gate/report.json"))).toMatchObject({ verdict: "worse" });
});
