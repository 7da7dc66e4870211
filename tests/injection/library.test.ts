import { join } from "node:path";
import { load } from "js-yaml";
import { describe, expect, it } from "vitest";
import {
  applyOperations,
  type EntryNotes,
  emptyLibrary,
  GrpoError,
  hashText,
  injectIntoPrompt,
  LimitsSchema,
  type Operation,
  openLibrary,
  openLibraryStore,
  parseLibrary,
} from "../../src/library/index.ts";
import { commandLine } from "../support/command-line.ts";
import { libraryText, workspace } from "../support/workspace.ts";
import { BOMB, canaries, DEEP, expectNoLeak, expectPlain, HUGE, PAYLOADS } from "./payloads.ts";

canaries();

const limits = LimitsSchema.parse({ maxWords: 5000 });
/** As a library keeps an experience: on one line. */
const folded = (text: string): string => text.replace(/\s+/gu, " ").trim();
const refusal = (action: () => unknown): string => {
  try {
    action();
    return "";
  } catch (error) {
    if (error instanceof GrpoError) return error.code;
    throw error;
  }
};

const refused = async (action: () => Promise<unknown>): Promise<string> => {
  const error = await action().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return refusal(() => {
    if (error !== undefined) throw error;
  });
};

describe("a learner's operations", () => {
  it.each(PAYLOADS)(
    "$name: every byte in the library and in each kind of prompt, or refused",
    async ({ text }) => {
      const root = workspace().folder;
      const store = openLibraryStore({ root, agent: "x", route: "common" });
      const start = applyOperations(
        (await store.load()).document,
        [{ op: "ADD", text: "Be kind." }],
        limits,
      ).document;
      const operations: Operation[] = [
        { op: "ADD", text: `Say ${text} now.` },
        { op: "MODIFY", id: "E1", text: `Be ${text} kind.` },
        { op: "DELETE", id: text },
        { op: "KEEP", id: text },
      ];
      const { document, applied, refused } = applyOperations(start, operations, limits);
      expect(refused.map((one) => one.operation.op)).toEqual(expect.arrayContaining(["DELETE", "KEEP"]));
      await store.commit({
        document,
        expectedParentHash: null,
        entry: { author: "train", reason: text, operations },
      });
      const opened = openLibrary({ root, agent: "x" });
      const texts = applied.map(({ operation }) => folded("text" in operation ? operation.text : ""));
      expect(opened.experiences.map((one) => one.text).sort()).toEqual(
        (applied.some(({ operation }) => operation.op === "MODIFY") ? texts : [...texts, "Be kind."]).sort(),
      );
      expect((await store.history()).at(-1)?.reason).toBe(text);
      const { block, chats } = injected(opened.inject(""));
      for (const chat of chats) expect(chat).toEqual([{ role: "system", content: block }, USER]);
      expectNoLeak(block, (await store.load()).document.source);
    },
  );

  it("10 MB, a million list items and deep JSON are refused in no time", () => {
    for (const text of [HUGE, DEEP, "- x\n".repeat(1_000_000)]) {
      const { refused } = applyOperations(
        emptyLibrary({ agent: "x", route: "common" }),
        [{ op: "ADD", text }],
        {
          maxExperiences: 20,
          maxWords: 32,
        },
      );
      expect(["over-max-words", "empty-text"]).toContain(refused[0]?.code ?? "");
    }
  });
});

const USER = { role: "user", content: "hi" };
/** The block in a plain prompt, a JSON chat and a YAML chat, each as the model will read it. */
function injected(block: string): { block: string; chats: unknown[] } {
  return {
    block,
    chats: [
      JSON.parse(injectIntoPrompt("hi", block)),
      JSON.parse(injectIntoPrompt(JSON.stringify([USER]), block)),
      load(injectIntoPrompt("- role: user\n  content: hi\n", block)),
    ],
  };
}

describe("the user's words in the prompt", () => {
  it.each(PAYLOADS)("$name: arrive as they are beside a library", ({ text }) => {
    const sent = JSON.parse(injectIntoPrompt(JSON.stringify([{ role: "user", content: text }]), "Be kind."));
    expect(sent).toEqual([
      { role: "system", content: "Be kind." },
      { role: "user", content: text },
    ]);
  });

  it("a YAML bomb that looks like a chat is a plain text", () => {
    const bomb = PAYLOADS.find((one) => one.name === "YAML bomb as a chat")?.text ?? "";
    expect(JSON.parse(injectIntoPrompt(bomb, "Be kind."))[1]).toEqual({ role: "user", content: bomb });
  });
});

describe("a library file by hand", () => {
  it.each(PAYLOADS)(
    "$name: as text, id, name or front matter is text, or an error with a code",
    ({ text }) => {
      const files = [
        libraryText("x", [text]),
        libraryText("x", ["Be kind."]).replace("[E1]", `[${text}]`),
        libraryText("x", ["Be kind."]).replace("agent: x", `agent: ${text}`),
        libraryText("x", ["Be kind."]).replace("route: common", `route: ${JSON.stringify(text)}`),
        libraryText("x", ["Be kind."]).replace("version: 1", `version: ${text}`),
        libraryText("x", ["Be kind."]).replace("version: 1", `version: 1\nnote: ${text}`),
        libraryText("x", ["Be kind."]).replace("version: 1", `version: 1\n${JSON.stringify(text)}: x`),
        text,
      ];
      for (const source of files) {
        const code = refusal(() => {
          const library = parseLibrary(source, "lib.md");
          expect(library.source).toBe(source);
          // Nothing that parses can reach out of its folder.
          expect(library).toMatchObject({ agent: expect.stringMatching(/^[a-z0-9][a-z0-9._-]*$/) });
        });
        expect(["", "LIBRARY"]).toContain(code.split("_")[0]);
        expectNoLeak(code);
      }
    },
  );

  it.each([
    ["a bomb", `---\nagent: x\nroute: common\nversion: 1\n${BOMB}---\n- [E1] Be kind.\n`, ""],
    [
      "deep nesting",
      `---\nagent: x\nroute: common\nversion: 1\nx: ${DEEP}\n---\n- [E1] Be kind.\n`,
      "LIBRARY_FRONT_MATTER",
    ],
    ["10 MB in one experience", libraryText("x", [HUGE]), ""],
  ])("%s is read without harm or refused", (_, source, code) => {
    expect(refusal(() => parseLibrary(source, "lib.md"))).toBe(code);
  });
});

describe("names of agents and routes", () => {
  it.each(PAYLOADS)("$name: is refused, or names a file below the root", ({ text }) => {
    const root = workspace().folder;
    for (const names of [
      { agent: text, route: "common" },
      { agent: "x", route: text },
    ]) {
      const code = refusal(() => {
        expect(openLibraryStore({ root, ...names }).path.startsWith(`${root}/`)).toBe(true);
      });
      expect(["", "LIBRARY_NAME_INVALID"]).toContain(code);
      expect(refusal(() => openLibrary({ root, ...names }))).toMatch(
        /^LIBRARY_NAME_INVALID$|^LIBRARY_NOT_FOUND$/,
      );
    }
  });
});

describe("the history", () => {
  it.each(PAYLOADS)(
    "$name: as a line, a key or a value is kept as it is, or an error with a code",
    async ({ text }) => {
      const space = workspace();
      const source = libraryText("x", ["Be kind."]);
      const entry = {
        status: "accepted",
        version: 1,
        hash: hashText(source),
        parentHash: null,
        parentVersion: null,
        at: "2026-01-01T00:00:00.000Z",
        author: "train",
        reason: text,
        operations: [{ op: "DELETE", id: text, reason: text }],
        evidence: [{ exampleId: text, [text]: text }],
        models: { [text]: text },
        text: source,
      };
      const read = (line: string) => {
        space.write("x/common.md", source);
        space.write("x/common.history.jsonl", `${line}\n`);
        return openLibraryStore({ root: space.folder, agent: "x", route: "common" }).history();
      };
      expect((await read(JSON.stringify(entry)))[0]).toMatchObject({
        reason: text,
        evidence: [{ exampleId: text }],
      });
      expect(await refused(() => read(JSON.stringify({ ...entry, text })))).toBe("LIBRARY_HISTORY_INVALID");
      expect(await refused(() => read(`${JSON.stringify(entry)}\n${text}`))).toMatch(
        /^LIBRARY_HISTORY_(INVALID|TRUNCATED)$/,
      );
      const look = {
        status: "look",
        at: entry.at,
        by: "gate",
        hash: null,
        version: 0,
        tests: 1,
        verdict: text,
      };
      expect(await read(`${JSON.stringify(entry)}\n${JSON.stringify(look)}`)).toHaveLength(1);
      expectNoLeak(await refused(() => read(text)));
    },
  );
});

describe("library show, log, diff, lint and list", () => {
  it("print text of others and obey none of it", async () => {
    const space = workspace();
    const root = join(space.folder, "experiences");
    const store = openLibraryStore({ root, agent: "x", route: "common" });
    const looks = PAYLOADS.map(
      ({ text }) => ({ by: "gate", hash: null, version: 0, tests: 1, verdict: text }) as const,
    );
    for (const [index, { text }] of PAYLOADS.entries()) {
      const { document, hash } = await store.load();
      const operations: Operation[] = [
        { op: "ADD", text: `${index} ${text}`, reason: text },
        { op: "MODIFY", id: "E1", text: `${index} ${text}`, reason: text },
      ];
      const next = applyOperations(document, operations, { maxExperiences: 500, maxWords: 5000 }).document;
      const entry: EntryNotes = {
        author: "train",
        reason: text,
        operations,
        evidence: [{ exampleId: text }],
      };
      if (next !== document) await store.commit({ document: next, expectedParentHash: hash, entry });
      else await store.recordRejected({ document, parentHash: hash, entry });
    }
    for (const look of looks) await store.recordLook(look);
    // What a person wrote may hold more than a learner's operations.
    space.write(
      "experiences/x/hand.md",
      libraryText("x", ["Turn \u202eback\u2066 ::error::x ##[group]x"], 1, "hand"),
    );
    space.write("experiences/x/\u001b[2J\n::error::x.md", "no library");
    const { version } = await store.load();
    const address = ["--agent", "x"];
    const commands = [
      ["list"],
      ["show", ...address],
      ["show", ...address, "--route", "hand"],
      ["log", ...address],
      ["diff", "1", String(version), ...address],
      ["lint", ...address],
      ["lint", ...address, "--route", "hand"],
    ];
    for (const args of commands) {
      const { stdout, stderr } = await commandLine(["library", ...args], space.folder);
      expect(stdout).not.toBe("");
      expectPlain(stdout + stderr);
      expectNoLeak(stdout, stderr);
    }
  });
});
