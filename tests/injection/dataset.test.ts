import { describe, expect, it } from "vitest";
import { adaptTests } from "../../src/datasets/adapter.ts";
import { loadPersonaFolder } from "../../src/datasets/load.ts";
import { personaTests } from "../../src/datasets/persona-tests.ts";
import { readTestsFile } from "../../src/datasets/read-tests.ts";
import { GrpoError } from "../../src/library/index.ts";
import { commandLine } from "../support/command-line.ts";
import { workspace } from "../support/workspace.ts";
import { BOMB, canaries, DEEP, expectNoLeak, expectPlain, HUGE, PAYLOADS } from "./payloads.ts";

canaries();

const codeOf = async (work: () => Promise<unknown>): Promise<string> => {
  try {
    await work();
    return "";
  } catch (error) {
    if (error instanceof GrpoError) return error.code;
    throw error;
  }
};

const persona = (text: string) => ({
  persona: "ann",
  name: text.slice(0, 120),
  userTypes: ["general", "constructor"],
  background: text,
  voice: text,
  examples: [
    {
      id: "ann-01",
      query: text,
      turns: [{ role: "user", content: text }],
      good_response: text,
      bad_response: text,
      success_criteria: { constructor: true, "validates-emotion": true },
      note: text,
    },
  ],
});

describe("persona files", () => {
  it.each(PAYLOADS)("$name: is text that nothing renders, or refused", async ({ name, text }) => {
    const space = workspace({ "personas/ann.yaml": persona(text) });
    const folder = `${space.folder}/personas`;
    if (text.trim() === "")
      return expect(await codeOf(() => loadPersonaFolder(folder))).toBe("DATASET_INVALID");
    const [test] = await personaTests(folder);
    const query = test?.vars.query ?? "";
    expect(query.replaceAll("\u2060", ""), name).toBe(text);
    expect(query).not.toMatch(/\{\{|\{%|\{#|#\}|^file:|^package:/);
    expect(test?.vars.turns[0]?.content).toBe(query);
    expect(test?.metadata.good_response).toBe(text);
  });

  it.each(PAYLOADS)("$name: as an id, a user type, a criterion or a key is refused", async ({ text }) => {
    const whole = persona("Hello.");
    const [example] = whole.examples;
    const { "validates-emotion": _, ...criteria } = { "validates-emotion": true, [text]: true };
    for (const changed of [
      { ...whole, persona: text },
      { ...whole, userTypes: [text] },
      { ...whole, [text]: "x" },
      { ...whole, examples: [{ ...example, id: text }] },
      { ...whole, examples: [{ ...example, success_criteria: criteria }] },
    ]) {
      const space = workspace({ "personas/ann.yaml": changed });
      const code = await codeOf(() => loadPersonaFolder(`${space.folder}/personas`));
      // "constructor" is a word like any other, as a user type and as a criterion.
      const isWord = text === "constructor name" || text === "constructor";
      if (!isWord) expect(code).toBe("DATASET_INVALID");
      const { stdout } = await commandLine(["dataset", "check", "personas"], space.folder);
      expectPlain(stdout);
      expectNoLeak(stdout);
    }
  });

  it.each([
    ["a bomb", BOMB, "DATASET_INVALID"],
    ["deep JSON", DEEP, "DATASET_INVALID"],
    ["10 MB", JSON.stringify(persona(HUGE)), "DATASET_FILE_TOO_LARGE"],
    ["a merge key", "a: &a {x: 1}\n<<: *a\n", "DATASET_INVALID"],
    [
      "a prototype key",
      JSON.stringify(persona("Hi.")).replace("{", '{"__proto__":{"polluted":1},'),
      "DATASET_INVALID",
    ],
    ["a tag", 'persona: !!js/function "function(){}"\n', "DATASET_INVALID"],
  ])("%s is refused", async (_, text, code) => {
    const space = workspace({ "personas/ann.yaml": text });
    expect(await codeOf(() => loadPersonaFolder(`${space.folder}/personas`))).toBe(code);
    expectNoLeak("");
  });

  it.each([[[]], [["--json"]]])("dataset check %j prints them all and obeys none", async (flags) => {
    const personas = PAYLOADS.filter(({ text }) => text.trim() !== "").map(({ text }, index) => ({
      ...persona(text),
      persona: `p${index}`,
      userTypes: ["constructor", "general"],
      heldOut: index % 4 === 0,
      examples: persona(text).examples.map((one) => ({ ...one, id: `p${index}-01` })),
    }));
    const space = workspace(Object.fromEntries(personas.map((one) => [`personas/${one.persona}.yaml`, one])));
    const { stdout, stderr, code } = await commandLine(
      ["dataset", "check", "personas", ...flags],
      space.folder,
    );
    expect(code).toBe(3);
    expect(stdout).toContain("constructor");
    expect(stdout).not.toContain("NaN");
    expectPlain(stdout + stderr);
    expectNoLeak(stdout, stderr);
    if (flags.length > 0) expect(JSON.parse(stdout).counts.examples).toBe(personas.length);
  });
});

const test = (text: string) => ({
  description: text,
  vars: { q: text, [text]: text },
  metadata: { persona: text, userTypes: [text], note: text },
  assert: [{ type: "contains", value: text }],
});
const cell = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** The same test in each format of promptfoo's. */
const files = (text: string): Record<string, string> => ({
  "tests.json": JSON.stringify([test(text)]),
  "tests.jsonl": JSON.stringify(test(text)),
  "tests.yaml": JSON.stringify([test(text)]),
  "tests.csv": `q,__description,__expected,__metadata:persona,__metadata:note\n${[text, text, `equals:${text}`, text, text].map(cell).join(",")}\n`,
});

describe("files of tests", () => {
  it.each(PAYLOADS)("$name: is kept as it is in YAML, JSON, JSONL and CSV, or refused", async ({ text }) => {
    const space = workspace(files(text));
    for (const file of Object.keys(files(text))) {
      const { tests, errors } = await readTestsFile(`${space.folder}/${file}`);
      expect(tests.length + errors.length).toBe(1);
      expect(errors.every((error) => error.code === "TESTS_INVALID")).toBe(true);
      for (const one of tests) {
        // A file is UTF-8, which has no halves of a pair; JSON escapes them.
        const whole = file.endsWith(".csv") ? text.toWellFormed() : text;
        expect(one.test.vars?.["q"]).toBe(whole);
        expect(one.test.metadata?.["note"] ?? whole).toBe(whole);
      }
      const codes = await codeOf(async () => adaptTests(tests.map((one) => one.test)));
      expect(["", "TEST_METADATA_INVALID"]).toContain(codes);
      const { stdout, stderr } = await commandLine(["dataset", "check", file], space.folder);
      expectPlain(stdout + stderr);
      expectNoLeak(stdout, stderr);
    }
  });

  it.each(PAYLOADS)(
    "$name: as a whole file or a column's name is data, or an error with its line",
    async ({ text }) => {
      const space = workspace();
      for (const [file, content] of [
        ["a.json", text],
        ["a.jsonl", text],
        ["a.yaml", text],
        ["a.csv", text],
        ["b.csv", `q,${cell(text)}\nx,y\n`],
        ["c.csv", `q,${cell(`__metadata:${text}`)}\nx,y\n`],
        ["d.csv", `q,${cell(`__config:${text}`)}\nx,y\n`],
      ] as const) {
        const path = space.write(file, content);
        const { errors } = await readTestsFile(path);
        expect(errors.filter((error) => !error.place?.startsWith(`${path}:`))).toEqual([]);
        expect(errors.map((error) => error.describe()).join("")).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
      }
      expectNoLeak("");
    },
  );

  it.each([
    ["a bomb in YAML", "t.yaml", `- vars:\n${BOMB.replace(/^/gm, "    ")}`, /alias/i],
    ["deep JSON", "t.json", DEEP, /Malformed|deep/],
    ["a deep JSON line", "t.jsonl", `{"vars":{"q":${DEEP}}}`, /deep/],
    ["a deep YAML", "t.yaml", DEEP, /Malformed/],
    ["a prototype key", "t.jsonl", '{"vars":{"__proto__":{"polluted":1},"q":"x"}}', /__proto__/],
    ["a prototype key in YAML", "t.yaml", "- vars: {__proto__: {polluted: 1}, q: x}", /__proto__/],
    ["a prototype column", "t.csv", "q,__proto__\nx,y\n", /__proto__/],
    ["a prototype of metadata", "t.csv", "q,__metadata:__proto__[]\nx,y\n", /__proto__/],
  ])("%s is one error", async (_, name, content, message) => {
    const { tests, errors } = await readTestsFile(workspace().write(name, content));
    expect([tests.length, errors.map((error) => error.code)]).toEqual([0, ["TESTS_INVALID"]]);
    expect(errors[0]?.message).toMatch(message);
    expectNoLeak("");
  });

  it("10 MB is one test", async () => {
    const space = workspace({ "t.json": [{ ...test("x"), vars: { q: HUGE } }] });
    const { tests } = await readTestsFile(`${space.folder}/t.json`);
    expect(tests[0]?.test.vars?.["q"]).toBe(HUGE);
    const { stdout } = await commandLine(["dataset", "check", "t.json"], space.folder);
    expect(stdout).toContain("1 tests");
  });
});
