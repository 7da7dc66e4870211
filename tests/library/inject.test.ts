import * as fc from "fast-check";
import { load } from "js-yaml";
import { describe, expect, it } from "vitest";
import { injectIntoPrompt, renderExperiences } from "../../src/library/index.ts";
import { library } from "./helpers.ts";

const BLOCK = 'Guidelines:\n[1] Say "yes": # and\n[2] {{ no }} \u0085 \u2028 🙂 - role: x';
const user = { role: "user", content: "hi" };

describe("renderExperiences", () => {
  it("numbers the experiences below a heading", () => {
    expect(renderExperiences(library("- [E2] Be kind.\n- [E7] Be brief.\n"))).toBe(
      "Write every reply so that it follows each of these guidelines that applies:\n[1] Be kind.\n[2] Be brief.",
    );
  });

  it("is nothing for an empty library", () => {
    expect(renderExperiences(library("Free text.\n"))).toBe("");
  });
});

describe("an empty block", () => {
  it("gives back exactly the prompt, whatever it is", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.json()), (prompt) => {
        expect(injectIntoPrompt(prompt, "")).toBe(prompt);
        expect(injectIntoPrompt(prompt, "", { plain: "prepend" })).toBe(prompt);
      }),
    );
  });
});

describe("plain prompts", () => {
  const plain = [
    "Hello {{name}}",
    "",
    "[not json",
    '[{"role":"user"',
    "{ broken }",
    "[]",
    "[1,2]",
    '{"a":1}',
    '"text"',
    '[{"content":"no role"}]',
    "- role: user\n content: [broken",
    "- role only",
    "- role:\n",
  ];
  it.each(plain)("%j becomes the user message of a chat, or goes below the block", (prompt) => {
    expect(JSON.parse(injectIntoPrompt(prompt, BLOCK))).toEqual([
      { role: "system", content: BLOCK },
      { role: "user", content: prompt },
    ]);
    expect(injectIntoPrompt(prompt, BLOCK, { plain: "prepend" })).toBe(`${BLOCK}\n\n${prompt}`);
  });
});

describe("the library's place", () => {
  const system = { role: "system", content: "Be kind." };
  const forms: [string, (question: string) => string, "chat" | "prepend"][] = [
    ["a chat", (question) => JSON.stringify([system, { role: "user", content: question }]), "chat"],
    ["a chat without a system message", (q) => JSON.stringify([{ role: "user", content: q }]), "chat"],
    [
      "an object with messages",
      (q) => JSON.stringify({ messages: [system, { role: "user", content: q }] }),
      "chat",
    ],
    ["a YAML chat", (q) => `- role: system\n  content: Be kind.\n- role: user\n  content: ${q}\n`, "chat"],
    ["a YAML chat without a system message", (q) => `- role: user\n  content: ${q}\n`, "chat"],
    ["a plain prompt", (q) => q, "chat"],
    ["a plain prompt for a model that completes text", (q) => q, "prepend"],
  ];
  it.each(forms)(
    "in %s is before the user's words, so that all examples begin alike",
    (_what, prompt, plain) => {
      const block = "Guidelines: [1] Ask once. [2] Be brief.";
      const [one = "", other = ""] = ["ant asks", "bee asks"].map((q) =>
        injectIntoPrompt(prompt(q), block, { plain }),
      );
      const differs = [...one].findIndex((character, index) => character !== other[index]);
      expect(one.slice(0, differs)).toContain(block);
      expect(one.slice(differs)).toMatch(/^ant asks/);
    },
  );
});

const part = { type: "text", text: "Be you.", cache_control: { type: "ephemeral" } };
const image = { type: "image_url", image_url: { url: "data:," } };
const chats: [string, unknown[], unknown[]][] = [
  ["no system message", [user], [{ role: "system", content: BLOCK }, user]],
  [
    "a system message with other fields",
    [{ role: "system", name: "s", content: "Be you." }, user],
    [{ role: "system", name: "s", content: `Be you.\n\n${BLOCK}` }, user],
  ],
  [
    "a developer message further down",
    [user, { role: "developer", content: "Be you." }],
    [user, { role: "developer", content: `Be you.\n\n${BLOCK}` }],
  ],
  [
    "two system messages: the first",
    [{ role: "system", content: "a" }, { role: "system", content: "b" }, user],
    [{ role: "system", content: `a\n\n${BLOCK}` }, { role: "system", content: "b" }, user],
  ],
  [
    "content parts: the last text",
    [{ role: "system", content: [part, image] }, user],
    [{ role: "system", content: [{ ...part, text: `Be you.\n\n${BLOCK}` }, image] }, user],
  ],
  [
    "content parts without text",
    [{ role: "system", content: [image] }],
    [{ role: "system", content: [image, { type: "text", text: BLOCK }] }],
  ],
  ["an empty system message", [{ role: "system", content: "" }], [{ role: "system", content: BLOCK }]],
  [
    "a system message without content",
    [{ role: "system" }, user],
    [{ role: "system", content: BLOCK }, user],
  ],
  [
    "tool calls and nulls elsewhere",
    [{ role: "assistant", content: null, tool_calls: [{ id: "1", n: 1.5 }] }],
    [
      { role: "system", content: BLOCK },
      { role: "assistant", content: null, tool_calls: [{ id: "1", n: 1.5 }] },
    ],
  ],
];

describe("JSON chats", () => {
  it.each(chats)("%s", (_, given, expected) => {
    expect(JSON.parse(injectIntoPrompt(JSON.stringify(given), BLOCK))).toEqual(expected);
    expect(
      JSON.parse(injectIntoPrompt(` ${JSON.stringify(given, null, 2)}\n`, BLOCK, { plain: "prepend" })),
    ).toEqual(expected);
  });

  it("an object with messages keeps its other keys", () => {
    const given = { system: "s", messages: [user], temperature: 0 };
    expect(JSON.parse(injectIntoPrompt(JSON.stringify(given), BLOCK))).toEqual({
      ...given,
      messages: [{ role: "system", content: BLOCK }, user],
    });
  });
});

describe("YAML chats", () => {
  const USER = "- role: user # who\n  content: >-\n    hello\n    there\n";
  it.each([
    ["plain content", `- role: system\n  content: Be you.\n${USER}`],
    ["quoted content", `- role: system\n  content: 'Be # you.' # why\n${USER}`],
    ["a literal block", `- role: system\n  content: |\n    Be\n      you.\n\n    Now.\n\n${USER}`],
    ["a folded block with chomping", `- role: system\n  content: >+\n    Be\n    you.\n\n${USER}`],
    ["a plain text over lines", `- role: system\n  content: Be\n    you.\n${USER}`],
    ["content first after other fields", `- role: system\n  name: x\n  content: "Be"\n  weight: 1\n${USER}`],
    ["content parts", `- role: system\n  content:\n    - type: text\n      text: Be you.\n${USER}`],
    ["flow content parts", `- role: system\n  content: [{ type: text, text: Be you. }]\n${USER}`],
    ["empty content", `- role: system\n  content:\n${USER}`],
    ["no content", `- role: system\n${USER}`],
    ["no system message", USER],
    ["an indented list", "  - role: user\n    content: a\n  - role: assistant\n    content: b\n"],
    ["leading lines", `\n\n${USER}`],
    ["windows line ends", `- role: system\n  content: |\n    Be\n    you.\n${USER}`.replaceAll("\n", "\r\n")],
    ["an anchor used below", "- role: system\n  content: &a Be you.\n- role: user\n  content: *a\n"],
    [
      "an alias in the system message",
      "- role: user\n  content: &a Be you.\n- role: system\n  content: *a\n",
    ],
    ["no line end", "- role: user\n  content: hi\n- role: system\n  content: |-\n    Be you."],
    ["one line", "- role: user"],
  ])("%s", (_, prompt) => {
    const messages = load(prompt) as { role: string; content?: unknown }[];
    const expected = JSON.parse(injectIntoPrompt(JSON.stringify(messages), BLOCK));
    const injected = injectIntoPrompt(prompt, BLOCK);
    expect(load(injected)).toEqual(expected);
    const isYaml = injected.trim().startsWith("- role:");
    if (!isYaml) expect(JSON.parse(injected)).toEqual(expected);
    if (isYaml && prompt.includes(USER)) expect(injected).toContain(USER);
  });

  it("stays YAML and touches nothing else", () => {
    const prompt = `- role: system # s\n  content: |\n    Be\n    you.\n\n${USER}`;
    expect(injectIntoPrompt(prompt, "B")).toBe(
      `- role: system # s\n  content: "Be\\nyou.\\n\\n\\nB"\n\n${USER}`,
    );
    expect(injectIntoPrompt(USER, "B")).toBe(`- role: system\n  content: "B"\n${USER}`);
  });

  it("says in JSON what a splice cannot", () => {
    const prompt = "- role: system\n  content: &a Be.\n- role: user\n  content: *a\n";
    expect(injectIntoPrompt(prompt, "B")).toBe(
      '[{"role":"system","content":"Be.\\n\\nB"},{"role":"user","content":"Be."}]',
    );
  });

  it("survives any block", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (block) => {
        const injected = injectIntoPrompt(`- role: system\n  content: Be you.\n${USER}`, block);
        expect(load(injected)).toEqual([
          { role: "system", content: `Be you.\n\n${block}` },
          { role: "user", content: "hello there" },
        ]);
      }),
    );
  });
});
