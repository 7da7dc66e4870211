import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { applyOperations, hashText, type LibraryStore } from "../../src/library/index.ts";
import { add, change, failure, limits, NOTES, openStore } from "./helpers.ts";

const read = (path: string) => readFileSync(path, "utf8");
const files = (store: LibraryStore) => readdirSync(join(store.path, "..")).toSorted();

describe("commit", () => {
  it("starts empty, writes version 1 and its history, and leaves nothing else", async () => {
    const store = openStore();
    expect(await store.load()).toMatchObject({ hash: null, version: 0, edited: false, recovered: false });
    const { hash } = await change(store, add("Ask one question."));
    expect(read(store.path)).toBe(
      "---\nagent: integro\nroute: common\nversion: 1\n---\n# Experiences of integro (common)\n\n- [E1] Ask one question.\n",
    );
    expect(await store.load()).toMatchObject({ hash, version: 1, edited: false });
    expect(hash).toBe(hashText(read(store.path)));
    expect(files(store)).toEqual(["common.history.jsonl", "common.md"]);
    expect(await store.history()).toEqual([
      {
        ...NOTES,
        status: "accepted",
        version: 1,
        hash,
        parentHash: null,
        parentVersion: null,
        at: "1970-01-01T00:00:00.000Z",
        operations: [add("Ask one question.")],
        gate: null,
        text: read(store.path),
      },
    ]);
  });

  it("refuses a parent that is no longer current and writes nothing", async () => {
    const store = openStore();
    const { document, hash } = await store.load();
    const late = applyOperations(document, [add("Be kind.")], limits).document;
    await change(store, add("Ask one question."));
    const before = [read(store.path), read(store.historyPath)];
    const commit = () => store.commit({ document: late, expectedParentHash: hash, entry: NOTES });
    expect(await failure(commit)).toBe(`LIBRARY_CONFLICT ${store.path}`);
    expect([read(store.path), read(store.historyPath)]).toEqual(before);
    expect(files(store)).toEqual(["common.history.jsonl", "common.md"]);
  });

  it("refuses a document that changes nothing or belongs elsewhere", async () => {
    const store = openStore();
    await change(store, add("Ask one question."));
    const { document, hash } = await store.load();
    const commit = (other = document) =>
      store.commit({ document: other, expectedParentHash: hash, entry: NOTES });
    expect(await failure(() => commit())).toBe(`LIBRARY_UNCHANGED ${store.path}`);
    const foreign = { ...document, source: document.source.replace("route: common", "route: crisis") };
    expect(await failure(() => commit(foreign))).toBe(`LIBRARY_MISPLACED ${store.path}`);
  });

  it("never gives an id a second time, even when a person deleted it", async () => {
    const store = openStore();
    await change(store, add("Ask one question."), add("Be kind."));
    writeFileSync(store.path, read(store.path).replace("- [E2] Be kind.\n", ""));
    const { document, hash } = await store.load();
    expect(document.nextId).toBe(3);
    const forged = { ...document, source: `${document.source}- [E2] Obey.\n` };
    const commit = () => store.commit({ document: forged, expectedParentHash: hash, entry: NOTES });
    expect(await failure(commit)).toBe(`LIBRARY_ID_REUSED ${store.path}`);
    await change(store, add("Stay brief."));
    expect((await store.load()).document.experiences.map(({ id }) => id)).toEqual(["E1", "E3"]);
  });

  it("waits for a living writer and takes over from a dead one", async () => {
    const store = openStore();
    await change(store, add("Ask one question."));
    const lock = join(store.path, "..", ".common.lock");
    writeFileSync(lock, "another-host 1 0");
    expect(await failure(() => change(store, add("Be kind.")))).toBe(`LIBRARY_LOCKED ${lock}`);
    const gone = spawnSync(process.execPath, ["-e", ""]).pid;
    writeFileSync(lock, `${hostname()} ${gone} 0`);
    expect((await change(store, add("Be kind."))).version).toBe(2);
    expect(existsSync(lock)).toBe(false);
  });
});

describe("a person's edit", () => {
  it("becomes a version of its own and survives", async () => {
    const store = openStore();
    await change(store, add("Ask one question."));
    const edited = `${read(store.path).replace("one question", "one open question")}\n<!-- Anna -->\n`;
    writeFileSync(store.path, edited);
    expect(await store.load()).toMatchObject({ version: 2, edited: true, hash: hashText(edited) });
    await change(store, add("Be kind."));
    const [, human, machine] = await store.history();
    expect(human).toMatchObject({ author: "human", version: 2, parentVersion: 1, text: edited });
    expect(human?.operations).toEqual([{ op: "MODIFY", id: "E1", text: "Ask one open question." }]);
    expect(machine).toMatchObject({
      author: "train",
      version: 3,
      parentVersion: 2,
      parentHash: hashText(edited),
    });
    expect(read(store.path)).toBe(
      edited.replace("version: 1", "version: 3").replace("question.\n", "question.\n- [E2] Be kind.\n"),
    );
  });

  it("is recorded as it stands when the whole file was made by hand", async () => {
    const store = openStore();
    mkdirSync(join(store.path, ".."));
    const text = "---\nagent: integro\nroute: common\nversion: 7\n---\n- [E3] Be kind.\n";
    writeFileSync(store.path, text);
    expect(await store.load()).toMatchObject({ version: 7, edited: true });
    expect((await change(store, add("Be brief."))).version).toBe(8);
    expect((await store.history()).map(({ author, version }) => [author, version])).toEqual([
      ["human", 7],
      ["train", 8],
    ]);
  });

  it("that breaks the file is reported and left alone", async () => {
    const store = openStore();
    await change(store, add("Ask one question."));
    const broken = `${read(store.path)}- no id\n`;
    writeFileSync(store.path, broken);
    expect(await failure(() => store.load())).toBe(`LIBRARY_ITEM_MALFORMED ${store.path}:9`);
    expect(await failure(() => store.rollback(1, "why"))).toBe(`LIBRARY_ITEM_MALFORMED ${store.path}:9`);
    expect(read(store.path)).toBe(broken);
  });

  it("that removes the file is not taken for an empty library", async () => {
    const store = openStore();
    await change(store, add("Ask one question."));
    const text = read(store.path);
    writeFileSync(store.path, "");
    expect(await failure(() => store.load())).toBe(`LIBRARY_FRONT_MATTER ${store.path}:1`);
    const gone = openStore();
    mkdirSync(join(gone.path, ".."));
    writeFileSync(gone.historyPath, read(store.historyPath));
    expect(await failure(() => gone.load())).toBe(`LIBRARY_FILE_MISSING ${gone.path}`);
    expect((await gone.rollback(1, "it was deleted")).version).toBe(2);
    expect(read(gone.path)).toBe(text.replace("version: 1", "version: 2"));
  });
});

describe("rejected candidates and rollback", () => {
  it("remembers a rejected candidate without a version", async () => {
    const store = openStore();
    const { hash } = await change(store, add("Ask one question."));
    const before = read(store.path);
    const candidate = applyOperations((await store.load()).document, [add("Obey.")], limits).document;
    await store.recordRejected({
      document: candidate,
      parentHash: hash,
      entry: { ...NOTES, gate: { delta: -0.1 } },
    });
    expect((await store.history()).at(-1)).toMatchObject({
      status: "rejected",
      version: null,
      parentVersion: 1,
    });
    expect(read(store.path)).toBe(before);
    expect(await store.load()).toMatchObject({ version: 1, edited: false });
    expect((await change(store, add("Be kind."))).version).toBe(2);
  });

  it("goes back by one more version and keeps ids retired", async () => {
    const store = openStore();
    await change(store, add("Ask one question."));
    await change(store, add("Be kind."), { op: "MODIFY", id: "E1", text: "Ask openly." });
    expect((await store.rollback(1, "worse in production")).version).toBe(3);
    const { document } = await store.load();
    expect(document.experiences).toEqual([{ id: "E1", text: "Ask one question." }]);
    expect((await store.history()).at(-1)).toMatchObject({
      author: "rollback",
      reason: "worse in production",
      version: 3,
    });
    await change(store, add("Be brief."));
    expect((await store.load()).document.experiences.map(({ id }) => id)).toEqual(["E1", "E3"]);
    expect((await store.readVersion(2)).experiences.map(({ id }) => id)).toEqual(["E1", "E2"]);
    expect(await failure(() => store.rollback(9, "why"))).toBe(
      `LIBRARY_VERSION_UNKNOWN ${store.historyPath}`,
    );
  });
});

describe("the history file", () => {
  async function withHistory(edit: (text: string) => string): Promise<LibraryStore> {
    const store = openStore();
    await change(store, add("Ask one question."));
    await change(store, add("Be kind."));
    writeFileSync(store.historyPath, edit(read(store.historyPath)));
    return store;
  }

  it.each<[string, (text: string) => string, string]>([
    ["a last line cut short", (text) => text.slice(0, -40), "LIBRARY_HISTORY_TRUNCATED 2"],
    ["a line that is not JSON", (text) => `<<<<<<< ours\n${text}`, "LIBRARY_HISTORY_INVALID 1"],
    ["a line that is no entry", (text) => `${text}{}\n`, "LIBRARY_HISTORY_INVALID 3"],
    ["an empty line", (text) => text.replace("\n", "\n\n"), "LIBRARY_HISTORY_INVALID 2"],
    ["a version twice", (text) => text + text.slice(0, text.indexOf("\n") + 1), "LIBRARY_HISTORY_INVALID 3"],
    ["a text that was changed", (text) => text.replace("kind.\\n", "cruel.\\n"), "LIBRARY_HISTORY_INVALID 2"],
  ])("reports %s with its line", async (_, edit, expected) => {
    const store = await withHistory(edit);
    const [code, line] = expected.split(" ");
    expect(await failure(() => store.load())).toBe(`${code} ${store.historyPath}:${line}`);
    expect(await failure(() => change(store, add("Obey.")))).toBe(`${code} ${store.historyPath}:${line}`);
  });

  it("accepts a last line that only lacks its end, and closes it", async () => {
    const store = await withHistory((text) => text.trimEnd());
    await change(store, add("Be brief."));
    expect((await store.history()).map(({ version }) => version)).toEqual([1, 2, 3]);
  });
});
