import { join } from "node:path";
import { emptyLibrary, type LibraryDocument, parseLibrary } from "./document.ts";
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
import {
  type AcceptedEntry,
  type History,
  type HistoryEntry,
  isAccepted,
  parseHistory,
  printEntry,
} from "./history.ts";
import { withLock } from "./lock.ts";
import type { Look } from "./looks.ts";
import type { Quarantined } from "./quarantine.ts";

/** Which library: its root folder, its agent and its route. */
export interface LibraryAddress {
  root: string;
  agent: string;
  route: string;
}

/** What a library is called, and how an error names the place where it is. */
export interface LibraryPlace {
  readonly agent: string;
  readonly route: string;
  readonly path: string;
}

/** The files of one library. */
export interface LibraryFiles extends LibraryAddress {
  folder: string;
  library: string;
  history: string;
  /** The next version while it is being committed. */
  pending: string;
  lock: string;
}

/** What stands on the disk. */
export interface LibraryState {
  entries: HistoryEntry[];
  /** The last accepted version. */
  last: AcceptedEntry | null;
  text: string | null;
  /** sha256 of `text`; null without a file. */
  hash: string | null;
}

/** @throws GrpoError LIBRARY_NAME_INVALID */
export function filesOf({ root, agent, route }: LibraryAddress): LibraryFiles {
  const folder = join(root, requireName("agent", agent));
  requireName("route", route);
  return {
    root,
    agent,
    route,
    folder,
    library: join(folder, `${route}.md`),
    history: join(folder, `${route}.history.jsonl`),
    pending: join(folder, `.${route}.md.pending`),
    lock: join(folder, `.${route}.lock`),
  };
}

export function readEntries(files: LibraryFiles): HistoryEntry[] {
  return readHistory(files).entries;
}

export function readHistory(files: LibraryFiles): History {
  const { whole, rest } = readLines(files.history);
  const text = rest.length === 0 || isInterrupted(files, whole, rest) ? whole : readText(files.history);
  return parseHistory(text ?? "", files.history);
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
    const last = parseHistory(whole, files.history).entries.findLast(isAccepted);
    const text = readText(files.library);
    return (text === null ? null : hashText(text)) === (last?.hash ?? null);
  }
}

/** Takes an interrupted line away, so that the next one does not follow it. */
function mendHistory(files: LibraryFiles): void {
  const { whole, rest } = readLines(files.history);
  if (rest.length > 0 && isInterrupted(files, whole, rest))
    truncateDurably(files.history, Buffer.byteLength(whole));
}

export function readState(files: LibraryFiles): LibraryState {
  const entries = readEntries(files);
  const text = readText(files.library);
  return {
    entries,
    last: entries.findLast(isAccepted) ?? null,
    text,
    hash: text === null ? null : hashText(text),
  };
}

/**
 * Whether a commit was cut off after its history entry and before the library file took the new text. The
 * pending file tells that from a person who put an older text back.
 */
export function isCutOff(files: LibraryFiles, { last, hash }: LibraryState): boolean {
  if (last === null || hash === last.hash || hash !== last.parentHash) return false;
  const pending = readText(files.pending);
  return pending !== null && hashText(pending) === last.hash;
}

/** Runs an action that writes, alone, on the state of the disk with a commit that was cut off completed. */
export function writing<T>(files: LibraryFiles, action: (state: LibraryState) => T): T {
  return writingTo(files.folder, () =>
    withLock(files.lock, () => {
      mendHistory(files);
      const state = readState(files);
      if (!isCutOff(files, state)) return action(state);
      renameDurably(files.pending, files.library);
      return action(readState(files));
    }),
  );
}

/**
 * The commit itself. The history entry is what makes a version: a crash before it leaves a pending file that
 * the next commit overwrites, a crash after it a pending file that the next load puts into place.
 */
export function putVersion(files: LibraryFiles, entry: HistoryEntry): void {
  writeDurably(files.pending, entry.text);
  appendEntry(files, entry);
  renameDurably(files.pending, files.library);
}

export function appendEntry(files: LibraryFiles, entry: HistoryEntry): void {
  appendDurably(files.history, printEntry(entry));
}

/** A line that is no version. */
export function appendNote(files: LibraryFiles, note: Look | Quarantined): void {
  appendDurably(files.history, JSON.stringify(note));
}

/**
 * The library that a text of this address holds; the empty one for null.
 * @throws GrpoError LIBRARY_MISPLACED, and what `parseLibrary` throws
 */
export function parseOwn(
  files: Pick<LibraryPlace, "agent" | "route">,
  text: string | null,
  place: string,
): LibraryDocument {
  const document = text === null ? emptyLibrary(files) : parseLibrary(text, place);
  if (document.agent === files.agent && document.route === files.route) return document;
  throw new GrpoError({
    code: "LIBRARY_MISPLACED",
    message: `The library says it belongs to ${document.agent}/${document.route}, not ${files.agent}/${files.route}.`,
    place,
    remedy: "Correct agent and route in its front matter, or move the file.",
  });
}

/** One above every id that any accepted version has held. */
export function nextIdOf(entries: readonly HistoryEntry[]): number {
  let next = 1;
  for (const { text } of entries.filter(isAccepted)) {
    for (const match of text.matchAll(/^- \[E([1-9]\d{0,5})\]/gm))
      next = Math.max(next, Number(match[1]) + 1);
    next = Math.max(next, Number(/^next_id:[ \t]*(\d{1,6})/m.exec(text)?.[1] ?? 1));
  }
  return next;
}

/** Refuses to take a file that is gone for an empty library. */
export function requireFile(files: LibraryFiles, { text, last }: LibraryState): void {
  if (text !== null || last === null) return;
  throw new GrpoError({
    code: "LIBRARY_FILE_MISSING",
    message: `The history goes up to version ${last.version}, but the library file is gone.`,
    place: files.library,
    remedy: `Roll back to version ${last.version} to bring it back, or delete the history too to start anew.`,
  });
}

/** @throws GrpoError LIBRARY_VERSION_UNKNOWN */
export function requireVersion(
  files: LibraryFiles,
  entries: readonly HistoryEntry[],
  version: number,
): AcceptedEntry {
  const accepted = entries.filter(isAccepted);
  const found = accepted.find((entry) => entry.version === version);
  if (found !== undefined) return found;
  const known = accepted.map((entry) => entry.version).join(", ");
  throw new GrpoError({
    code: "LIBRARY_VERSION_UNKNOWN",
    message: `The library of ${files.agent}/${files.route} has no version ${version}.`,
    place: files.history,
    remedy: known === "" ? "Nothing has been committed yet." : `Its versions are ${known}.`,
  });
}

/** Whether a person changed the file since the last recorded version. */
export function isEdited({ text, hash, last }: LibraryState): boolean {
  return text !== null && hash !== (last?.hash ?? null);
}

/** The number that the next version takes. A first file made by hand may bring its own. */
export function nextVersion({ last }: LibraryState, document: LibraryDocument): number {
  return last === null ? Math.max(1, document.version) : last.version + 1;
}
