import { describe, expect, it } from "vitest";
import type { Settled } from "../../src/suite/rollouts.ts";
import { isScored, scoringKey } from "../../src/suite/scored-group.ts";
import { loadSuite } from "../../src/suite/suite.ts";
import { rollout } from "../support/rollout-makers.ts";
import { type Workspace, workspace } from "../support/workspace.ts";

const PURE =
  "import { w } from './words.mjs';\nimport { basename } from 'node:path';\nexport default (output) => output.includes(w);";
const config = (assertion: string, more = "", prompts = "['Answer {{q}}']"): string => `prompts: ${prompts}
providers: [{ id: file://model.mjs, label: m }]
tests:
  - { vars: { q: a }, metadata: { id: one, split: train }, assert: [${assertion}] }
  - { vars: { q: b }, metadata: { id: two, split: validation }, assert: [${assertion}] }
${more}`;
const SCRIPT = "{ type: javascript, value: 'file://grade.mjs' }";
const project = (assertion = SCRIPT, files: Record<string, string> = {}): Workspace =>
  workspace({
    "promptfooconfig.yaml": config(assertion),
    "grade.mjs": PURE,
    "words.mjs": "export const w = 'a';",
    ...files,
  });

const SAMPLING: Settled = { injection: undefined, repeats: 2, draw: "train" };

async function keyOf(
  space: Workspace,
  sampling: Partial<Settled> = {},
  id = "one",
): Promise<string | undefined> {
  const suite = await loadSuite(`${space.folder}/promptfooconfig.yaml`, {});
  const example = Object.values(suite.examples)
    .flat()
    .find((one) => one.id === id);
  if (example === undefined) throw new Error(`no example ${id}`);
  return scoringKey(suite, example, { ...SAMPLING, ...sampling });
}

describe("the key of a scored group", () => {
  it("is the same for the same project read again, and another for whatever decides its score", async () => {
    const space = project();
    const key = await keyOf(space);
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    expect(await keyOf(space)).toBe(key);
    const library = { block: "[1] Be kind.", version: 1, hash: "h" };
    const keys = [
      key,
      await keyOf(space, {}, "two"),
      await keyOf(space, { draw: "other" }),
      await keyOf(space, { repeats: 3 }),
      await keyOf(space, { temperature: 0.5 }),
      await keyOf(space, { injection: library }),
      await keyOf(space, { injection: { ...library, block: "[1] Be brief." } }),
      await keyOf(space, { injection: [library, { ...library, block: "" }] }),
    ];
    for (const [path, text] of [
      ["words.mjs", "export const w = 'b';"],
      ["grade.mjs", `${PURE}\n// otherwise`],
      ["promptfooconfig.yaml", config(SCRIPT, "", "['Reply {{q}}']")],
      ["promptfooconfig.yaml", config(`${SCRIPT}, { type: contains, value: a }`)],
      ["promptfooconfig.yaml", config(SCRIPT, "env: { TONE: kind }")],
    ] as const) {
      space.write(path, text);
      keys.push(await keyOf(space));
    }
    expect(keys).not.toContain(undefined);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it.each([
    "{ type: contains, value: a }",
    "{ type: javascript, value: 'output.length > 2' }",
    "{ type: javascript, value: 'package:promptfoo-grpo:rubric' }",
    "{ type: llm-rubric, value: kind, provider: file://model.mjs }",
  ])("is there for %s", async (assertion) => {
    expect(await keyOf(project(assertion))).toBeDefined();
  });

  it.each<[string, string, Record<string, string>]>([
    ["a file that is not there", "{ type: contains, value: 'file://gone.txt' }", {}],
    [
      "a script that reads files",
      SCRIPT,
      { "grade.mjs": "import { readFileSync } from 'node:fs'; export default () => true;" },
    ],
    [
      "a script that imports a package",
      SCRIPT,
      { "grade.mjs": "import { load } from 'js-yaml'; export default () => true;" },
    ],
    [
      "a script whose import reads the clock",
      SCRIPT,
      { "words.mjs": "export const w = String(Date.now());" },
    ],
    [
      "a script that computes what it imports",
      SCRIPT,
      { "grade.mjs": "export default async (o) => (await import(o)).default;" },
    ],
    [
      "a script that requires",
      SCRIPT,
      { "grade.mjs": "const fs = require('fs'); export default () => true;" },
    ],
    [
      "a script that uses the network",
      SCRIPT,
      { "grade.mjs": "export default async () => (await fetch('http://x')).ok;" },
    ],
    ["chance", "{ type: javascript, value: 'Math.random() > 0.5' }", {}],
    [
      "a grader that promptfoo picks",
      "{ type: assert-set, assert: [{ type: llm-rubric, value: kind }] }",
      {},
    ],
    ["graders by kind", "{ type: similar, value: kind, provider: { embedding: file://model.mjs } }", {}],
    ["Python", "{ type: python, value: 'True' }", {}],
    ["the opposite of a web hook", "{ type: not-webhook, value: 'http://x' }", {}],
    ["somebody's package", "{ type: javascript, value: 'package:other:grade' }", {}],
    ["a template that reads the environment", `{ type: contains, value: 'x {{ env["HOME"] }}' }`, {}],
  ])("is not there for %s", async (_what, assertion, files) => {
    expect(await keyOf(project(assertion, files))).toBeUndefined();
  });

  it("is not there under filters of the user's", async () => {
    const space = project("{ type: contains, value: a }", { "filter.mjs": "export default (x) => x;" });
    space.write(
      "promptfooconfig.yaml",
      config("{ type: contains, value: a }", "nunjucksFilters: { loud: ./filter.mjs }"),
    );
    expect(await keyOf(space)).toBeUndefined();
  });
});

it("a group with an ungraded rollout is not kept", () => {
  expect(isScored([rollout(0.5), rollout(1)])).toBe(true);
  expect(isScored([rollout(0.5), rollout(null)])).toBe(false);
  expect(isScored([])).toBe(false);
});
