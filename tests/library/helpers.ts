import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import {
  applyOperations,
  type EntryNotes,
  GrpoError,
  type LibraryStore,
  LimitsSchema,
  type Operation,
  openLibraryStore,
  parseLibrary,
} from "../../src/library/index.ts";

export const limits = LimitsSchema.parse({});

export function library(body: string, version = 3) {
  return parseLibrary(`---\nagent: integro\nroute: common\nversion: ${version}\n---\n${body}`, "lib.md");
}

/** `CODE place` of the GrpoError that the action throws. */
export async function failure(action: () => unknown): Promise<string> {
  try {
    await action();
  } catch (error) {
    if (error instanceof GrpoError) return `${error.code} ${error.place ?? ""}`.trim();
    throw error;
  }
  return "no error";
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "grpo-library-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const NOTES: EntryNotes = {
  author: "train",
  reason: "step 1",
  evidence: [{ exampleId: "paul-01", reward: 0.8 }],
  models: { agent: "echo" },
  costUsd: 0.01,
};

export function openStore(root = temporaryFolder()): LibraryStore {
  return openLibraryStore({ root, agent: "integro", route: "common", now: () => new Date(0) });
}

export async function change(store: LibraryStore, ...operations: Operation[]) {
  const { document, hash } = await store.load();
  const result = applyOperations(document, operations, limits);
  return store.commit({
    document: result.document,
    expectedParentHash: hash,
    entry: { ...NOTES, operations: result.applied.map(({ operation }) => operation) },
  });
}

export const add = (text: string): Operation => ({ op: "ADD", text });
