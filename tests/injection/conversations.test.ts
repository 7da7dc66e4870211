import { describe, expect, it } from "vitest";
import { commandLine } from "../support/command-line.ts";
import { workspace } from "../support/workspace.ts";
import { canaries, expectNoLeak, expectPlain, PAYLOADS } from "./payloads.ts";

canaries();

describe("conversation logs", () => {
  it.each(PAYLOADS)("$name: is imported, shown, flagged and added as text", async ({ text }) => {
    const turns = [
      { role: "user", content: `I say ${text}` },
      { role: "assistant", content: `${text} You should journal.` },
    ];
    const record = { id: text, persona: text, messages: turns, [text]: text };
    const space = workspace({ "log.json": [record, { messages: [{ role: text, content: text }] }] });
    const run = async (...args: string[]) => {
      const done = await commandLine(args, space.folder);
      expectPlain(done.stdout + done.stderr);
      expectNoLeak(done.stdout, done.stderr);
      return done;
    };
    const preview = await run("dataset", "import", "log.json", "--dry-run");
    const done = await run("dataset", "import", "log.json", "--out", "c.jsonl", "--no-redact");
    // A speaker that nobody knows is an error in its line, whatever it is called.
    expect([preview.code, done.code]).toEqual([3, 3]);
    const files = space.snapshot();
    if (files["c.jsonl"] === undefined) {
      expect(done.stdout).toMatch(/IMPORT_UNREADABLE log\.json:1: [\s\S]*2 rows could not be read/);
      return;
    }
    expect(JSON.parse(files["c.jsonl"]).turns.map(({ content }: { content: string }) => content)).toEqual(
      turns.map(({ content }) => content),
    );
    await run("conversation", "show", "c.jsonl");
    await run("flag", "c.jsonl", "--below", "1", "--out", "f.jsonl");
    await run("label", "c.jsonl", "--rater", "ann", "--todo");
    const added = await run("dataset", "add", "--from", "f.jsonl", "--dataset", "t.yaml", "--no-redact");
    expect(added.code).toBe(0);
    const { code } = await run("dataset", "check", "t.yaml");
    expect(code).toBe(0);
  });
});
