import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import {
  lintLibraryFile,
  listLibraries,
  logLibrary,
  rollbackLibrary,
  showLibrary,
} from "../../src/cli/library.ts";
import { diffVersions } from "../../src/cli/library-diff.ts";
import { fileStores, openLibraryStore } from "../../src/library/index.ts";
import { failure, temporaryFolder } from "./helpers.ts";

const TEXT = "---\nagent: integro\nroute: common\nversion: 1\n---\n- [E1] Ask one question.\n";

async function example() {
  const root = temporaryFolder();
  mkdirSync(join(root, "integro"));
  writeFileSync(join(root, "integro/common.md"), TEXT);
  writeFileSync(join(root, "integro/crisis.md"), "no library");
  const store = openLibraryStore({ root, agent: "integro", route: "common", now: () => new Date(0) });
  const { document, hash } = await store.load();
  const next = { ...document, source: `${TEXT}- [E2] Call {{name}}.\n` };
  await store.recordRejected({
    document: next,
    parentHash: hash,
    entry: { author: "train", reason: "worse\n\u001b[2Jversion 9" },
  });
  await store.commit({
    document: next,
    expectedParentHash: hash,
    entry: {
      author: "train",
      reason: "better",
      costUsd: 0.5,
      operations: [{ op: "ADD", text: "Call {{name}}.", reason: "warmer" }],
      evidence: [{ exampleId: "paul-01", reward: 1 }],
    },
  });
  return { root, store };
}

it("list names every library and what is wrong with one", async () => {
  const { root } = await example();
  expect((await listLibraries(fileStores(root))).split("\n")).toEqual([
    expect.stringMatching(/^integro\/common {2}version 2 {2}2 experiences {2}[0-9a-f]{12}$/),
    expect.stringMatching(/^integro\/crisis {2}LIBRARY_FRONT_MATTER .*crisis\.md:1: /),
  ]);
  expect(await failure(() => listLibraries(fileStores(join(root, "none"))))).toContain(
    "LIBRARY_ROOT_NOT_FOUND",
  );
  expect(await listLibraries(fileStores(temporaryFolder()))).toMatch(/^No library in /);
});

it("show prints the experiences", async () => {
  expect((await showLibrary((await example()).store)).split("\n").slice(1)).toEqual([
    "[E1] Ask one question.",
    "[E2] Call {{name}}.",
    "Adds ~29 tokens to each call.",
  ]);
});

it("log tells who, when, why and what, newest first, and obeys no escape", async () => {
  const { store } = await example();
  expect((await logLibrary(store)).replaceAll(/[0-9a-f]{12}/g, "<hash>")).toBe(
    [
      "version 2  train  1970-01-01T00:00:00.000Z  from version 1  $0.5000  <hash>",
      "  why: better",
      "  ADD Call {{name}}. (warmer)",
      "  evidence: paul-01",
      "rejected  train  1970-01-01T00:00:00.000Z  from version 1  <hash>",
      "  why: worse \\x1b[2Jversion 9",
      "version 1  human  1970-01-01T00:00:00.000Z  from nothing  <hash>",
      "  why: written by hand",
      "  ADD Ask one question.",
    ].join("\n"),
  );
  writeFileSync(store.path, "broken");
  expect(await logLibrary(store)).toMatch(/^LIBRARY_FRONT_MATTER .*\nversion 2 /);
});

it("diff, lint and rollback", async () => {
  const { store } = await example();
  expect(await diffVersions(store, 1, 2)).toBe("+ [E2] Call {{name}}.");
  expect(await lintLibraryFile(store)).toEqual({
    text: 'error  template-expression  E2: "{{" is a template expression.',
    hasErrors: true,
  });
  expect(await rollbackLibrary(store, 1, "worse")).toBe(
    "integro/common is back at the text of version 1, as version 3.",
  );
  expect(await lintLibraryFile(store)).toEqual({
    text: "integro/common: nothing to report.",
    hasErrors: false,
  });
});
