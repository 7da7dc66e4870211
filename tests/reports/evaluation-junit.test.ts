import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { evaluationJunit } from "../../src/reports/evaluation-junit.ts";
import {
  evaluationReport,
  HOSTILE,
  hostileReport,
  largeReport,
  outcome,
  problem,
} from "../support/report-makers.ts";

interface Tag {
  name: string;
  attributes: Record<string, string>;
}

interface Node extends Tag {
  children: Node[];
  text: string;
}

interface Parser {
  on(event: "opentag", handler: (tag: Tag) => void): void;
  on(event: "closetag", handler: () => void): void;
  on(event: "text", handler: (text: string) => void): void;
  on(event: "error", handler: (error: Error) => void): void;
  write(text: string): { close(): void };
}

// The strict parser that promptfoo brings along; it is not ours to depend on by name.
const ofPromptfoo = createRequire(createRequire(import.meta.url).resolve("promptfoo"));
const { SaxesParser } = ofPromptfoo("saxes") as { SaxesParser: new () => Parser };

/** The document as a tree. @throws when it is not well-formed XML 1.0 */
function parse(xml: string): Node {
  const root: Node = { name: "", attributes: {}, children: [], text: "" };
  const open = [root];
  const parser = new SaxesParser();
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", ({ name, attributes }) => {
    const node: Node = { name, attributes, children: [], text: "" };
    open.at(-1)?.children.push(node);
    open.push(node);
  });
  parser.on("closetag", () => {
    open.pop();
  });
  parser.on("text", (text) => {
    const node = open.at(-1);
    if (node !== undefined) node.text += text;
  });
  parser.write(xml).close();
  return root;
}

function suiteOf(xml: string): { suite: Node; cases: Node[]; of(name: string): Node } {
  const suite = parse(xml).children[0]?.children[0];
  if (suite === undefined) throw new Error("no test suite");
  const cases = suite.children.filter((one) => one.name === "testcase");
  const of = (name: string): Node => {
    const found = cases.find((one) => one.attributes["name"] === name);
    if (found === undefined) throw new Error(`no test case ${name}`);
    return found;
  };
  return { suite, cases, of };
}

it("is a suite with the verdict first and a case a test", () => {
  const { suite, cases } = suiteOf(evaluationJunit(evaluationReport()));
  expect(cases.map((one) => one.attributes["name"]).slice(0, 3)).toEqual([
    "verdict",
    "crisis-07",
    "boundary-02",
  ]);
  expect(suite.attributes).toEqual({
    name: "promptfoo-grpo gate",
    tests: "13",
    failures: "2",
    errors: "0",
    skipped: "0",
    time: "187.000",
    timestamp: "2026-11-22T19:02:10",
  });
  const properties = suite.children[0]?.children.map(({ attributes }) => [
    attributes["name"],
    attributes["value"],
  ]);
  expect(properties).toEqual([
    ["verdict", "proven"],
    ["exitCode", "0"],
    ["difference", "+0.08 (95 % +0.02 to +0.14)"],
    ["set", "12 tests x 5 repeats, test split, seed 1"],
    ["before", "baseline"],
    ["after", "v7"],
  ]);
});

it.each([
  ["proven", 0, 0],
  ["not proven", 0, 0],
  ["worse", 1, 1],
  ["not proven", 2, 1],
] as const)("the verdict %s with exit code %i has %i failures", (verdict, exitCode, failures) => {
  const { of } = suiteOf(evaluationJunit(evaluationReport({ verdict, exitCode, because: ["one reason"] })));
  const children = of("verdict").children;
  expect(children).toHaveLength(failures);
  for (const one of children) {
    expect(one.name).toBe("failure");
    expect(one.attributes["message"]).toMatch(new RegExp(`^${verdict.toUpperCase()}: v7 is`));
    expect(one.text).toContain("one reason");
  }
});

describe("a test", () => {
  it("that got worse is a failure with both replies and the reasons", () => {
    const [failure] = suiteOf(evaluationJunit(evaluationReport())).of("crisis-07").children;
    expect(failure?.name).toBe("failure");
    expect(failure?.attributes).toEqual({ message: "5/5 -> 3/5  -0.40", type: "worse" });
    expect(failure?.text).toBe(
      "baseline: the reply before\nv7: the reply after\nasks-open-question: asks nothing (3)",
    );
  });

  it("with rows that have no reward is an error that names them", () => {
    const problems = [
      problem("even-01"),
      problem("even-01", { kind: "missing", repeat: 4, reason: "no row" }),
    ];
    const { suite, of } = suiteOf(evaluationJunit(evaluationReport({ problems })));
    const [error] = of("even-01").children;
    expect(error?.name).toBe("error");
    expect(error?.attributes["message"]).toBe("2 rows without a reward: ungraded, missing");
    expect(error?.text).toBe(
      "v7, repeat 3: ungraded: the judge gave no answer\nv7, repeat 5: missing: no row",
    );
    expect(suite.attributes["errors"]).toBe("1");
  });

  it("that got worse and has such rows is one failure, which names them too", () => {
    const { of } = suiteOf(evaluationJunit(evaluationReport({ problems: [problem("crisis-07")] })));
    expect(of("crisis-07").children.map((one) => one.name)).toEqual(["failure"]);
    expect(of("crisis-07").children[0]?.text).toContain("v7, repeat 3: ungraded");
  });

  it("that could not be compared is an error even when no row says why", () => {
    const tests = [outcome("odd", [1, 1], { difference: null, change: "ungraded" })];
    expect(suiteOf(evaluationJunit(evaluationReport({ tests }))).of("odd").children[0]?.name).toBe("error");
  });

  it("that only a row names is a case of its own", () => {
    const { cases, of } = suiteOf(evaluationJunit(evaluationReport({ problems: [problem("stranger")] })));
    expect(of("stranger").children[0]?.name).toBe("error");
    expect(cases).toHaveLength(14);
  });
});

it("takes any text: markup, ]]>, controls, halves of characters, noncharacters", () => {
  const { cases } = suiteOf(evaluationJunit(hostileReport()));
  const name = cases[1]?.attributes["name"] ?? "";
  expect(name).toMatch(
    /^<img src=x onerror=alert\(1\)> <\/script>.*\{\{env\.X\}\} \\x1b\[2J.* ]]> @org\/team/,
  );
  expect(name).toContain("你好世界 🧑‍🚀 \\u{d800} \\u{ffff} & \"quoted\" 'single'");
  expect(HOSTILE).toContain("\uffff");
  expect(cases[1]?.children[0]?.text).toMatch(/\(\d+ more characters\)\n/);
});

it("holds 20,000 tests", () => {
  const { suite, cases } = suiteOf(evaluationJunit(largeReport(20_000)));
  expect(cases).toHaveLength(20_001);
  expect(suite.attributes["failures"]).toBe("2001");
});
