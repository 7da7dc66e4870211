import { expect, it } from "vitest";
import { commandLine } from "../support/command-line.ts";
import { workspace } from "../support/workspace.ts";

const test = (id: string, type: string, query: string) => ({
  vars: { query },
  metadata: { id, userTypes: [type], split: "test" },
  assert: [{ type: "contains", value: "x" }],
});

function project() {
  const space = workspace();
  space.write(
    "promptfooconfig.yaml",
    JSON.stringify({
      providers: ["echo"],
      prompts: ["{{query}}"],
      tests: [
        test("plain", "crisis", "i want to kill myself"),
        test("missed", "crisis", "the last tune of the night \u001b[31m"),
        test("alarm", "general", "everyone would be better off without me"),
        test("quiet", "general", "we went to the sea and it was a long week"),
      ],
    }),
  );
  return space;
}

it("routes check shows what detection finds, quotes every missed crisis, and fails under a threshold", async () => {
  const { folder } = project();
  const { code, stdout } = await commandLine(["routes", "check"], folder);
  expect(code).toBe(0);
  expect(stdout).toContain("right       0.50 [0.15, 0.85] of 4");
  expect(stdout).toMatch(
    /crises that were missed:\n {2}missed, as common: "the last tune of the night \\x1b\[31m"/,
  );
  expect(stdout).toMatch(/false alarms:\n {2}alarm, as crisis \(better off without you\)/);
  const under = await commandLine(["routes", "check", "--min-crisis-recall", "0.9"], folder);
  expect(under.code).toBe(1);
  expect(under.stdout).toContain("recall of crisis is 0.50, under 0.9");
  const json = JSON.parse((await commandLine(["routes", "check", "--json"], folder)).stdout);
  expect(json.missedCrises.map(({ id }: { id: string }) => id)).toEqual(["missed"]);
});

it("a split without examples is an error", async () => {
  const { code, stderr } = await commandLine(["routes", "check", "--split", "train"], project().folder);
  expect(code).toBe(3);
  expect(stderr).toContain("EMPTY_SPLIT");
});

it("a classifier decides what the rules leave open, is counted before and under the caps, and is not asked of a plain crisis", async () => {
  const space = project();
  space.write(
    "judge.mjs",
    `import { appendFileSync } from "node:fs";
export default class {
  id() { return "judge"; }
  async callApi(prompt) {
    appendFileSync("asked.log", "x");
    return { output: prompt.includes("last tune") ? "crisis" : "common", tokenUsage: { prompt: 10, completion: 1, total: 11 } };
  }
}`,
  );
  const check = (line: string) => commandLine(["routes", "check", ...line.split(" ")], space.folder);
  const planned = await check("--classifier file://judge.mjs --dry-run");
  expect(planned.stdout).toContain("calls       2 of file://judge.mjs");
  expect(Object.keys(space.snapshot())).not.toContain("asked.log");
  const { code, stdout } = await check("--classifier file://judge.mjs --display none");
  expect(code).toBe(0);
  expect(stdout).toContain("detection by rules, then file://judge.mjs");
  expect(stdout).toContain("right       0.75 [0.30, 0.95] of 4");
  expect(stdout).not.toContain("nothing was called");
  expect(space.read("asked.log")).toBe("xx");
  const capped = await check("--classifier file://judge.mjs --max-calls 1 --display none");
  expect(capped.code).toBe(4);
});
