import { operationsBetween } from "./changes.ts";
import { type LibraryDocument, settleNextId, withNextId, withVersion } from "./document.ts";
import { GrpoError } from "./error.ts";
import { idNumber } from "./experience.ts";
import { hashText } from "./files.ts";
import { type EntryNotes, EntryNotesSchema, type HistoryEntry, HistoryEntrySchema } from "./history.ts";
import {
  appendEntry,
  isEdited,
  type LibraryFiles,
  type LibraryState,
  nextIdOf,
  nextVersion,
  parseOwn,
  putVersion,
  readState,
  requireFile,
  requireVersion,
} from "./store-files.ts";

export interface CommitRequest {
  document: LibraryDocument;
  /** The hash of the library that the document was made from. */
  expectedParentHash: string | null;
  entry: EntryNotes;
}

export interface RejectRequest {
  /** The candidate as it was judged. */
  document: LibraryDocument;
  parentHash: string | null;
  entry: EntryNotes;
}

export interface CommittedLibrary {
  document: LibraryDocument;
  hash: string;
  version: number;
}

export type Clock = () => Date;

export function commit(
  files: LibraryFiles,
  found: LibraryState,
  request: CommitRequest,
  clock: Clock,
): CommittedLibrary {
  requireFile(files, found);
  if (found.hash !== request.expectedParentHash) {
    throw new GrpoError({
      code: "LIBRARY_CONFLICT",
      message: "The library was changed since it was read, so this version was not written over it.",
      place: files.library,
      remedy: "Load the library again and make the change on what it says now.",
      exitCode: 5,
    });
  }
  const own = parseOwn(files, request.document.source, files.library);
  const document = withNextId(own, request.document.nextId);
  requireFreshIds(files, found, document);
  const state = recordHumanEdit(files, found, clock);
  return putNext(files, state, document, request.entry, clock);
}

export function rollback(
  files: LibraryFiles,
  found: LibraryState,
  { version, reason }: { version: number; reason: string },
  clock: Clock,
): CommittedLibrary {
  const target = requireVersion(files, found.entries, version);
  const document = parseOwn(files, target.text, `${files.history} version ${version}`);
  const state = recordHumanEdit(files, found, clock);
  return putNext(files, state, document, { author: "rollback", reason }, clock);
}

export function recordRejected(
  files: LibraryFiles,
  found: LibraryState,
  { document, parentHash, entry }: RejectRequest,
  clock: Clock,
): HistoryEntry {
  parseOwn(files, document.source, files.library);
  const state = recordHumanEdit(files, found, clock);
  const parent = state.entries.findLast((each) => each.version !== null && each.hash === parentHash);
  const rejected = HistoryEntrySchema.parse({
    ...EntryNotesSchema.parse(entry),
    status: "rejected",
    version: null,
    hash: hashText(document.source),
    parentHash,
    parentVersion: parent?.version ?? null,
    at: clock().toISOString(),
    text: document.source,
  });
  appendEntry(files, rejected);
  return rejected;
}

/** A person's edit enters the history as it stands; the file is not touched. */
function recordHumanEdit(files: LibraryFiles, state: LibraryState, clock: Clock): LibraryState {
  const { text, hash, last } = state;
  if (text === null || hash === null || !isEdited(state)) return state;
  const document = parseOwn(files, text, files.library);
  const before = parseOwn(files, last?.text ?? null, files.history);
  const since = last === null ? "written by hand" : `edited by hand since version ${last.version}`;
  const entry = HistoryEntrySchema.parse({
    ...EntryNotesSchema.parse({
      author: "human",
      reason: since,
      operations: operationsBetween(before, document),
    }),
    status: "accepted",
    version: nextVersion(state, document),
    hash,
    parentHash: last?.hash ?? null,
    parentVersion: last?.version ?? null,
    at: clock().toISOString(),
    text,
  });
  appendEntry(files, entry);
  return readState(files);
}

/** The document as it stands in the file once it is the version after this state. */
export function nextDocument(
  { entries, last }: Pick<LibraryState, "entries" | "last">,
  document: LibraryDocument,
): LibraryDocument {
  const settled = settleNextId(withNextId(document, nextIdOf(entries)));
  return withVersion(settled, (last?.version ?? 0) + 1);
}

function putNext(
  files: LibraryFiles,
  state: LibraryState,
  document: LibraryDocument,
  notes: EntryNotes,
  clock: Clock,
): CommittedLibrary {
  const { last, text, hash: parentHash } = state;
  const next = nextDocument(state, document);
  const { version } = next;
  if (text !== null) {
    const parent = parseOwn(files, text, files.library);
    if (withVersion(next, parent.version).source === text) throw unchanged(files, last?.version ?? 0);
  }
  const hash = hashText(next.source);
  const entry = HistoryEntrySchema.parse({
    ...EntryNotesSchema.parse(notes),
    status: "accepted",
    version,
    hash,
    parentHash,
    parentVersion: last?.version ?? null,
    at: clock().toISOString(),
    text: next.source,
  });
  putVersion(files, entry);
  return { document: next, hash, version };
}

/** An id stands for one experience for ever: a new one may not take the number of one that was deleted. */
function requireFreshIds(files: LibraryFiles, state: LibraryState, document: LibraryDocument): void {
  const kept = new Set(parseOwn(files, state.text, files.library).experiences.map(({ id }) => id));
  const nextId = nextIdOf(state.entries);
  const reused = document.experiences.find(({ id }) => !kept.has(id) && idNumber(id) < nextId);
  if (reused === undefined) return;
  throw new GrpoError({
    code: "LIBRARY_ID_REUSED",
    message: `The new experience ${reused.id} takes the id of one that an earlier version held.`,
    place: files.library,
    remedy: "Make changes on the document that load() returns: it knows the ids of the history.",
  });
}

function unchanged(files: LibraryFiles, version: number): GrpoError {
  return new GrpoError({
    code: "LIBRARY_UNCHANGED",
    message: `The library already is what this would make it (version ${version}).`,
    place: files.library,
    remedy: "Nothing needs to be done.",
  });
}
