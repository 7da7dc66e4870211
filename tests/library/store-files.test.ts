import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type LibraryAddress, type LibraryStore, openLibraryStore } from "../../src/library/index.ts";
import { add, change, failure, openStore, temporaryFolder } from "./helpers.ts";
import { storeContract } from "./store-contract.ts";

const read = (path: string) => readFileSync(path, "utf8");
const files = (store: LibraryStore) => readdirSync(join(store.path, "..")).toSorted();

describe("a store in files", () => {
  storeContract(async () => {
    const root = temporaryFolder();
    const open = (address: LibraryAddress = { agent: "integro", route: "common" }) =>
      openLibraryStore({ root, ...address, now: () => new Date(0) });
    const edit = async (text: string): Promise<void> => {
      mkdirSync(join(root, "integro"), { recursive: true });
      writeFileSync(open().path, text);
    };
    return { open, edit, elsewhere: { root } };
  });
});

describe("the files", () => {
  it("are the library and its history, and nothing else is left beside them", async () => {
    const store = openStore();
    await change(store, add("Ask one question."));
    expect(files(store)).toEqual(["common.history.jsonl", "common.md"]);
    expect(await failure(() => store.rollback(1, "no change"))).toContain("LIBRARY_UNCHANGED");
    expect(files(store)).toEqual(["common.history.jsonl", "common.md"]);
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
