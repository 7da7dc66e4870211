import { mkdirSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { checkDataset } from "../../src/datasets/check.ts";
import { type Conversation, conversationSchema } from "../../src/datasets/conversation.ts";
import { loadPersonaFolder } from "../../src/datasets/load.ts";
import { splitDataset } from "../../src/datasets/split.ts";
import { appendToList } from "../../src/datasets/yaml-append.ts";
import { commandLine } from "../support/command-line.ts";
import { workspace } from "../support/workspace.ts";
import { MIA } from "./fixtures.ts";

const LEO = MIA.replaceAll("mia", "leo")
  .replace("heldOut: false", "heldOut: true")
  .replace(
    "it was all very blue and i miss it",
    "the door in the forest never opened for me again after that",
  );

/** A flagged conversation: a question, a reply, and why it is bad. */
const bad = (
  id: string,
  query: string,
  over: Partial<Conversation> = {},
  reply = "You should journal.",
): Conversation =>
  conversationSchema.parse({
    id,
    source: "imported",
    persona: "mia",
    turns: [
      { role: "user", content: query },
      {
        role: "assistant",
        content: reply,
        criteria: [{ criterion: "avoids-advice", by: "rule", pass: false }],
      },
    ],
    flags: [{ turn: 1, why: "score", reason: "score 0.00: misses avoids-advice" }],
    ...over,
  });

const log = (...conversations: Conversation[]): string =>
  conversations.map((one) => `${JSON.stringify(one)}\n`).join("");

function personas(flagged: string) {
  const space = workspace({ "flagged.jsonl": flagged, "p/mia.yaml": MIA, "p/leo.yaml": LEO });
  const add = (...more: string[]) =>
    commandLine(["dataset", "add", "--from", "flagged.jsonl", "--dataset", "p", ...more], space.folder);
  return { space, add };
}

describe("dataset add, to persona files", () => {
  it("adds a bad turn once, with its origin, always to training, and touches nothing else", async () => {
    const { space, add } = personas(log(bad("c1", "call me at a@b.org, my dog hates the rain: # why?")));
    const done = await add();
    expect(done).toMatchObject({ code: 0, stderr: "" });
    const text = space.read("p/mia.yaml");
    expect(text.startsWith(MIA)).toBe(true);
    expect(space.read("p/leo.yaml")).toBe(LEO);
    const dataset = await loadPersonaFolder(join(space.folder, "p"));
    const row = dataset.examples.find(({ id }) => id.startsWith("mia-log-"));
    expect(row).toMatchObject({
      query: "call me at [email-1], my dog hates the rain: # why?",
      bad_response: "You should journal.",
      success_criteria: { "avoids-advice": true },
      provenance: "imported conversation c1, turn 1; score 0.00: misses avoids-advice",
    });
    for (const seed of [0, 1, 2, 3, 4, 5, 6, 7])
      expect(splitDataset(dataset, { seed, validationFraction: 0.9 }).get(row?.id ?? "")).toBe("train");
    const { findings } = await checkDataset(dataset);
    expect(findings.map(({ code }) => code)).toContain("NO_GOOD_RESPONSE");
    expect((await add()).stdout).toMatch(/^0 training examples added\n- c1#1: it is there already\n/);
    expect(space.read("p/mia.yaml")).toBe(text);
  });

  it.each<[string, Conversation, RegExp]>([
    [
      "of a held-out persona",
      bad("c", "something new to say", { persona: "leo" }),
      /persona "leo" is held out/,
    ],
    [
      "that asks what a sealed example asks",
      bad("c", "The door in the forest never opened for me!"),
      /too like the test example leo-01\n/,
    ],
    [
      "that quotes a sealed example in an earlier turn",
      bad("c", "ok", {
        turns: [
          { role: "user", content: "so the door in the forest never opened for me again" },
          { role: "assistant", content: "Hm." },
          { role: "user", content: "ok" },
          {
            role: "assistant",
            content: "You should journal.",
            criteria: [{ criterion: "x", by: "rule", pass: false }],
          },
        ],
        flags: [{ turn: 3, why: "score", reason: "low" }],
      }),
      /too like the test example leo-01\n/,
    ],
    ["of an unknown persona", bad("c", "something new", { persona: "zoe" }), /there is no persona "zoe"/],
    ["of no persona", bad("c", "something new", { persona: undefined }), /no persona is named; --persona/],
    ["not flagged", bad("c", "something new", { flags: [] }), /nothing in it is flagged/],
    [
      "flagged as a whole",
      bad("c", "new", { flags: [{ turn: null, why: "must", reason: "x" }] }),
      /flagged as a whole/,
    ],
    [
      "flagged where the person speaks",
      bad("c", "new", { flags: [{ turn: 0, why: "must", reason: "x" }] }),
      /no reply to anybody/,
    ],
    [
      "without a grade",
      bad("c", "new", {
        turns: [
          { role: "user", content: "a" },
          { role: "assistant", content: "b" },
        ],
      }),
      /no criterion is known/,
    ],
    ["that is empty", bad("c", "new", {}, " "), /the question or the reply is empty/],
  ])("refuses a turn %s", async (_, conversation, why) => {
    const { space, add } = personas(log(conversation));
    const before = space.snapshot();
    const { code, stdout } = await add();
    expect(code).toBe(0);
    expect(stdout).toMatch(/^0 training examples added\n/);
    expect(stdout).toMatch(why);
    // What is sealed is not told.
    expect(stdout).not.toContain("forest");
    expect(space.snapshot()).toEqual(before);
  });

  it("takes a persona by flag, a question once, and writes nothing in a dry run", async () => {
    const { space, add } = personas(
      log(
        bad("a", "first new thing"),
        bad("b", "First, new thing!", {}, "Take a walk."),
        bad("c", "no name here", { persona: undefined }),
      ),
    );
    const before = space.snapshot();
    const dry = await add("--persona", "mia", "--dry-run");
    expect(dry.stdout).toMatch(
      /^2 training examples would be added; nothing is written\n[\s\S]*- b#1: training has its question already/,
    );
    expect(space.snapshot()).toEqual(before);
    await add("--persona", "mia");
    expect((await loadPersonaFolder(join(space.folder, "p"))).examples).toHaveLength(4);
  });

  it("is an error where the list cannot be added to", async () => {
    const { space, add } = personas(log(bad("c", "something new")));
    space.write("p/mia.yaml", JSON.stringify(parse(MIA)));
    const before = space.snapshot();
    expect(await add()).toMatchObject({ code: 3, stderr: expect.stringContaining("DATASET_ADD_FORMAT") });
    expect(space.snapshot()).toEqual(before);
  });
});

describe("dataset add, to a file of tests", () => {
  const held = {
    description: "h",
    vars: { query: "the door in the forest never opened" },
    metadata: { id: "h", persona: "leo", split: "test" },
  };
  const add = async (name: string, before: string | undefined, ...conversations: Conversation[]) => {
    const space = workspace({
      "flagged.jsonl": log(...conversations),
      ...(before === undefined ? {} : { [name]: before }),
    });
    mkdirSync(join(space.folder, "x"));
    const done = await commandLine(
      ["dataset", "add", "--from", "flagged.jsonl", "--dataset", name],
      space.folder,
    );
    return { ...done, space };
  };

  it.each([
    ["t.jsonl", undefined],
    ["t.jsonl", JSON.stringify(held)],
    ["t.json", undefined],
    ["t.json", "[]\n"],
    ["t.json", `${JSON.stringify([held], null, 2)}\n`],
    ["t.yaml", undefined],
    [
      "t.yml",
      `# mine\n- description: h # kept\n  vars: { query: "the door in the forest never opened" }\n  metadata: { id: h, persona: leo, split: test }\n`,
    ],
  ])("%s", async (name, before) => {
    const { code, stdout, space } = await add(
      name,
      before,
      bad("c1", "price of {{env.HOME}}"),
      bad("c2", "a thing", { persona: "leo" }),
    );
    expect(code).toBe(0);
    const text = space.read(name);
    const tests: unknown[] = name.endsWith("jsonl")
      ? text
          .trim()
          .split("\n")
          .map((one) => JSON.parse(one))
      : parse(text);
    const kept = before === undefined || before.trim() === "[]" ? 0 : 1;
    // leo is held out only where the file says so.
    expect(tests).toHaveLength(2);
    expect(stdout.includes('persona "leo" is held out')).toBe(kept === 1);
    expect(tests[kept]).toMatchObject({
      vars: { query: "price of {\u2060{env.HOME}}", turns: [] },
      metadata: {
        id: expect.stringMatching(/^mia-log-[0-9a-f]{8}$/),
        persona: "mia",
        split: "train",
        success_criteria: { "avoids-advice": true },
      },
      assert: [{ type: "javascript", value: "package:promptfoo-grpo:rubric" }],
    });
    const check = await commandLine(["dataset", "check", name], space.folder);
    expect([check.code, check.stdout]).toEqual([0, expect.stringContaining("0 rows could not be read")]);
    if (name.endsWith(".yml")) expect(text.startsWith(before?.trimEnd() ?? "")).toBe(true);
  });

  it("never moves an example that is there", async () => {
    // Splits of whole personas are drawn: one that is added to is no longer drawn.
    const drawn = ["mia", "ann", "bob", "cy"].flatMap((persona) =>
      [1, 2].map((n) =>
        JSON.stringify({ vars: { query: `${persona} ${n}` }, metadata: { id: `${persona}${n}`, persona } }),
      ),
    );
    const outcomes = new Set<string>();
    for (const persona of ["mia", "ann", "bob", "cy"]) {
      const { code, stdout, stderr, space } = await add(
        "t.jsonl",
        drawn.join("\n"),
        bad("c", "something new", { persona }),
      );
      outcomes.add(
        stderr.includes("DATASET_ADD_MOVES") ? "moves" : stdout.includes("held out") ? "held out" : "added",
      );
      if (code !== 0) expect(space.read("t.jsonl")).toBe(drawn.join("\n"));
    }
    expect(outcomes).toContain("held out");
  });

  it.each([
    ["t.csv", "query\nx\n"],
    ["t.json", "{}"],
    ["t.yaml", "[{vars: {query: a}}]"],
  ])("%s is refused", async (name, before) => {
    const { code, stderr, space } = await add(name, before, bad("c", "something new"));
    expect([code, stderr]).toEqual([3, expect.stringContaining("DATASET_ADD_FORMAT")]);
    expect(space.read(name)).toBe(before);
  });
});

it("any rows are added to any list, and no byte before them changes", () => {
  const value = fc.oneof(fc.string({ unit: "grapheme" }), fc.integer(), fc.boolean());
  const item = fc.dictionary(
    fc.string({ minLength: 1 }).filter((key) => key !== "__proto__"),
    value,
    { minKeys: 1, maxKeys: 3 },
  );
  const file = fc.constantFrom(
    "x: 1\nlist:\n  - a: 1\n",
    "list:\n- a: 1 # c\n# end",
    "list:\r\n    - a: >-\r\n        b\r\n",
    "list:\n  - a: 1\n\n\nlater: 2\n",
  );
  fc.assert(
    fc.property(file, fc.array(item, { minLength: 1, maxLength: 3 }), (before, items) => {
      const text = appendToList(before, "list", items);
      if (text === null) throw new Error("not added");
      const [was, is] = [parse(before), parse(text)];
      expect(is).toEqual({ ...was, list: [...was.list, ...items] });
      const kept = before.split("\n").filter((line) => line.trim() !== "");
      expect(text.split("\n").filter((line) => kept.includes(line)).length).toBeGreaterThanOrEqual(
        kept.length,
      );
    }),
  );
});
