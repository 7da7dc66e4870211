import { mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { GrpoError } from "../library/error.ts";
import type { LibraryStore } from "../library/store.ts";
import { notWritable } from "./journal-errors.ts";
import { hashOf } from "./task.ts";

const BUSY = 5;

/**
 * Keeps a library to one training run at a time, from the first paid call to the last: by the store's own lock,
 * which holds over machines, or else by a file. The lock is one that the system takes back when the process ends,
 * however it ends. Resolves to what gives it back.
 * @throws GrpoError LIBRARY_IN_TRAINING, at once; JOURNAL_NOT_WRITABLE
 */
export async function lockLibrary(
  runs: string,
  store: Pick<LibraryStore, "path" | "lockForTraining">,
): Promise<() => void | Promise<void>> {
  return (await store.lockForTraining()) ?? lockFile(runs, store.path);
}

function lockFile(runs: string, libraryPath: string): () => void {
  const path = join(dirname(runs), "locks", `${hashOf(resolve(libraryPath)).slice(0, 16)}.sqlite`);
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true });
    database = new DatabaseSync(path);
    database.exec("PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE");
  } catch (cause) {
    database?.close();
    const code = cause instanceof Error && "errcode" in cause ? Number(cause.errcode) & 0xff : undefined;
    if (code !== BUSY) throw notWritable(path, cause instanceof Error ? cause.message : String(cause), cause);
    throw new GrpoError({
      code: "LIBRARY_IN_TRAINING",
      message: "Another run is training this library; nothing was called.",
      place: libraryPath,
      remedy: "Wait for it to end (promptfoo-grpo runs list), or train another --agent or --route.",
      exitCode: 5,
      cause,
    });
  }
  const held = database;
  return () => held.close();
}
