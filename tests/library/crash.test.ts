import * as fs from "node:fs";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { applyOperations, type LibraryStore, openLibraryStore } from "../../src/library/index.ts";
import { failure, limits, temporaryFolder } from "./helpers.ts";

// The disk fails at a chosen step of a commit, as a crash would leave it.
const failing = vi.hoisted(() => ({ rename: false, append: false, lock: false, mkdir: false }));
vi.mock("node:fs", async (original) => {
  const real = await original<typeof import("node:fs")>();
  return {
    ...real,
    renameSync: (from: string, to: string) => {
      if (failing.rename && to.endsWith(".md")) throw new Error("crash before the rename");
      real.renameSync(from, to);
    },
    writeFileSync: (file: string | number, ...rest: [string]) => {
      if (!failing.lock || !String(file).includes(".lock")) return real.writeFileSync(file, ...rest);
      real.writeFileSync(file, "");
      throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
    },
    mkdirSync: (path: string, options: { recursive: true }) => {
      if (failing.mkdir) throw Object.assign(new Error("no such file or directory"), { code: "ENOENT" });
      real.mkdirSync(path, options);
    },
    openSync: (path: string, flags: string) => {
      if (failing.append && path.endsWith(".jsonl")) throw new Error("crash before the history");
      return real.openSync(path, flags);
    },
  };
});

beforeEach(() => {
  failing.rename = false;
  failing.append = false;
  failing.lock = false;
  failing.mkdir = false;
});

function openStore(): LibraryStore {
  return openLibraryStore({ root: temporaryFolder(), agent: "integro", route: "common" });
}

async function change(store: LibraryStore, text: string) {
  const { document, hash } = await store.load();
  const next = applyOperations(document, [{ op: "ADD", text }], limits).document;
  return store.commit({
    document: next,
    expectedParentHash: hash,
    entry: { author: "train", reason: "step" },
  });
}

const texts = async (store: LibraryStore) =>
  (await store.load()).document.experiences.map(({ text }) => text);

describe.each([0, 1])("a crash in commit %i + 1", (before) => {
  it("between history and rename is completed at the next load", async () => {
    const store = openStore();
    if (before === 1) await change(store, "Ask one question.");
    failing.rename = true;
    await expect(change(store, "Be kind.")).rejects.toThrow("crash before the rename");
    failing.rename = false;
    expect(await store.load()).toMatchObject({ version: before + 1, edited: false, recovered: true });
    expect((await store.load()).recovered).toBe(false);
    expect((await texts(store)).at(-1)).toBe("Be kind.");
    expect((await change(store, "Stay brief.")).version).toBe(before + 2);
  });

  it("before the history leaves the version that was", async () => {
    const store = openStore();
    if (before === 1) await change(store, "Ask one question.");
    failing.append = true;
    await expect(change(store, "Be kind.")).rejects.toThrow("crash before the history");
    failing.append = false;
    expect(await store.load()).toMatchObject({ version: before, edited: false, recovered: false });
    expect((await change(store, "Stay brief.")).version).toBe(before + 1);
    expect(await texts(store)).not.toContain("Be kind.");
  });
});

it.each([1, 20, 0.5])(
  "a history line that was cut in the middle of its writing did not happen: %d",
  async (share) => {
    const store = openStore();
    await change(store, "Ask one question.");
    const before = fs.readFileSync(store.historyPath);
    const library = fs.readFileSync(store.path, "utf8");
    await change(store, "Be kind … wirklich.");
    const line = fs.readFileSync(store.historyPath).subarray(before.length);
    const cut = share < 1 ? Math.floor(line.length * share) : line.length - share - 1;
    // As it was before the library took the new version.
    fs.writeFileSync(store.path, library);
    fs.writeFileSync(store.historyPath, Buffer.concat([before, line.subarray(0, cut)]));
    expect(await store.load()).toMatchObject({ version: 1, edited: false, recovered: false });
    expect(await store.history()).toHaveLength(1);
    expect((await change(store, "Stay brief.")).version).toBe(2);
    expect(await store.history()).toHaveLength(2);
    expect(await texts(store)).toEqual(["Ask one question.", "Stay brief."]);
  },
);

it("a disk that is full when the lock is made leaves no lock behind", async () => {
  const store = openStore();
  await change(store, "Ask one question.");
  failing.lock = true;
  expect(await failure(() => change(store, "Be kind."))).toContain("LIBRARY_NOT_WRITABLE");
  failing.lock = false;
  expect((await change(store, "Be kind.")).version).toBe(2);
});

it("a folder that cannot be made is one that cannot be written to", async () => {
  const store = openStore();
  failing.mkdir = true;
  expect(await failure(() => change(store, "Be kind."))).toContain("LIBRARY_NOT_WRITABLE");
});

it("a crash is told from a person who put an older text back", async () => {
  const store = openStore();
  await change(store, "Ask one question.");
  const older = fs.readFileSync(store.path, "utf8");
  await change(store, "Be kind.");
  fs.writeFileSync(store.path, older);
  expect(await store.load()).toMatchObject({ edited: true, recovered: false, version: 3 });
  expect(await texts(store)).toEqual(["Ask one question."]);
});

it("a person's edit after a crash wins over the interrupted commit", async () => {
  const store = openStore();
  await change(store, "Ask one question.");
  failing.rename = true;
  await expect(change(store, "Be kind.")).rejects.toThrow("crash");
  failing.rename = false;
  fs.appendFileSync(store.path, "- [E7] Listen first.\n");
  expect(await store.load()).toMatchObject({ edited: true, recovered: false });
  await change(store, "Stay brief.");
  expect(await texts(store)).toEqual(["Ask one question.", "Listen first.", "Stay brief."]);
  expect((await store.history()).map(({ author }) => author)).toEqual(["train", "train", "human", "train"]);
});

it("a reader who may not write still gets the committed version", async () => {
  const store = openStore();
  await change(store, "Ask one question.");
  failing.rename = true;
  await expect(change(store, "Be kind.")).rejects.toThrow("crash");
  failing.rename = false;
  const folder = store.path.replace(/\/[^/]*$/, "");
  fs.chmodSync(folder.replace(/\/[^/]*$/, ""), 0o755);
  fs.chmodSync(folder, 0o555);
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    expect(await store.load()).toMatchObject({ version: 2, recovered: true, edited: false });
    expect(await failure(() => change(store, "Stay brief."))).toBe(`LIBRARY_NOT_WRITABLE ${folder}`);
  } finally {
    if (isRoot) process.seteuid?.(0);
    fs.chmodSync(folder, 0o755);
  }
});
