import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openLibrary, openLibraryStore } from "../../src/library/index.ts";
import { add, change, failure, NOTES, openStore, temporaryFolder } from "./helpers.ts";

describe("names and folders", () => {
  it.each(["..", "../x", "a/b", "a\\b", "", ".hidden", "A", "a b", "a\u0000", "-x", "x".repeat(101)])(
    "refuses the name %j",
    async (name) => {
      const root = temporaryFolder();
      expect(await failure(() => openLibraryStore({ root, agent: name, route: "common" }))).toBe(
        "LIBRARY_NAME_INVALID agent",
      );
      expect(await failure(() => openLibraryStore({ root, agent: "a", route: name }))).toBe(
        "LIBRARY_NAME_INVALID route",
      );
      expect(await failure(() => openLibrary({ root, agent: name }))).toBe("LIBRARY_NAME_INVALID agent");
    },
  );

  it("says so when the folder cannot be written to", async () => {
    const root = join(temporaryFolder(), "file");
    writeFileSync(root, "");
    const store = openStore(join(root, "below"));
    const { document } = await openStore().load();
    const commit = () => store.commit({ document, expectedParentHash: null, entry: NOTES });
    expect(await failure(commit)).toMatch(/^LIBRARY_NOT_(WRITABLE|READABLE) /);
  });

  it("reads, and refuses to write, in a read-only folder", async () => {
    const store = openStore();
    await change(store, add("Ask one question."));
    const folder = join(store.path, "..");
    chmodSync(join(folder, ".."), 0o755);
    chmodSync(folder, 0o555);
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) process.seteuid?.(65_534);
    try {
      expect(await failure(() => change(store, add("Be kind.")))).toBe(`LIBRARY_NOT_WRITABLE ${folder}`);
      expect(await store.load()).toMatchObject({ version: 1 });
    } finally {
      if (isRoot) process.seteuid?.(0);
      chmodSync(folder, 0o755);
    }
    expect(existsSync(join(folder, ".common.lock"))).toBe(false);
  });
});

describe("openLibrary", () => {
  it("gives production a library, or one of its versions, without writing", async () => {
    const root = temporaryFolder();
    const store = openStore(root);
    await change(store, add("Ask one question."));
    const { hash } = await change(store, add("Be kind."));
    const library = openLibrary({ root, agent: "integro" });
    expect(library).toMatchObject({ version: 2, hash });
    expect(library.inject("You listen.")).toBe(
      "You listen.\n\nWrite every reply so that it follows each of these guidelines that applies:\n[1] Ask one question.\n[2] Be kind.",
    );
    expect(openLibrary({ root, agent: "integro", version: 1 }).experiences).toHaveLength(1);
    expect(await failure(() => openLibrary({ root, agent: "integro", version: 5 }))).toContain(
      "LIBRARY_VERSION_UNKNOWN",
    );
    expect(await failure(() => openLibrary({ root, agent: "typo" }))).toContain("LIBRARY_NOT_FOUND");
  });

  it("is byte for byte the baseline when the library is empty", () => {
    const root = temporaryFolder();
    mkdirSync(join(root, "integro"));
    writeFileSync(
      join(root, "integro/common.md"),
      "---\nagent: integro\nroute: common\nversion: 1\n---\nNothing yet.\n",
    );
    const prompt = " You\r\n listen.\n\n";
    expect(openLibrary({ root, agent: "integro" }).inject(prompt)).toBe(prompt);
  });
});
