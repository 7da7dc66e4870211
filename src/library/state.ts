import { emptyLibrary, type LibraryDocument, parseLibrary } from "./document.ts";
import { GrpoError } from "./error.ts";
import { hashText } from "./files.ts";
import { type AcceptedEntry, type History, type HistoryEntry, isAccepted } from "./history.ts";

/** Which library: its agent and its route. */
export interface LibraryAddress {
  readonly agent: string;
  readonly route: string;
}

/** What a library is called, and how errors name the places of its text and its history. */
export interface LibraryPlace extends LibraryAddress {
  readonly path: string;
  readonly historyPath: string;
}

/** A library's text and its versions and rejected candidates, at one moment. */
export interface Versions {
  entries: readonly HistoryEntry[];
  /** The last accepted version. */
  last: AcceptedEntry | null;
  text: string | null;
  /** sha256 of `text`; null without one. */
  hash: string | null;
}

/** All that a library is, at one moment. */
export interface LibraryState extends Versions, History {
  entries: HistoryEntry[];
}

export function stateOf(text: string | null, history: History): LibraryState {
  return {
    ...history,
    last: history.entries.findLast(isAccepted) ?? null,
    text,
    hash: text === null ? null : hashText(text),
  };
}

/**
 * The library that a text of this address holds; the empty one for null.
 * @throws GrpoError LIBRARY_MISPLACED, and what `parseLibrary` throws
 */
export function parseOwn(address: LibraryAddress, text: string | null, place: string): LibraryDocument {
  const document = text === null ? emptyLibrary(address) : parseLibrary(text, place);
  if (document.agent === address.agent && document.route === address.route) return document;
  throw new GrpoError({
    code: "LIBRARY_MISPLACED",
    message: `The library says it belongs to ${document.agent}/${document.route}, not ${address.agent}/${address.route}.`,
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
export function requireFile({ path }: LibraryPlace, { text, last }: Versions): void {
  if (text !== null || last === null) return;
  throw new GrpoError({
    code: "LIBRARY_FILE_MISSING",
    message: `The history goes up to version ${last.version}, but the library file is gone.`,
    place: path,
    remedy: `Roll back to version ${last.version} to bring it back, or delete the history too to start anew.`,
  });
}

/** @throws GrpoError LIBRARY_VERSION_UNKNOWN */
export function requireVersion(
  place: LibraryPlace,
  entries: readonly HistoryEntry[],
  version: number,
): AcceptedEntry {
  const accepted = entries.filter(isAccepted);
  const found = accepted.find((entry) => entry.version === version);
  if (found !== undefined) return found;
  const known = accepted.map((entry) => entry.version).join(", ");
  throw new GrpoError({
    code: "LIBRARY_VERSION_UNKNOWN",
    message: `The library of ${place.agent}/${place.route} has no version ${version}.`,
    place: place.historyPath,
    remedy: known === "" ? "Nothing has been committed yet." : `Its versions are ${known}.`,
  });
}

/** Whether a person changed the file since the last recorded version. */
export function isEdited({ text, hash, last }: Versions): boolean {
  return text !== null && hash !== (last?.hash ?? null);
}

/** The number that the next version takes. A first file made by hand may bring its own. */
export function nextVersion({ last }: Versions, document: LibraryDocument): number {
  return last === null ? Math.max(1, document.version) : last.version + 1;
}
