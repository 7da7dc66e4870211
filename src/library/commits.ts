import type { Change, Step } from "./backend.ts";
import { operationsBetween } from "./changes.ts";
import { type LibraryDocument, settleNextId, withNextId, withVersion } from "./document.ts";
import { GrpoError } from "./error.ts";
import { idNumber } from "./experience.ts";
import { hashText } from "./files.ts";
import {
  type EntryNotes,
  EntryNotesSchema,
  type HistoryEntry,
  HistoryEntrySchema,
  isAccepted,
  printEntry,
} from "./history.ts";
import {
  isEdited,
  type LibraryPlace,
  nextIdOf,
  nextVersion,
  parseOwn,
  requireFile,
  requireVersion,
  type Versions,
} from "./state.ts";

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
  place: LibraryPlace,
  found: Versions,
  request: CommitRequest,
  clock: Clock,
): Change<CommittedLibrary> {
  requireFile(place, found);
  if (found.hash !== request.expectedParentHash) {
    throw new GrpoError({
      code: "LIBRARY_CONFLICT",
      message: "The library was changed since it was read, so this version was not written over it.",
      place: place.path,
      remedy: "Load the library again and make the change on what it says now.",
      exitCode: 5,
    });
  }
  const own = parseOwn(place, request.document.source, place.path);
  const document = withNextId(own, request.document.nextId);
  requireFreshIds(place, found, document);
  const { state, steps } = withHumanEdit(place, found, clock);
  return putNext(place, state, steps, { document, notes: request.entry }, clock);
}

export function rollback(
  place: LibraryPlace,
  found: Versions,
  { version, reason }: { version: number; reason: string },
  clock: Clock,
): Change<CommittedLibrary> {
  const target = requireVersion(place, found.entries, version);
  const document = parseOwn(place, target.text, `${place.historyPath} version ${version}`);
  const { state, steps } = withHumanEdit(place, found, clock);
  return putNext(place, state, steps, { document, notes: { author: "rollback", reason } }, clock);
}

export function recordRejected(
  place: LibraryPlace,
  found: Versions,
  { document, parentHash, entry }: RejectRequest,
  clock: Clock,
): Change<HistoryEntry> {
  parseOwn(place, document.source, place.path);
  const { state, steps } = withHumanEdit(place, found, clock);
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
  return { steps: [...steps, { line: printEntry(rejected) }], result: rejected };
}

/** A person's edit enters the history as it stands; the text is not touched. */
function withHumanEdit(
  place: LibraryPlace,
  state: Versions,
  clock: Clock,
): { state: Versions; steps: readonly Step[] } {
  const { text, hash, last } = state;
  if (text === null || hash === null || !isEdited(state)) return { state, steps: [] };
  const document = parseOwn(place, text, place.path);
  const before = parseOwn(place, last?.text ?? null, place.historyPath);
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
  const entries = [...state.entries, entry];
  const accepted = isAccepted(entry) ? entry : last;
  return { state: { ...state, entries, last: accepted }, steps: [{ line: printEntry(entry) }] };
}

/** The document as it stands in the file once it is the version after this state. */
export function nextDocument(
  { entries, last }: Pick<Versions, "entries" | "last">,
  document: LibraryDocument,
): LibraryDocument {
  const settled = settleNextId(withNextId(document, nextIdOf(entries)));
  return withVersion(settled, (last?.version ?? 0) + 1);
}

function putNext(
  place: LibraryPlace,
  state: Versions,
  before: readonly Step[],
  { document, notes }: { document: LibraryDocument; notes: EntryNotes },
  clock: Clock,
): Change<CommittedLibrary> {
  const { last, text, hash: parentHash } = state;
  const next = nextDocument(state, document);
  const { version } = next;
  if (text !== null) {
    const parent = parseOwn(place, text, place.path);
    if (withVersion(next, parent.version).source === text) throw unchanged(place, last?.version ?? 0);
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
  const steps = [...before, { line: printEntry(entry), text: next.source }];
  return { steps, result: { document: next, hash, version } };
}

/** An id stands for one experience for ever: a new one may not take the number of one that was deleted. */
function requireFreshIds(place: LibraryPlace, state: Versions, document: LibraryDocument): void {
  const kept = new Set(parseOwn(place, state.text, place.path).experiences.map(({ id }) => id));
  const nextId = nextIdOf(state.entries);
  const reused = document.experiences.find(({ id }) => !kept.has(id) && idNumber(id) < nextId);
  if (reused === undefined) return;
  throw new GrpoError({
    code: "LIBRARY_ID_REUSED",
    message: `The new experience ${reused.id} takes the id of one that an earlier version held.`,
    place: place.path,
    remedy: "Make changes on the document that load() returns: it knows the ids of the history.",
  });
}

function unchanged(place: LibraryPlace, version: number): GrpoError {
  return new GrpoError({
    code: "LIBRARY_UNCHANGED",
    message: `The library already is what this would make it (version ${version}).`,
    place: place.path,
    remedy: "Nothing needs to be done.",
  });
}
