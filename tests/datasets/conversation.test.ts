import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { answered, type Conversation, conversationSchema, replies } from "../../src/datasets/conversation.ts";
import { readConversations } from "../../src/datasets/conversation-file.ts";
import { conversationMarkdown } from "../../src/datasets/conversation-markdown.ts";
import { itemLines } from "../../src/datasets/json-items.ts";
import { commandLine } from "../support/command-line.ts";
import { workspace } from "../support/workspace.ts";
import { importedFrom } from "./imported.ts";

const conversation = (turns: readonly [Conversation["turns"][number]["role"], string][]): Conversation =>
  conversationSchema.parse({
    id: "c1",
    source: "imported",
    turns: turns.map(([role, content]) => ({ role, content })),
  });

describe("a reply and what it answers", () => {
  it.each<[string, [Conversation["turns"][number]["role"], string][], object]>([
    [
      "a question before it",
      [
        ["user", "a"],
        ["assistant", "b"],
        ["user", "c"],
        ["assistant", "d"],
      ],
      { "1": ["a", [], "b"], "3": ["c", ["a", "b"], "d"] },
    ],
    [
      "several messages in a row on both sides, and a system turn",
      [
        ["user", "a"],
        ["assistant", "b"],
        ["user", "c"],
        ["user", "d"],
        ["system", "s"],
        ["assistant", "e"],
        ["assistant", "f"],
      ],
      { "1": ["a", [], "b"], "5": ["c\nd", ["a", "b"], "e"], "6": ["c\nd", ["a", "b"], "e\n\nf"] },
    ],
    [
      "a greeting answers nobody",
      [
        ["assistant", "hi"],
        ["user", "a"],
        ["assistant", "b"],
      ],
      { "2": ["a", ["hi"], "b"] },
    ],
  ])("%s", (_, turns, expected) => {
    const one = conversation(turns);
    const found = replies(one).map(({ turn }) => {
      const { query, earlier, reply } = answered(one, turn ?? -1) ?? { query: "", earlier: [], reply: "" };
      return [String(turn), [query, earlier.map(({ content }) => content), reply]];
    });
    expect(Object.fromEntries(found)).toEqual(expected);
  });
});

describe("Markdown", () => {
  const line = fc.string({ unit: "grapheme", maxLength: 40 });
  const mark = fc.constantFrom(
    ..."# User|**Client** · 3|Assistant: x|> q|---|- a|1. b|<img src=x onerror=alert(1)>|![i](http://127.0.0.1/i)|`x`|\\*|&amp;|| a | b |"
      .split("|")
      .filter((one) => one !== ""),
  );
  const content = fc.array(fc.oneof(line, mark), { maxLength: 5 }).map((lines) =>
    lines
      .map((one) => one.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Cn}\u2028\u2029]/gu, "").trim())
      .join("\n")
      .trim(),
  );

  it("of any turns holds those very turns", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom("user", "assistant", "system"), content), {
          minLength: 1,
          maxLength: 5,
        }),
        async (turns) => {
          const one = conversation(turns as [Conversation["turns"][number]["role"], string][]);
          const back = await importedFrom("chat.md", conversationMarkdown(one), { redact: false });
          expect(back.problems).toEqual([]);
          expect(back.conversations.map(({ turns: found }) => found)).toEqual([one.turns]);
        },
      ),
      { numRuns: 150 },
    );
  });

  it("shows scores and flags after the turns, whatever they say", () => {
    const text = conversationMarkdown({
      ...conversation([
        ["user", "hi"],
        ["assistant", "yo"],
      ]),
      criteria: [{ criterion: "x", by: "rule", pass: null, reason: "a | b\n# c <b>" }],
      flags: [{ turn: 1, why: "must", reason: "missed\n## it" }],
      metadata: { k: "v\nw" },
    });
    expect(text.slice(text.indexOf("## "))).toMatchInlineSnapshot(`
      "## What the log says

      - k: v w

      ## Flags

      - turn 1: missed ## it

      ## Scores

      | turn | criterion | | by | reason |
      | --- | --- | --- | --- | --- |
      | all | x | ungraded | rule | a \\| b # c \\<b> |
      "
    `);
  });
});

describe("a conversation log", () => {
  it("is refused whole, with every bad line named", async () => {
    const good = JSON.stringify(conversation([["user", "hi"]]));
    const space = workspace({
      "log.jsonl": `${good}\n{"id":\n\n${good}\n${good.replace('"user"', '"boss"')}\n{"__proto__":1}`,
    });
    await expect(readConversations(`${space.folder}/log.jsonl`)).rejects.toMatchObject({
      code: "CONVERSATIONS_INVALID",
      place: expect.stringMatching(/log\.jsonl:2$/),
      message: expect.stringMatching(
        /log\.jsonl:4 The id "c1" is already used on line 1\.; .*:5 .*turns\.0\.role.*:6 /,
      ),
    });
  });

  it.each([
    ["no such file", {}, ["conversation", "show", "log.jsonl"], "CONVERSATIONS_UNREADABLE"],
    ["an empty one", { "log.jsonl": "\n" }, ["conversation", "show", "log.jsonl"], "CONVERSATIONS_INVALID"],
    [
      "an unknown id",
      { "log.jsonl": JSON.stringify(conversation([["user", "hi"]])) },
      ["conversation", "show", "log.jsonl", "c2"],
      "CONVERSATION_UNKNOWN",
    ],
  ])("%s is an error", async (_, files, args, code) => {
    const { code: exit, stderr, stdout } = await commandLine(args, workspace(files).folder);
    expect([exit, stdout]).toEqual([3, ""]);
    expect(stderr).toContain(code);
  });
});

it("the lines of a list's items are found in any JSON", () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue(), { maxLength: 6 }), fc.boolean(), (list, wrapped) => {
      const text = JSON.stringify(
        wrapped ? { before: [1, { data: [2] }], 'a"b': "data", data: list } : list,
        null,
        2,
      );
      const lines = text.split("\n");
      const indent = wrapped ? 4 : 2;
      // In indented JSON an item begins on a line of its own depth that closes nothing.
      const from = wrapped ? lines.findIndex((one) => one.startsWith('  "data": [')) : 0;
      const expected = lines.flatMap((one, index) =>
        index > from && new RegExp(`^ {${indent}}[^ \\]}]`).test(one) ? [index + 1] : [],
      );
      expect(itemLines(text, wrapped ? "data" : undefined)).toEqual(expected);
    }),
  );
});
