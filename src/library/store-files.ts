import { join } from "node:path";
import type { Change, LibraryBackend, Step } from "./backend.ts";
import { GrpoError } from "./error.ts";
import { requireName } from "./experience.ts";
import {
  appendDurably,
  hashText,
  readLines,
  readText,
  renameDurably,
  truncateDurably,
  writeDurably,
  writingTo,
} from "./files.ts";
import { type History, type HistoryEntry, isAccepted, parseHistory } from "./history.ts";
import { withLock } from "./lock.ts";
import {
  type LibraryAddress,
  type LibraryPlace,
  type LibraryState,
  stateOf,
  type Versions,
} from "./state.ts";

/** Which library, and the root folder that it is in. */
export interface FileAddress extends LibraryAddress {
  root: string;
}

/** The files of one library. */
export interface LibraryFiles extends LibraryPlace {
  folder: string;
  /** The next version while it is being committed. */
  pending: string;
  lock: string;
}

/** @throws GrpoError LIBRARY_NAME_INVALID */
export function filesOf({ root, agent, route }: FileAddress): LibraryFiles {
  const folder = join(root, requireName("agent", agent));
  requireName("route", route);
  return {
    agent,
    route,
    folder,
    path: join(folder, `${route}.md`),
    historyPath: join(folder, `${route}.history.jsonl`),
    pending: join(folder, `.${route}.md.pending`),
    lock: join(folder, `.${route}.lock`),
  };
}

export function readHistory(files: LibraryFiles): History {
  const { whole, rest } = readLines(files.historyPath);
  const text = rest.length === 0 || isInterrupted(files, whole, rest) ? whole : readText(files.historyPath);
  return parseHistory(text ?? "", files.historyPath);
}

/**
 * Whether the history's last line is a write that was interrupted: it is no JSON, and the library is the version
 * before it. What it was to record did not happen. Otherwise something that did happen was cut off.
 */
function isInterrupted(files: LibraryFiles, whole: string, rest: Buffer): boolean {
  try {
    JSON.parse(rest.toString());
    return false;
  } catch {
    const last = parseHistory(whole, files.historyPath).entries.findLast(isAccepted);
    const text = readText(files.path);
    return (text === null ? null : hashText(text)) === (last?.hash ?? null);
  }
}

/** Takes an interrupted line away, so that the next one does not follow it. */
function mendHistory(files: LibraryFiles): void {
  const { whole, rest } = readLines(files.historyPath);
  if (rest.length > 0 && isInterrupted(files, whole, rest))
    truncateDurably(files.historyPath, Buffer.byteLength(whole));
}

/**
 * Whether a commit was cut off after its history entry and before the library file took the new text. The
 * pending file tells that from a person who put an older text back.
 */
function isCutOff(files: LibraryFiles, { last, hash }: Versions): boolean {
  if (last === null || hash === last.hash || hash !== last.parentHash) return false;
  const pending = readText(files.pending);
  return pending !== null && hashText(pending) === last.hash;
}

/** A library in files, one folder an agent. Its actions run to their end before they return. */
export function fileBackend(files: LibraryFiles): LibraryBackend {
  return {
    agent: files.agent,
    route: files.route,
    path: files.path,
    historyPath: files.historyPath,
    text: async () => readText(files.path),
    history: async () => readHistory(files),
    state: async () => completed(files),
    change: async (rule) => writing(files, (state) => apply(files, rule(state))),
    keep: async (text) => keepCandidate(files, text),
  };
}

/** Puts a candidate that could not be committed beside the library; returns its path. */
export function keepCandidate({ folder, path }: LibraryFiles, text: string): string {
  const candidate = `${path}.candidate`;
  writingTo(folder, () => writeDurably(candidate, text));
  return candidate;
}

export function readEntries(files: LibraryFiles): HistoryEntry[] {
  return readHistory(files).entries;
}

const readState = (files: LibraryFiles): LibraryState => stateOf(readText(files.path), readHistory(files));

/**
 * What stands on the disk, with a commit that was cut off completed. Where the repair cannot be written (or
 * another process is at it), the reader still gets the new version.
 */
function completed(files: LibraryFiles): { state: LibraryState; recovered: boolean } {
  const found = readState(files);
  if (!isCutOff(files, found)) return { state: found, recovered: false };
  try {
    return { state: writing(files, (state) => state), recovered: true };
  } catch (error) {
    const isHarmless =
      error instanceof GrpoError &&
      (error.code === "LIBRARY_NOT_WRITABLE" || error.code === "LIBRARY_LOCKED");
    if (!isHarmless || found.last === null) throw error;
    return { state: { ...found, text: found.last.text, hash: found.last.hash }, recovered: true };
  }
}

/** Runs an action that writes, alone, on the state of the disk with a commit that was cut off completed. */
function writing<T>(files: LibraryFiles, action: (state: LibraryState) => T): T {
  return writingTo(files.folder, () =>
    withLock(files.lock, () => {
      mendHistory(files);
      const state = readState(files);
      if (!isCutOff(files, state)) return action(state);
      renameDurably(files.pending, files.path);
      return action(readState(files));
    }),
  );
}

function apply<T>(files: LibraryFiles, { steps, result }: Change<T>): T {
  for (const step of steps) put(files, step);
  return result;
}

/**
 * One step of a change. Where a line makes a version, the line is the commit itself: a crash before it leaves a
 * pending file that the next commit overwrites, a crash after it a pending file that the next load puts into place.
 */
function put(files: LibraryFiles, { line, text }: Step): void {
  if (text !== undefined) writeDurably(files.pending, text);
  if (line !== undefined) appendDurably(files.historyPath, line);
  if (text !== undefined) renameDurably(files.pending, files.path);
}
