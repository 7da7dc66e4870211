import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { loadPrompts } from "../../src/optimizer/prompt-file.ts";
import { grpoErrorOf } from "../support/refusals.ts";

function promptFile(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "grpo-prompt-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "own.yaml");
  writeFileSync(path, text);
  return path;
}

const SUMMARY = "system: Be {{reward}}\nuser: '{{query}} {{reply}} {{criteria}}'\n";

describe("the learner's own prompts", () => {
  it("all load, and fill what they are given", async () => {
    const prompts = await loadPrompts();
    const values = { query: "Q!", reply: "R!", reward: "0.50", criteria: "C!" };
    const messages = prompts.summary(values);
    expect(messages.map((one) => one.role)).toEqual(["system", "user"]);
    for (const value of Object.values(values))
      expect(messages.map((one) => one.content).join("\n")).toContain(value);
  });

  it("hold no placeholder once filled, and end with the question after the shots", async () => {
    const prompts = await loadPrompts();
    const names = ["criterion", "scope", "reasons", "failed", "passed", "current", "maxWords"];
    const messages = prompts.contrast(Object.fromEntries(names.map((name) => [name, `<${name}>`])));
    expect(messages.map((one) => one.content).join("")).not.toMatch(/\{\{/);
    expect(messages.at(-1)).toMatchObject({ role: "user", content: expect.stringContaining("<failed>") });
    expect(messages.filter((one) => one.role === "assistant").length).toBeGreaterThan(0);
  });
});

describe("a prompt file of the user", () => {
  it("takes the place of ours; the others stay", async () => {
    const own = await loadPrompts({ summary: promptFile(SUMMARY) });
    expect(own.summary({ query: "q", reply: "r", reward: "1", criteria: "c" })).toEqual([
      { role: "system", content: "Be 1" },
      { role: "user", content: "q r c" },
    ]);
    expect(own.principles).toBeTypeOf("function");
  });

  it("what is filled in is data: placeholders in it stay as they are", async () => {
    const { summary } = await loadPrompts({ summary: promptFile(SUMMARY) });
    const [, user] = summary({
      query: "{{reward}} {{reply}}",
      reply: "$& $1 {{query}}",
      reward: "1",
      criteria: "{{criteria}}",
    });
    expect(user?.content).toBe("{{reward}} {{reply}} $& $1 {{query}} {{criteria}}");
  });

  it.each([
    [
      "an unknown placeholder",
      `${SUMMARY}shots: []\n`.replace("{{query}}", "{{query}} {{answer}}"),
      "PROMPT_FILE_INVALID",
      /\{\{answer\}\}.*query, reply, reward, criteria/,
    ],
    [
      "a missing placeholder",
      SUMMARY.replace("{{criteria}}", ""),
      "PROMPT_FILE_INVALID",
      /does not use \{\{criteria\}\}/,
    ],
    ["no user part", "system: 'x'\n", "PROMPT_FILE_INVALID", /user/],
    ["a misspelt key", `${SUMMARY}shot: []\n`, "PROMPT_FILE_INVALID", /shot/],
    ["a list", "- a\n", "PROMPT_FILE_INVALID", /object/],
    ["no YAML", "system: [\n", "PROMPT_FILE_UNREADABLE", /cannot be read/],
  ])("with %s is refused, by its name", async (_what, text, code, message) => {
    const path = promptFile(text);
    const error = await grpoErrorOf(() => loadPrompts({ summary: path }));
    expect(error).toMatchObject({ code, place: path, exitCode: 3 });
    expect(error.message).toMatch(message);
  });

  it("that is not there is refused, by its name", async () => {
    expect(await grpoErrorOf(() => loadPrompts({ revision: "nowhere.yaml" }))).toMatchObject({
      code: "PROMPT_FILE_UNREADABLE",
      place: expect.stringContaining("nowhere.yaml"),
    });
  });
});
