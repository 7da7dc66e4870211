import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { trainCommand } from "../../src/cli/train.ts";
import { grpoErrorOf } from "../support/refusals.ts";
import { libraryText, type Workspace, workspace } from "../support/workspace.ts";

let printed = "";
beforeEach(() => {
  printed = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

const config = (
  settings = "",
  model = "{ reply: '{prompt} {repeat}' }",
  assertion = "{ type: contains, value: 'a 1' }",
): string => `
prompts: ["Answer {{q}}"]
providers: [{ id: file://model.mjs, label: m, config: ${model} }]
tests:
  - { vars: { q: a }, metadata: { id: one, split: train }, assert: [${assertion}] }
  - { vars: { q: b }, metadata: { id: two, split: validation }, assert: [${assertion}] }
metadata: { grpo: { agent: x, epochs: 1, groupSize: 2, minSupport: 1, ${settings} } }
`;

const train = (space: Workspace, flags = {}): Promise<number> =>
  trainCommand({ config: `${space.folder}/promptfooconfig.yaml`, display: "none", publish: false, flags });

/**
 * The error's paragraph; nothing was printed as a result, and nothing was written but the model's own log (and,
 * where the run had begun, what it paid for).
 */
async function refused(space: Workspace, journal = "(none)"): Promise<string> {
  const before = space.snapshot();
  const error = await grpoErrorOf(() => train(space));
  expect(error.exitCode).toBe(3);
  const after = Object.entries(space.snapshot()).filter(
    ([path]) => path !== "calls.jsonl" && !path.startsWith(journal),
  );
  expect(Object.fromEntries(after)).toEqual(before);
  expect(printed).toBe("");
  expect(error.describe()).not.toContain("\n");
  return error.describe();
}

describe("found before anything is paid for", () => {
  it.each<[string, string, Record<string, string>, RegExp]>([
    [
      "a malformed library",
      "",
      { "experiences/x/common.md": libraryText("x", ["One.", "Two."]).replace("- [E2] Two.", "- E2 Two.") },
      /^LIBRARY_\w+ .*common\.md:7: /,
    ],
    [
      "a library of another agent",
      "",
      { "experiences/x/common.md": libraryText("y", ["One."]) },
      /^LIBRARY_\w+ .*common\.md/,
    ],
    [
      "an experience twice",
      "",
      { "experiences/x/common.md": libraryText("x", ["One thing.", "one  thing"]) },
      /^LIBRARY_\w+ .*common\.md/,
    ],
    [
      "a broken history",
      "",
      {
        "experiences/x/common.md": libraryText("x", ["One."]),
        "experiences/x/common.history.jsonl": "{not json\n{}\n",
      },
      /^LIBRARY_\w+ .*common\.history\.jsonl:1: /,
    ],
    [
      "a file where the folder of libraries should be",
      "",
      { experiences: "a file" },
      /^LIBRARY_NOT_READABLE experiences\/x\/.*ENOTDIR/,
    ],
    ["a missing prompt file", "prompts: { contrast: gone.yaml }", {}, /^PROMPT_\w+ .*gone\.yaml: /],
    [
      "a prompt file without its placeholders",
      "prompts: { revision: p.yaml }",
      { "p.yaml": "system: hi\nuser: hi\n" },
      /^PROMPT_\w+ .*p\.yaml: .*placeholder/,
    ],
    ["an unknown learner", "learner: 'opnai:gpt-5'", {}, /^PROVIDER_UNKNOWN metadata\.grpo\.learner: /],
    ["a judge that is not there", "judge: file://gone.mjs", {}, /^PROVIDER_UNKNOWN .*gone\.mjs/],
  ])("%s", async (_name, settings, files, expected) => {
    const space = workspace({
      "promptfooconfig.yaml": config(settings).replace(
        "type: contains, value: 'a 1'",
        settings.startsWith("judge") ? "type: llm-rubric, value: kind" : "type: contains, value: 'a 1'",
      ),
      ...files,
    });
    expect(await refused(space)).toMatch(expected);
    expect(space.calls()).toEqual([]);
  });
});

// Not yet: openTraining does not call requireWithinLimits. Take `fails` away with the fix.
describe("a library over its caps", () => {
  const WORDS = Array.from({ length: 40 }, (_, index) => `word${index}`).join(" ");
  it.each<[string, string, string[], RegExp]>([
    [
      "too many experiences",
      "maxExperiences: 1",
      ["One.", "Two."],
      /^LIBRARY_OVER_CAP .*common\.md: .*2 experiences; at most 1 .*maxExperiences/,
    ],
    ["too long an experience", "", [WORDS], /^LIBRARY_OVER_CAP .*common\.md: .*E1 has 40 words; at most 32 /],
  ])("%s", async (_name, settings, texts, expected) => {
    const space = workspace({
      "promptfooconfig.yaml": config(settings),
      "experiences/x/common.md": libraryText("x", texts),
    });
    expect(await refused(space)).toMatch(expected);
    expect(space.calls()).toEqual([]);
  });
});

describe("found in the run", () => {
  it("an agent that always fails: all groups are ungraded", async () => {
    const space = workspace({ "promptfooconfig.yaml": config("", "{ error: no such model }") });
    expect(await refused(space, ".grpo/")).toMatch(
      /^ALL_UNGRADED providers, tests: .*the agent failed: no such model.*promptfoo eval/,
    );
  });

  it("a grader that always fails, too", async () => {
    const grader =
      "{ type: llm-rubric, value: kind, provider: { id: file://model.mjs, config: { error: no judge } } }";
    const space = workspace({ "promptfooconfig.yaml": config("", undefined, grader) });
    expect(await refused(space, ".grpo/")).toMatch(/^ALL_UNGRADED .*a grader failed: .*no judge/);
  });

  it("everything solved: nothing is informative", async () => {
    const space = workspace({
      "promptfooconfig.yaml": config("", undefined, "{ type: contains, value: Answer }"),
    });
    expect(await refused(space, ".grpo/")).toMatch(/^NOTHING_INFORMATIVE tests: .*harder tests/);
    expect(space.calls()).toHaveLength(2);
  });

  it.each([
    ["its price does not come as stated", "{ response: { cost: null } }", "PRICE_UNKNOWN", 3],
    ["the provider refuses", "{ error: 'HTTP 401 invalid api key' }", "PROVIDER_REFUSED", 6],
    ["the cap is reached", "{ response: { cost: 1.5 } }", "BUDGET_REACHED", 4],
  ])("stops when %s", async (_name, model, code, exitCode) => {
    const space = workspace({
      "promptfooconfig.yaml": config(
        "maxCostUsd: 1, concurrency: 1, prices: { 'file://model.mjs': reported }",
        model,
      ).replace("groupSize: 2", "groupSize: 8"),
    });
    const error = await grpoErrorOf(() => train(space));
    expect([error.code, error.exitCode]).toEqual([code, exitCode]);
    // At most the call whose turn had come already.
    expect(space.calls().length).toBeLessThanOrEqual(2);
  });
});

it("a dry run names the plan and asks nothing", async () => {
  const space = workspace({ "promptfooconfig.yaml": config() });
  const before = space.snapshot();
  expect(
    await trainCommand({
      config: `${space.folder}/promptfooconfig.yaml`,
      display: "none",
      dryRun: true,
      flags: { epochs: 2 },
    }),
  ).toBe(0);
  expect(printed).toMatch(
    /^config {6}.*\nagent {7}m, prompt "Answer \{\{q\}\}"\nlearner {5}.*\nexamples {4}1 training, 1 validation, 0 sealed test\nsupport {5}1 independent group for each experience\nrollouts {4}at most 4 training/,
  );
  expect(printed).toMatch(/nothing was called\n$/);
  expect(space.snapshot()).toEqual(before);
});
