import { describe, expect, it } from "vitest";
import type { Conversation } from "../../src/datasets/conversation.ts";
import { OutcomesReportSchema } from "../../src/evaluation/outcomes-report.ts";
import { commandLine } from "../support/command-line.ts";
import { type Workspace, workspace } from "../support/workspace.ts";

interface Made {
  version?: number | null;
  score?: number | null;
  /** Missed crises. */
  missed?: boolean;
  hour?: number;
  agent?: string;
}

/** A conversation that a version served. */
function conversation(id: string, { version = 6, score = 0.5, missed, hour = 9, agent = "integro" }: Made) {
  const at = `2026-11-30T${String(hour).padStart(2, "0")}:00:00Z`;
  return {
    id,
    source: "production",
    ...(version === null ? {} : { library: { agent, route: "common", version } }),
    turns: [
      { role: "user", content: "i dunno", at },
      { role: "assistant", content: "What makes it hard?", at },
    ],
    ...(score === undefined ? {} : { score }),
    ...(missed === undefined
      ? {}
      : { criteria: [{ criterion: "recognises-crisis", by: "rule", pass: !missed, must: true }] }),
  };
}

type Logged = ReturnType<typeof conversation>;
const many = (name: string, count: number, of: (index: number) => Made): Logged[] =>
  Array.from({ length: count }, (_, index) => conversation(`${name}-${index}`, of(index)));
const BEFORE = many("a", 30, (index) => ({ version: 6, score: 0.3 + (index % 5) / 20 }));
const BETTER = many("b", 30, (index) => ({ version: 7, score: 0.6 + (index % 5) / 20 }));
const SAME = many("b", 30, (index) => ({ version: 7, score: 0.3 + (index % 5) / 20 }));

function folder(log: readonly Logged[], files: Record<string, string> = {}): Workspace {
  // A config that would end any command that read it.
  return workspace({
    "promptfooconfig.yaml": "providers: [file://gone.mjs",
    "log.jsonl": log.map((one) => `${JSON.stringify(one)}\n`).join(""),
    ...files,
  });
}

const compare = (space: Workspace, line = "gate --arms v6,v7") =>
  commandLine([...line.split(" "), "--log", "log.jsonl"], space.folder);

async function reportOf(space: Workspace, line = "gate --arms v6,v7") {
  const { code, stdout } = await commandLine(
    [...line.split(" "), "--log", "log.jsonl", "--json"],
    space.folder,
  );
  return { ...OutcomesReportSchema.parse(JSON.parse(stdout)), code };
}

describe("two versions in a production log", () => {
  it.each<[string, Logged[], string, number]>([
    ["the later does better", BETTER, "PROVEN", 0],
    ["the later does the same", SAME, "NOT PROVEN", 2],
    ["the later does worse", many("b", 30, () => ({ version: 7, score: 0.05 })), "WORSE", 1],
  ])("%s", async (_what, after, word, code) => {
    const space = folder([...BEFORE, ...after]);
    const ended = await compare(space);
    expect(ended).toMatchObject({ code, stderr: "" });
    expect(ended.stdout).toMatch(new RegExp(`^\n${word} `));
    expect(
      Object.keys(space.snapshot())
        .filter((path) => path.startsWith(".grpo"))
        .sort(),
    ).toEqual([".grpo/gate/outcomes.json", ".grpo/gate/outcomes.md"]);
    expect(space.calls()).toEqual([]);
  });

  it("eval says the same with exit code 0", async () => {
    const worse = many("b", 30, () => ({ version: 7, score: 0.05 }));
    const ended = await compare(folder([...BEFORE, ...worse]), "eval --arms v6,v7");
    expect(ended.code).toBe(0);
    expect(ended.stdout).toContain("WORSE");
  });

  it.each<[string, Logged[], RegExp]>([
    ["too few conversations", BETTER.slice(0, 11), /v7 has 11 conversations .*fewer than 12/],
    [
      "an ungraded one",
      [...BETTER, conversation("u", { version: 7, score: null })],
      /1 conversations have no outcome/,
    ],
    [
      "a must-pass criterion that fell",
      many("b", 30, (index) => ({ version: 7, score: 0.8, missed: index < 3 })),
      /recognises-crisis fell/,
    ],
    [
      "versions that followed one another",
      many("b", 30, () => ({ version: 7, score: 0.8, hour: 12 })),
      /one after the other/,
    ],
    [
      "an assignment that is not the one meant",
      many("b", 120, () => ({ version: 7, score: 0.8 })),
      /50 % and 50 % were meant/,
    ],
  ])("is not proven with %s", async (_what, after, why) => {
    const before = many("a", 30, (index) => ({ version: 6, score: 0.3 + (index % 5) / 20, missed: false }));
    const { verdict, because, code } = await reportOf(folder([...before, ...after]));
    expect({ verdict, code }).toEqual({ verdict: "not proven", code: 2 });
    expect(because.join("\n")).toMatch(why);
  });

  it("takes shares that were meant for even ones", async () => {
    const after = many("b", 270, () => ({ version: 7, score: 0.8 }));
    const { verdict } = await reportOf(folder([...BEFORE, ...after]), "gate --arms v6,v7 --shares 0.1,0.9");
    expect(verdict).toBe("proven");
  });

  it("--no-worse passes what is no worse", async () => {
    const { code, noWorse } = await reportOf(
      folder([...BEFORE, ...SAME]),
      "gate --arms v6,v7 --no-worse 0.1",
    );
    expect({ code, noWorse }).toEqual({ code: 0, noWorse: { margin: 0.1, holds: true } });
  });

  it("counts what it leaves out, and keeps to one library", async () => {
    const others = [
      conversation("none", { version: null }),
      conversation("old", { version: 2 }),
      conversation("other", { version: 7, agent: "support" }),
    ];
    const { leftOut, arms } = await reportOf(
      folder([...BEFORE, ...BETTER, ...others]),
      "gate --arms v6,v7 --agent integro",
    );
    expect(leftOut).toEqual({ noLibrary: 1, otherLibrary: 1, otherVersion: 1 });
    expect(arms.map(({ conversations }) => conversations)).toEqual([30, 30]);
  });

  it("scores by the rubric's rules, or by people's labels, where asked to", async () => {
    const space = folder([...BEFORE, ...BETTER].map((one) => ({ ...one, score: null })));
    const rules = await reportOf(space, "eval --arms v6,v7 --outcome rules");
    expect(rules.arms[0].graded).toBe(30);
    expect(rules.criteria.map(({ name }) => name)).toContain("asks-open-question");
    const without = await compare(space, "eval --arms v6,v7 --outcome labels");
    expect(without).toMatchObject({ code: 3 });
    expect(without.stderr).toContain("--labels");
  });
});

describe("what cannot be compared is an error that says why", () => {
  it.each([
    ["a library that is no version", "gate --arms baseline,current", /"current" is none/],
    ["a flag of live evaluations", "gate --arms v6,v7 --max-calls 5", /--max-calls says nothing of logged/],
    ["shares that are none", "gate --arms v6,v7 --shares 1", /two positive numbers/],
  ])("%s", async (_what, line, why) => {
    const ended = await compare(folder([...BEFORE, ...BETTER]), line);
    expect(ended.code).toBe(3);
    expect(ended.stderr).toMatch(why);
  });

  it("a log that holds a conversation twice", async () => {
    const space = folder(BEFORE, { "again.jsonl": `${JSON.stringify(BEFORE[0])}\n` });
    const ended = await commandLine(
      ["eval", "--arms", "v6,v7", "--log", "log.jsonl", "again.jsonl"],
      space.folder,
    );
    expect(ended.code).toBe(3);
    expect(ended.stderr).toContain('"a-0" is in the logs twice');
  });

  it("--shares without a log", async () => {
    const ended = await commandLine(["eval", "--shares", "1,2"], folder(BEFORE).folder);
    expect(ended.stderr).toContain("--shares is about logged conversations");
  });
});

it("text of a log is printed and not obeyed", async () => {
  const bad = conversation("b-\u202e<img src=x>", { version: 7, score: 0.1, missed: true }) as Conversation;
  const space = folder([...BEFORE, ...BETTER, bad as unknown as Logged]);
  const { stdout } = await compare(space);
  expect(stdout).not.toContain("\u202e");
  expect(space.read(".grpo/gate/outcomes.md")).not.toMatch(/^[^`]*<img/m);
});
