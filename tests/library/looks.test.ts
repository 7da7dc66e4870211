import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { logLibrary } from "../../src/cli/library.ts";
import { type LookNotes, openLibraryStore } from "../../src/library/index.ts";
import { add, change, failure, openStore, temporaryFolder } from "./helpers.ts";

const look = (more: Partial<LookNotes> = {}): LookNotes => ({
  by: "train",
  hash: null,
  version: 0,
  tests: 12,
  verdict: "not proven",
  ...more,
});

describe("looks at the sealed test", () => {
  it("come back as they were recorded, oldest first, with their time", async () => {
    const store = openStore();
    expect(await store.looks()).toEqual([]);
    await store.recordLook(look());
    const { hash, version } = await change(store, add("Ask one question."));
    await store.recordLook(look({ by: "gate", hash, version, verdict: "proven" }));
    const at = "1970-01-01T00:00:00.000Z";
    expect(await store.looks()).toEqual([
      { status: "look", at, ...look() },
      { status: "look", at, ...look({ by: "gate", hash, version: 1, verdict: "proven" }) },
    ]);
  });

  it("are lines of the history that change no version, and no library", async () => {
    const store = openStore();
    await store.recordLook(look());
    expect(await store.load()).toMatchObject({ hash: null, version: 0, edited: false });
    expect(await store.history()).toEqual([]);
    await change(store, add("Ask one question."));
    const before = { history: await store.history(), text: readFileSync(store.path, "utf8") };
    await store.recordLook(look({ version: 1 }));
    expect({ history: await store.history(), text: readFileSync(store.path, "utf8") }).toEqual(before);
    expect((await change(store, add("Be kind."))).version).toBe(2);
    expect((await store.rollback(1, "why")).version).toBe(3);
    expect(await store.looks()).toHaveLength(2);
    const statuses = readFileSync(store.historyPath, "utf8").match(/"status":"\w+"/g);
    expect(statuses).toEqual(
      ["look", "accepted", "look", "accepted", "accepted"].map((one) => `"status":"${one}"`),
    );
  });

  it.each<[string, object]>([
    ["another reader", { by: "me" }],
    ["no number of tests", { tests: undefined }],
    ["half a hash", { hash: "abc" }],
    ["a key that is not known", { reward: 1 }],
    ["no time", { at: "yesterday" }],
  ])("that are malformed (%s) are an error with file and line", async (_what, wrong) => {
    const store = openStore();
    await change(store, add("Ask one question."));
    const line = { status: "look", at: "1970-01-01T00:00:00.000Z", ...look(), ...wrong };
    appendFileSync(store.historyPath, `${JSON.stringify(line)}\n`);
    const expected = `LIBRARY_HISTORY_INVALID ${store.historyPath}:2`;
    expect(await failure(() => store.looks())).toBe(expected);
    expect(await failure(() => store.history())).toBe(expected);
    expect(await failure(() => store.recordLook(look()))).toBe(expected);
  });

  it("that cannot be written say so", async () => {
    const root = temporaryFolder();
    const store = openStore(`${root}/file`);
    writeFileSync(`${root}/file`, "");
    expect(await failure(() => store.recordLook(look()))).toMatch(/^LIBRARY_NOT_(WRITABLE|READABLE) /);
  });
});

it("library log shows looks as lines of their own, in order of time, and obeys no escape", async () => {
  let hour = 0;
  const now = () => new Date(Date.UTC(2026, 0, 1, hour++));
  const store = openLibraryStore({ root: temporaryFolder(), agent: "integro", route: "common", now });
  await store.recordLook(look({ tests: 1 }));
  const { hash, version } = await change(store, add("Ask one question."));
  await store.recordLook(look({ by: "eval", hash, version, verdict: "proven\n\u001b[2J" }));
  await change(store, add("Be kind."));
  const heads = (await logLibrary(store)).split("\n").filter((line) => !line.startsWith("  "));
  expect(heads.map((line) => line.replaceAll(/[0-9a-f]{12}$/g, "<hash>"))).toEqual([
    expect.stringMatching(/^version 2 {2}train {2}2026-01-01T03/),
    "look at the sealed test  eval  2026-01-01T02:00:00.000Z  version 1 on 12 tests: proven \\x1b[2J  <hash>",
    expect.stringMatching(/^version 1 {2}train {2}2026-01-01T01/),
    "look at the sealed test  train  2026-01-01T00:00:00.000Z  version 0 on 1 test: not proven  -",
  ]);
});
