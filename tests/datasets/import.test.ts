import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { conversationMarkdown } from "../../src/datasets/conversation-markdown.ts";
import type { ImportOptions } from "../../src/datasets/import/import.ts";
import { commandLine } from "../support/command-line.ts";
import { REPOSITORY, workspace } from "../support/workspace.ts";
import { importedFrom } from "./imported.ts";

const fixture = (name: string): string =>
  readFileSync(join(REPOSITORY, "tests/fixtures/conversations", name), "utf8");

const TURNS = ["user: hi", "assistant: hello", "user: bye: now"];
const MESSAGES = [
  { role: "user", content: "hi" },
  { role: "assistant", content: [{ type: "text", text: "hello" }] },
  { role: "user", content: "bye: now" },
];
const SHAREGPT = {
  id: "s1",
  conversations: [
    { from: "human", value: "hi" },
    { from: "gpt", value: "hello" },
    { from: "human", value: "bye: now" },
  ],
};

describe("every format says the same", () => {
  it.each<[string, string, ImportOptions?]>([
    ["openai.json", JSON.stringify({ messages: MESSAGES })],
    ["openai.jsonl", `${JSON.stringify({ messages: MESSAGES })}\n`],
    ["bare.json", JSON.stringify(MESSAGES)],
    ["list.json", JSON.stringify([{ messages: MESSAGES }])],
    ["sharegpt.json", JSON.stringify([SHAREGPT])],
    ["wrapped.json", JSON.stringify({ conversations: [SHAREGPT] })],
    ["sharegpt.jsonl", JSON.stringify(SHAREGPT)],
    ["turns.csv", 'conversation_id,role,content\nc,user,hi\nc,assistant,hello\nc,user,"bye: now"\n'],
    ["one.csv", 'speaker,text\nClient,hi\nTherapist,hello\nClient,"bye: now"\n'],
    ["cell.csv", 'id,transcript\n1,"Seeker: hi\nSupporter: hello\nSeeker: bye: now"\n'],
    ["json-cell.csv", `id,messages\n1,"${JSON.stringify(MESSAGES).replaceAll('"', '""')}"\n`],
    [
      "named.tsv",
      "Who\tSaid\nAnn\thi\nBot\thello\nAnn\tbye: now\n",
      {
        columns: { role: "Who", content: "Said" },
        users: ["Ann"],
      },
    ],
    ["plain.txt", "User: hi\nAssistant: hello\n\nUser: bye: now\n"],
    ["bold.md", "**User:** hi\n\n**Assistant**: hello\n\n**User:** bye: now\n"],
    ["headings.md", "## User\n\nhi\n\n## Assistant\n\nhello\n\n### User:\nbye: now\n"],
    ["names.txt", "[2024-05-01 10:02] Ann: hi\n[10:03] Integro: hello\nann: bye: now", { users: ["Ann"] }],
  ])("%s", async (name, text, options) => {
    const { conversations, problems } = await importedFrom(name, text, { ...options, redact: false });
    expect(problems).toEqual([]);
    expect(conversations.map(({ turns }) => turns.map(({ role, content }) => `${role}: ${content}`))).toEqual(
      [TURNS],
    );
  });
});

describe("what cannot be read is an error with its line", () => {
  it.each<[string, string, string[], number]>([
    [
      "half.jsonl",
      `{"messages":[]}\n{"messages":\n${JSON.stringify(SHAREGPT)}\n[1]\n"x"`,
      ["1", "2", "4", "5"],
      1,
    ],
    [
      "roles.json",
      JSON.stringify([SHAREGPT, { messages: [{ role: "tool", content: "x" }] }, { a: 1 }], null, 1),
      ["19", "27"],
      1,
    ],
    ["broken.json", '[\n{"messages": [],}\n]', ["2"], 0],
    [
      "turns.csv",
      "conversation_id,role,content\na,user,hi\na,boss,no\na,user,on\nb,user,hi\n,user,x\nb,user\n",
      ["3", "6", "7"],
      1,
    ],
    ["columns.csv", "a,b\n1,2\n", ["1"], 0],
    ["twice.csv", "role,content,role\nuser,x,y\n", ["1"], 0],
    ["strangers.txt", "Ann: hi\nBob: hello\n", ["1"], 0],
    ["prose.md", "Some notes\nwithout any speaker\n", ["1"], 0],
    ["empty.jsonl", "", ["1"], 0],
    ["deep.json", `[{"messages":${"[".repeat(300)}${"]".repeat(300)}}]`, ["1"], 0],
    ["proto.jsonl", '{"__proto__":{"x":1},"messages":[{"role":"user","content":"a"}]}', ["1"], 0],
    [
      "own.jsonl",
      '{"source":"imported","id":"a","turns":[{"role":"user","content":"x","mood":1}]}',
      ["1"],
      0,
    ],
    ["time.jsonl", '{"messages":[{"role":"user","content":"a","timestamp":"soon"}]}', ["1"], 0],
  ])("%s", async (name, text, lines, read) => {
    const { conversations, problems } = await importedFrom(name, text);
    expect(problems.map(({ file, line }) => `${file}:${line}`)).toEqual(
      lines.map((line) => `${name}:${line}`),
    );
    expect(conversations).toHaveLength(read);
  });

  it("what is left out or read with doubt is named", async () => {
    const { notes, conversations } = await importedFrom(
      "chat.txt",
      "Exported today\nUser: hi\nNote: not a speaker\nAssistant: hello",
    );
    expect(conversations[0]?.turns[0]?.content).toBe("hi\nNote: not a speaker");
    expect(notes).toEqual([
      'chat.txt:1: lines that begin with "Note:" are read as text, not as speakers',
      "chat.txt:1: 1 lines outside of any turn are left out, the first on line 1",
    ]);
    const table = await importedFrom("t.csv", "role,content,mood\nuser,hi,blue\n");
    expect(table.notes).toEqual(["t.csv: columns not read: mood"]);
  });
});

describe("redaction", () => {
  const chat =
    "Ann: I am Ann, mail ann@example.org or call +1 212 555 0142\nBot: 988 is there, Ann. Not ann@example.org";

  it("is on: names, addresses and numbers go, crisis lines stay", async () => {
    const { conversations, redacted } = await importedFrom("a.txt", chat, { users: ["Ann"] });
    expect(conversations[0]?.turns.map(({ content }) => content)).toEqual([
      "I am [name-1], mail [email-1] or call [phone-1]",
      "988 is there, [name-1]. Not [email-1]",
    ]);
    expect(redacted).toEqual({ name: 2, email: 2, phone: 1 });
    expect(conversations[0]?.provenance.redacted).toEqual({ name: 2, email: 2, phone: 1 });
  });

  it("can be switched off, and then says what it would have taken", async () => {
    const { conversations, redacted } = await importedFrom("a.txt", chat, { users: ["Ann"], redact: false });
    expect(conversations[0]?.turns[0]?.content).toContain("ann@example.org");
    expect(redacted.email).toBe(2);
    expect(conversations[0]?.provenance.redacted).toBeUndefined();
  });

  it("covers ids and metadata", async () => {
    const { conversations } = await importedFrom(
      "a.csv",
      "id,query,from\nann@example.org,hi,bob@example.org\n20241031145050008738,ho,x\n",
      { columns: { query: "query" } },
    );
    expect(conversations.map(({ id }) => id)).toEqual([
      expect.stringMatching(/^log-[0-9a-f]{12}$/),
      "20241031145050008738",
    ]);
    expect(conversations[0]?.metadata).toEqual({ from: "[email-1]" });
  });
});

it("the same turns come once, and the same id twice is an error", async () => {
  const line = (id: string, text: string): string =>
    JSON.stringify({ id, messages: [{ role: "user", content: text }] });
  const found = await importedFrom(
    "a.jsonl",
    [line("a", "x y"), line("b", "x  y"), line("a", "z")].join("\n"),
  );
  expect(found.conversations.map(({ id }) => id)).toEqual(["a"]);
  expect(found.duplicates).toEqual([{ place: "a.jsonl:2", of: "a.jsonl:1" }]);
  expect(found.problems).toMatchObject([
    { line: 3, message: expect.stringContaining('"a" is already used') },
  ]);
});

it("an imported log is imported again as it is", async () => {
  const first = await importedFrom("a.csv", fixture("lend-an-ear.csv"));
  const text = first.conversations.map((one) => JSON.stringify(one)).join("\n");
  expect((await importedFrom("b.jsonl", text)).conversations).toEqual(first.conversations);
});

describe("real logs read well", () => {
  it("support conversations", async () => {
    const { conversations, problems, notes } = await importedFrom(
      "lend-an-ear.csv",
      fixture("lend-an-ear.csv"),
    );
    expect([problems, notes]).toEqual([[], []]);
    expect(conversations.map(conversationMarkdown).join("\n")).toMatchSnapshot();
  });

  it("questions of a table of personas", async () => {
    const { conversations, problems } = await importedFrom("vera-mh.tsv", fixture("vera-mh.tsv"), {
      columns: { persona: "Name", query: "Sample Prompts" },
      splitAt: ";",
      userTypes: ["crisis"],
    });
    expect(problems).toEqual([]);
    expect(conversations.map(conversationMarkdown).join("\n")).toMatchSnapshot();
  });
});

describe("dataset import", () => {
  it("previews without writing, then writes once", async () => {
    const space = workspace({ "chat.txt": "User: hi, I am a@b.org\nAssistant: hello", "bad.jsonl": "{}\n" });
    const dry = await commandLine(
      ["dataset", "import", "chat.txt", "--dry-run", "--out", "o.jsonl"],
      space.folder,
    );
    expect(dry).toMatchObject({ code: 0, stderr: "" });
    expect(dry.stdout).toMatch(/^1 conversation, 2 turns; nothing is written\n1 e-mail would be taken out\n/);
    expect(dry.stdout).toContain("> hi, I am \\[email-1\\]");
    expect(space.snapshot()["o.jsonl"]).toBeUndefined();

    const args = ["dataset", "import", "chat.txt", "bad.jsonl", "--out", "o.jsonl"];
    const done = await commandLine(args, space.folder);
    expect(done.code).toBe(3);
    expect(done.stdout).toContain("IMPORT_UNREADABLE bad.jsonl:1: ");
    expect(JSON.parse(space.read("o.jsonl"))).toMatchObject({ provenance: { file: "chat.txt", line: 1 } });

    const again = await commandLine(args, space.folder);
    expect([again.code, again.stderr]).toEqual([3, expect.stringContaining("OUTPUT_EXISTS")]);
    const unsaid = await commandLine(["dataset", "import", "chat.txt"], space.folder);
    expect([unsaid.code, unsaid.stderr]).toEqual([3, expect.stringContaining("USAGE")]);
    const odd = await commandLine(["dataset", "import", "chat.docx", "--dry-run"], space.folder);
    expect([odd.code, odd.stderr]).toEqual([3, expect.stringContaining("IMPORT_FORMAT")]);
  });
});
