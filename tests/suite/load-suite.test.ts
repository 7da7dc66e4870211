import { statSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GrpoError } from "../../src/library/index.ts";
import type { SettingsInput } from "../../src/suite/settings.ts";
import { loadSuite, type Suite, type SuiteExample } from "../../src/suite/suite.ts";
import { type Workspace, workspace } from "../support/workspace.ts";

const environment = { ...process.env };
beforeEach(() => {
  process.env["OPENAI_API_KEY"] = "none";
});
afterEach(() => {
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
});

/** Loads `promptfooconfig.yaml` of the workspace and proves on the way that the file is left alone and no model is called. */
async function load(
  space: Workspace,
  flags: Partial<SettingsInput> = {},
  file = "promptfooconfig.yaml",
): Promise<Suite> {
  const path = `${space.folder}/${file}`;
  const before = { files: space.snapshot(), mtime: statSync(path).mtimeMs };
  try {
    return await loadSuite(path, flags);
  } finally {
    expect({ files: space.snapshot(), mtime: statSync(path).mtimeMs }).toEqual(before);
    expect(space.calls()).toEqual([]);
  }
}

async function failure(action: Promise<unknown>): Promise<string> {
  const error = await action.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (error instanceof GrpoError) return error.describe();
  throw error ?? new Error("no error");
}

const all = ({ examples }: Suite): SuiteExample[] => [
  ...examples.train,
  ...examples.validation,
  ...examples.test,
];
const vars = (suite: Suite): unknown[] =>
  all(suite)
    .map((one) => one.test.vars)
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

const MODEL = 'providers: ["file://model.mjs"]';
const PROMPT = 'prompts: ["Answer {{q}}"]';
const TESTS = `tests:
  - { vars: { q: a }, metadata: { split: train }, assert: [{ type: contains, value: a }] }
  - { vars: { q: b }, metadata: { split: validation }, assert: [{ type: contains, value: b }] }`;
const config = (...parts: string[]): Workspace =>
  workspace({ "promptfooconfig.yaml": `${parts.join("\n")}\n` });

describe("prompts", () => {
  const CHAT = '[{"role":"user","content":"{{q}}"}]';
  const YAML = "- role: user\n  content: '{{q}}'\n";
  it.each<[string, string, Record<string, string>, string | RegExp]>([
    ["a string", 'prompts: ["Answer {{q}}"]', {}, "Answer {{q}}"],
    ["one string", "prompts: Answer {{q}}", {}, "Answer {{q}}"],
    ["no prompts", "", {}, "{{prompt}}"],
    ["a JSON chat file", "prompts: [file://chat.json]", { "chat.json": CHAT }, CHAT],
    ["a YAML chat file", "prompts: [file://chat.yaml]", { "chat.yaml": YAML }, /user.*\{\{q\}\}/s],
    [
      "an inline YAML chat",
      `prompts:\n  - |-\n    - role: user\n      content: '{{q}}'`,
      {},
      "- role: user\n  content: '{{q}}'",
    ],
    ["a text file", "prompts: file://text.txt", { "text.txt": "Answer {{q}}\n" }, "Answer {{q}}"],
    ["an object with text", 'prompts: [{ raw: "Answer {{q}}", label: p }]', {}, "Answer {{q}}"],
    [
      "an object with a file as its id",
      "prompts: [{ id: file://chat.json, label: p }]",
      { "chat.json": CHAT },
      CHAT,
    ],
    [
      "an object with a file as its text",
      "prompts: [{ raw: file://chat.json, label: p }]",
      { "chat.json": CHAT },
      CHAT,
    ],
  ])("%s", async (_name, prompts, files, raw) => {
    const space = config(prompts, MODEL, TESTS);
    for (const [path, text] of Object.entries(files)) space.write(path, text);
    const suite = await load(space);
    if (typeof raw === "string") expect(suite.prompt.raw).toBe(raw);
    else expect(suite.prompt.raw).toMatch(raw);
    if (prompts.includes("label: p")) expect(suite.prompt.label).toBe("p");
    expect(suite.examples).toMatchObject({
      train: [{ test: { vars: { q: "a" } } }],
      validation: [{ test: { vars: { q: "b" } } }],
      test: [],
    });
  });

  it.each([
    ["mjs", "export default ({ vars }) => 'say ' + vars.q;"],
    ["cjs", "module.exports = ({ vars }) => 'say ' + vars.q;"],
  ])("a function in a .%s file stays a function", async (ending, source) => {
    const space = config(`prompts: [file://prompt.${ending}]`, MODEL, TESTS);
    space.write(`prompt.${ending}`, source);
    const { prompt } = await load(space);
    expect(await prompt.function?.({ vars: { q: "a" }, provider: { id: () => "echo" } } as never)).toBe(
      "say a",
    );
  });

  it("a prompt's own config is kept", async () => {
    const { prompt } = await load(
      config("prompts: [{ raw: 'Answer {{q}}', label: p, config: { temperature: 1.5 } }]", MODEL, TESTS),
    );
    expect(prompt.config).toEqual({ temperature: 1.5 });
  });

  it("several are a choice, by label or by a part of the text", async () => {
    const two = "prompts: [{ raw: 'One {{q}}', label: first }, 'Two {{q}}']";
    expect(await failure(load(config(two, MODEL, TESTS)))).toMatch(
      /^AMBIGUOUS_CHOICE metadata\.grpo\.prompt: .*"first", "Two \{\{q\}\}"\. .*--prompt/,
    );
    expect((await load(config(two, MODEL, TESTS), { prompt: "first" })).prompt.raw).toBe("One {{q}}");
    expect((await load(config(two, MODEL, TESTS), { prompt: "Two" })).prompt.raw).toBe("Two {{q}}");
    expect(await failure(load(config(two, MODEL, TESTS), { prompt: "third" }))).toMatch(
      /^NO_SUCH_CHOICE metadata\.grpo\.prompt: .*"first"/,
    );
  });

  it("a file that is missing is named", async () => {
    expect(await failure(load(config("prompts: [file://gone.json]", MODEL, TESTS)))).toMatch(
      /^PROMPT_UNREADABLE prompts: file:\/\/gone\.json: .*gone\.json/,
    );
  });

  it("one that cannot be rendered is found before anything is paid for", async () => {
    const message = await failure(load(config("prompts: ['Answer {{q | nothing}}']", MODEL, TESTS)));
    expect(message).toMatch(/^TESTS_UNREADABLE tests\[0\] \{"q":"a"\}: .*filter not found: nothing/);
    expect(message).not.toContain("\n");
  });

  it("a provider's own prompts leave the others out of the choice", async () => {
    const space = config(
      "prompts: [{ raw: 'One {{q}}', label: first }, { raw: 'Two {{q}}', label: second }]",
      "providers: [{ id: file://model.mjs, prompts: [second] }]",
      TESTS,
    );
    expect((await load(space)).prompt.label).toBe("second");
  });
});

describe("providers", () => {
  const id = (suite: Suite) => [suite.agent.id(), suite.agent.label || undefined];
  it.each<[string, string, unknown[]]>([
    ["an id", "providers: [echo]", ["echo", undefined]],
    ["one id", "providers: echo", ["echo", undefined]],
    ["targets", "targets: [{ id: echo, label: the target }]", ["echo", "the target"]],
    ["options with a label", "providers: [{ id: echo, label: mine }]", ["echo", "mine"]],
    [
      "a map from the id",
      "providers: [{ 'openai:chat:gpt-4o-mini': { label: mine } }]",
      ["openai:chat:gpt-4o-mini", "mine"],
    ],
    [
      "a JavaScript file",
      "providers: [{ id: file://model.mjs, label: mine, config: { id: own } }]",
      ["own", "mine"],
    ],
    ["a file of options", "providers: [file://provider.yaml]", ["echo", "from the file"]],
    [
      "a package",
      "providers: [{ id: 'package:promptfoo-grpo:ExperienceProvider', label: mine, config: { provider: echo } }]",
      ["experience:none:echo", "mine"],
    ],
  ])("%s", async (_name, providers, expected) => {
    const space = config(PROMPT, providers, TESTS);
    space.write("provider.yaml", "id: echo\nlabel: from the file\n");
    expect(id(await load(space))).toEqual(expected);
  });

  it("several are a choice, by label or id", async () => {
    const two =
      "providers: [{ id: echo, label: first }, { id: file://model.mjs, label: second }, { id: echo, label: first b }]";
    expect(await failure(load(config(PROMPT, two, TESTS)))).toMatch(
      /^AMBIGUOUS_CHOICE metadata\.grpo\.provider: .*"first", "second", "first b"\. .*--provider/,
    );
    expect((await load(config(PROMPT, two, TESTS), { provider: "first" })).agent.label).toBe("first");
    expect(
      (await load(config(PROMPT, two, TESTS, "metadata: { grpo: { provider: second } }"))).agent.label,
    ).toBe("second");
    expect(await failure(load(config(PROMPT, two, TESTS), { provider: "third" }))).toMatch(
      /^NO_SUCH_CHOICE metadata\.grpo\.provider: /,
    );
  });

  it.each<[string, string, RegExp]>([
    ["no provider", "", /^CONFIG_NO_PROVIDER providers: /],
    ["an unknown one", "providers: [opnai:gpt-5]", /^PROVIDER_UNKNOWN providers: .*opnai:gpt-5/],
    ["a missing file", "providers: [file://gone.mjs]", /^PROVIDER_UNKNOWN providers: .*gone\.mjs/],
    [
      "a missing package",
      "providers: ['package:nothing-here:Thing']",
      /^PROVIDER_UNKNOWN providers: .*nothing-here/,
    ],
  ])("%s is one clear error", async (_name, providers, expected) => {
    const message = await failure(load(config(PROMPT, providers, TESTS)));
    expect(message).toMatch(expected);
    expect(message).not.toContain("\n");
  });

  it("environment variables in its config come from the environment, the config's env and the .env file beside it", async () => {
    const space = config(
      PROMPT,
      "providers: [{ id: file://model.mjs, config: { a: '{{env.GRPO_TEST_A}}', b: '{{ env.GRPO_TEST_B }}', c: '{{env.GRPO_TEST_C}}', d: '{{other}}' } }]",
      "env: { GRPO_TEST_B: from config }",
      TESTS,
    );
    space.write(".env", "GRPO_TEST_A=from file\nGRPO_TEST_C=not this\n");
    process.env["GRPO_TEST_C"] = "from shell";
    expect((await load(space)).agent.config).toMatchObject({
      a: "from file",
      b: "from config",
      c: "from shell",
      d: "{{other}}",
    });
  });
});

describe("tests", () => {
  const ROWS = [
    { vars: { q: "a" }, metadata: { split: "train" }, assert: [{ type: "contains", value: "a" }] },
    { vars: { q: "b" }, metadata: { split: "validation" }, assert: [{ type: "contains", value: "b" }] },
  ];
  const CSV = "q,__expected,__metadata:split\na,contains:a,train\nb,contains:b,validation\n";
  it.each<[string, string, Record<string, unknown>]>([
    ["inline", TESTS, {}],
    ["a YAML file", "tests: file://tests.yaml", { "tests.yaml": JSON.stringify(ROWS) }],
    [
      "a list of files",
      "tests: [file://one.yaml, file://two.yaml]",
      { "one.yaml": [ROWS[0]], "two.yaml": [ROWS[1]] },
    ],
    ["a glob", "tests: file://cases/*.yaml", { "cases/one.yaml": [ROWS[0]], "cases/two.yaml": [ROWS[1]] }],
    ["a JSON file", "tests: file://tests.json", { "tests.json": ROWS }],
    [
      "a JSONL file",
      "tests: file://tests.jsonl",
      { "tests.jsonl": ROWS.map((row) => JSON.stringify(row)).join("\n") },
    ],
    ["a CSV file", "tests: file://tests.csv", { "tests.csv": CSV }],
    [
      "a generator",
      "tests: file://tests.mjs",
      { "tests.mjs": `export default () => ${JSON.stringify(ROWS)};` },
    ],
    [
      "a generator with a config",
      "tests: [{ path: file://tests.mjs, config: { rows: 2 } }]",
      { "tests.mjs": `export default async ({ rows }) => ${JSON.stringify(ROWS)}.slice(0, rows);` },
    ],
    [
      "a named generator",
      "tests: file://tests.mjs:make",
      { "tests.mjs": `export const make = () => ${JSON.stringify(ROWS)};` },
    ],
    [
      "a reference",
      `definitions: { a: ${JSON.stringify(ROWS[0])} }\ntests: [{ $ref: '#/definitions/a' }, ${JSON.stringify(ROWS[1])}]`,
      {},
    ],
    [
      "scenarios",
      `scenarios:\n  - config: [{ vars: { q: a }, metadata: { split: train } }, { vars: { q: b }, metadata: { split: validation } }]\n    tests: [{ assert: [{ type: contains, value: '{{q}}' }] }]`,
      {},
    ],
    [
      "a file of scenarios",
      "scenarios: [file://scenarios.yaml]",
      {
        "scenarios.yaml": [
          { config: ROWS.map(({ assert: _assert, ...row }) => row), tests: [{ assert: ROWS[0]?.assert }] },
        ],
      },
    ],
  ])("%s", async (_name, tests, files) => {
    const space = config(PROMPT, MODEL, tests);
    for (const [path, content] of Object.entries(files)) space.write(path, content);
    const { examples } = await load(space);
    expect(examples.train.map((one) => one.test.vars)).toEqual([{ q: "a" }]);
    expect(examples.validation.map((one) => one.test.vars)).toEqual([{ q: "b" }]);
    for (const one of [...examples.train, ...examples.validation])
      expect(one.test.assert).toMatchObject([{ type: "contains" }]);
  });

  it.each<[string, string]>([
    [
      "inline",
      "defaultTest: { assert: [{ type: contains, value: x, metric: m }], metadata: { persona: paul }, options: { prefix: 'P ' }, vars: { extra: 1 } }",
    ],
    ["from a file", "defaultTest: file://default.yaml"],
  ])("defaultTest %s is part of every test", async (_name, defaults) => {
    const space = config(PROMPT, MODEL, defaults, TESTS);
    space.write("default.yaml", {
      assert: [{ type: "contains", value: "x", metric: "m" }],
      metadata: { persona: "paul" },
      options: { prefix: "P " },
      vars: { extra: 1 },
    });
    const [example] = (await load(space)).examples.train;
    expect(example).toMatchObject({
      persona: "paul",
      test: {
        vars: { q: "a", extra: 1 },
        options: { prefix: "P " },
        assert: [{ metric: "m" }, { value: "a" }],
      },
    });
  });

  it("a list in a variable is one example a value", async () => {
    const suite = await load(
      config(
        PROMPT,
        MODEL,
        "tests: [{ vars: { q: [a, b, c, d], r: [x, y] }, metadata: { id: t }, assert: [{ type: contains, value: a }] }]",
      ),
    );
    expect(vars(suite)).toEqual(["a", "b", "c", "d"].flatMap((q) => ["x", "y"].map((r) => ({ q, r }))));
    expect(new Set(all(suite).map((one) => one.id)).size).toBe(8);
  });

  it("a test's own repeat is the run's business", async () => {
    const suite = await load(
      config(PROMPT, MODEL, TESTS.replace("vars: { q: a }", "vars: { q: a }, options: { repeat: 3 }")),
    );
    expect(vars(suite)).toEqual([{ q: "a" }, { q: "b" }]);
  });

  it("tests for another provider or prompt are left out", async () => {
    const space = config(
      "prompts: [{ raw: 'One {{q}}', label: first }, { raw: 'Two {{q}}', label: second }]",
      "providers: [{ id: echo, label: one }, { id: echo, label: two }]",
      `tests:
  - { vars: { q: a }, metadata: { split: train }, assert: [{ type: contains, value: a }], providers: [one] }
  - { vars: { q: b }, metadata: { split: train }, assert: [{ type: contains, value: a }], providers: [two] }
  - { vars: { q: c }, metadata: { split: train }, assert: [{ type: contains, value: a }], prompts: [second] }
  - { vars: { q: d }, metadata: { split: validation }, assert: [{ type: contains, value: a }] }`,
    );
    expect(vars(await load(space, { provider: "one", prompt: "first" }))).toEqual([{ q: "a" }, { q: "d" }]);
  });

  it("secrets in variables stay what they are: only promptfoo's rows black them out", async () => {
    const secret = "vars: { q: a, password: hunter2, key: sk-proj-abcdefghijklmnopqrstuvwxyz123456 }";
    const [example] = (await load(config(PROMPT, MODEL, TESTS.replace("vars: { q: a }", secret)))).examples
      .train;
    expect(example?.test.vars).toEqual({
      q: "a",
      password: "hunter2",
      key: "sk-proj-abcdefghijklmnopqrstuvwxyz123456",
    });
  });

  it("assert-sets, transforms and prefixes arrive as they were written", async () => {
    const set =
      "{ type: assert-set, threshold: 0.5, metric: set, assert: [{ type: contains, value: a, weight: 2 }, { type: javascript, value: 'output.length < 9' }] }";
    const space = config(
      PROMPT,
      MODEL,
      `tests: [{ vars: { q: a }, metadata: { split: train }, options: { prefix: 'P ', transform: output.trim() }, assert: [${set}] }, { vars: { q: b }, metadata: { split: validation } }]`,
    );
    const [example] = (await load(space)).examples.train;
    expect(example?.test).toMatchObject({
      options: { prefix: "P ", transform: "output.trim()" },
      assert: [{ type: "assert-set", threshold: 0.5, assert: [{ weight: 2 }, { type: "javascript" }] }],
    });
  });

  it.each<[string, string, RegExp]>([
    [
      "one with its own provider",
      TESTS.replace("vars: { q: a }", "vars: { q: a }, provider: file://model.mjs"),
      /^TEST_NOT_FOR_AGENT tests\[0\]: .*its own provider/,
    ],
    [
      "one with its own output",
      TESTS.replace("vars: { q: b }", "vars: { q: b }, providerOutput: given"),
      /^TEST_NOT_FOR_AGENT tests\[1\]: .*its own providerOutput/,
    ],
    [
      "a default with its own provider",
      `defaultTest: { provider: file://model.mjs }\n${TESTS}`,
      /^TEST_NOT_FOR_AGENT defaultTest: /,
    ],
    ["none", "tests: []", /^NO_TESTS .*promptfooconfig\.yaml: /],
    [
      "none with an assertion",
      "tests: [{ vars: { q: a } }, { vars: { q: b } }]",
      /^NO_ASSERTIONS .*promptfooconfig\.yaml: .*Add `assert:`/,
    ],
    [
      "too few for a split",
      "tests: [{ vars: { q: a }, metadata: { split: train }, assert: [{ type: contains, value: a }] }]",
      /^EMPTY_SPLIT .*metadata\.grpo\.split: The validation split is empty/,
    ],
    [
      "all sealed",
      "tests: [{ vars: { q: a }, metadata: { split: test }, assert: [{ type: contains, value: a }] }]",
      /^EMPTY_SPLIT .*The train split is empty/,
    ],
    [
      "an id twice",
      TESTS.replaceAll("split:", "id: same, split:"),
      /^TEST_ID_DUPLICATE tests\[1\]: .*"same"/,
    ],
    [
      "an unknown split",
      TESTS.replace("split: train", "split: trian"),
      /^TEST_METADATA_INVALID tests\[0\]: .*split/,
    ],
    ["a missing file", "tests: file://gone.yaml", /^NO_TESTS .*a file that does not exist/],
    [
      "a missing file in a variable",
      "tests: [{ vars: { q: file://gone.txt }, assert: [{ type: contains, value: a }] }]",
      /^TESTS_UNREADABLE tests: .*gone\.txt/,
    ],
    [
      "a missing file of scenarios",
      "scenarios: file://gone.yaml",
      /^TESTS_UNREADABLE scenarios: file:\/\/gone\.yaml: /,
    ],
    ["a missing generator", "tests: file://gone.mjs", /^TESTS_UNREADABLE tests: .*gone\.mjs/],
    ["a generator that throws", "tests: file://broken.mjs", /^TESTS_UNREADABLE tests: .*no data today/],
    [
      "an assertion without a type",
      "tests: [{ vars: { q: a }, assert: [{ value: a }] }]",
      /^TESTS_UNREADABLE tests: |^TEST_INVALID /,
    ],
  ])("%s is one clear error", async (_name, tests, expected) => {
    const space = config(PROMPT, MODEL, tests);
    space.write("broken.mjs", "export default () => { throw new Error('no data today'); };");
    expect(await failure(load(space))).toMatch(expected);
  });
});

describe("the config file", () => {
  it.each([
    [
      "promptfooconfig.json",
      JSON.stringify({
        prompts: ["Answer {{q}}"],
        providers: ["file://model.mjs"],
        tests: [
          { vars: { q: "a" }, metadata: { split: "train" }, assert: [{ type: "contains", value: "a" }] },
          { vars: { q: "b" }, metadata: { split: "validation" } },
        ],
      }),
    ],
    ["promptfooconfig.mjs", script("export default")],
    ["promptfooconfig.cjs", script("module.exports =")],
    ["promptfooconfig.ts", script("interface Unused { a: string }\nexport default")],
  ])("%s", async (file, text) => {
    const suite = await load(workspace({ [file]: text }), {}, file);
    expect(suite.examples.train.map((one) => one.test.vars)).toEqual([{ q: "a" }]);
    if (file.endsWith("json")) return;
    const [assertion] = suite.examples.train[0]?.test.assert ?? [];
    expect((assertion as { value: (output: string) => boolean }).value("an a")).toBe(true);
  });

  it("is found in the folder when none is named", async () => {
    const space = config(PROMPT, MODEL, TESTS);
    process.chdir(space.folder);
    expect((await loadSuite(undefined, {})).path).toBe(`${space.folder}/promptfooconfig.yaml`);
  });

  it.each<[string, string, RegExp]>([
    ["malformed YAML", "prompts: [a\nproviders: {", /^CONFIG_MALFORMED .*promptfooconfig\.yaml:\d+: /],
    ["not a mapping", "- just\n- a list\n", /^CONFIG_MALFORMED .*promptfooconfig\.yaml: /],
    [
      "a reference to nothing",
      `${PROMPT}\n${MODEL}\ntests: [{ $ref: '#/nowhere' }]`,
      /^CONFIG_MALFORMED .*nowhere/,
    ],
  ])("%s is one clear error", async (_name, text, expected) => {
    const message = await failure(load(workspace({ "promptfooconfig.yaml": text })));
    expect(message).toMatch(expected);
    expect(message).not.toContain("\n");
  });

  it("one that is missing is named, with what to do", async () => {
    expect(await failure(loadSuite("/nowhere/promptfooconfig.yaml", {}))).toMatch(
      /^CONFIG_NOT_FOUND \/nowhere\/promptfooconfig\.yaml: .*-c/,
    );
    process.chdir(workspace().folder);
    expect(await failure(loadSuite(undefined, {}))).toMatch(
      /^CONFIG_NOT_FOUND .*grpo-workspace.*: There is no promptfooconfig here/,
    );
  });
});

describe("settings", () => {
  it("stand under metadata.grpo, and flags win", async () => {
    const space = config(
      PROMPT,
      MODEL,
      TESTS,
      "metadata: { team: x, grpo: { agent: integro, groupSize: 7, epochs: 2, split: { test: 0 } } }",
    );
    const { settings } = await load(space, { groupSize: 3, seed: undefined });
    expect(settings).toMatchObject({
      agent: "integro",
      groupSize: 3,
      epochs: 2,
      seed: 1,
      split: { validation: 0.25, test: 0 },
    });
  });

  it.each<[string, RegExp]>([
    ["{ groupsize: 3 }", /^SETTINGS_INVALID .*promptfooconfig\.yaml metadata\.grpo: .*groupsize/],
    ["{ groupSize: many }", /^SETTINGS_INVALID .*metadata\.grpo\.groupSize: .*number/],
    ["{ split: { validation: 2 } }", /^SETTINGS_INVALID .*metadata\.grpo\.split\.validation: /],
    ["{ agent: '../x' }", /^SETTINGS_INVALID .*metadata\.grpo\.agent: .*lower-case/],
    ["{ learner: { model: m, basUrl: x } }", /^SETTINGS_INVALID .*metadata\.grpo\.learner/],
    ["wrong", /^SETTINGS_INVALID .*metadata\.grpo: /],
  ])("%s is refused with its path", async (grpo, expected) => {
    expect(await failure(load(config(PROMPT, MODEL, TESTS, `metadata: { grpo: ${grpo} }`)))).toMatch(
      expected,
    );
  });
});

function script(head: string): string {
  return `${head} {
  prompts: ["Answer {{q}}"],
  providers: ["file://model.mjs"],
  tests: [
    { vars: { q: "a" }, metadata: { split: "train" }, assert: [{ type: "javascript", value: (output) => output.includes("a") }] },
    { vars: { q: "b" }, metadata: { split: "validation" } },
  ],
};\n`;
}
