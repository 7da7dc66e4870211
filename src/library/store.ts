import {
  type CommitRequest,
  type CommittedLibrary,
  commit,
  type RejectRequest,
  recordRejected,
  rollback,
} from "./commits.ts";
import { type LibraryDocument, withNextId } from "./document.ts";
import { GrpoError } from "./error.ts";
import { normaliseText } from "./experience.ts";
import type { HistoryEntry } from "./history.ts";
import { type Look, type LookNotes, LookSchema } from "./looks.ts";
import { type Quarantined, QuarantinedSchema, type QuarantineNotes } from "./quarantine.ts";
import {
  appendNote,
  filesOf,
  isCutOff,
  isEdited,
  type LibraryAddress,
  type LibraryFiles,
  type LibraryState,
  nextIdOf,
  nextVersion,
  parseOwn,
  readEntries,
  readHistory,
  readState,
  requireFile,
  requireVersion,
  writing,
} from "./store-files.ts";

export interface LoadedLibrary {
  document: LibraryDocument;
  /** sha256 of the file; null when there is none yet. What `commit` compares. */
  hash: string | null;
  /** The version that this text is, or, when `edited`, will be once recorded; 0 without a file. */
  version: number;
  /** A person changed the file since the last recorded version. */
  edited: boolean;
  /** A commit had been cut off by a crash and was completed from its history entry. */
  recovered: boolean;
}

/** One library on the disk with its history. Every method is synchronous. */
export interface LibraryStore {
  readonly agent: string;
  readonly route: string;
  /** The Markdown file. */
  readonly path: string;
  readonly historyPath: string;
  /** The current library; the empty one when nothing was ever written. */
  load(): LoadedLibrary;
  /** Accepted versions and rejected candidates, oldest first. */
  history(): HistoryEntry[];
  readVersion(version: number): LibraryDocument;
  /**
   * Makes the document the next version, if the library still is the one it was made from; a person's edit
   * that is not in the history yet becomes a version of its own before it.
   * @throws GrpoError LIBRARY_CONFLICT, LIBRARY_UNCHANGED, LIBRARY_ID_REUSED, LIBRARY_NOT_WRITABLE, LIBRARY_LOCKED
   */
  commit(request: CommitRequest): CommittedLibrary;
  /** Remembers a candidate that was not taken; it gets no version number and the library stays as it is. */
  recordRejected(request: RejectRequest): HistoryEntry;
  /** Every time that the sealed test was read with this agent and route, oldest first. */
  looks(): Look[];
  recordLook(look: LookNotes): void;
  /** Texts that may not enter by themselves, oldest first. */
  quarantined(): Quarantined[];
  /** Keeps such a text, once: the same words again are the line that is there. */
  recordQuarantined(notes: QuarantineNotes): Quarantined;
  /** Makes an earlier version's text the next version. */
  rollback(version: number, reason: string): CommittedLibrary;
}

export interface StoreOptions extends LibraryAddress {
  now?: () => Date;
}

/** @throws GrpoError LIBRARY_NAME_INVALID */
export function openLibraryStore(options: StoreOptions): LibraryStore {
  const files = filesOf(options);
  const clock = options.now ?? (() => new Date());
  return {
    agent: files.agent,
    route: files.route,
    path: files.library,
    historyPath: files.history,
    load: () => load(files),
    history: () => readEntries(files),
    readVersion: (version) =>
      parseOwn(
        files,
        requireVersion(files, readEntries(files), version).text,
        `${files.history} version ${version}`,
      ),
    commit: (request) => writing(files, (state) => commit(files, state, request, clock)),
    recordRejected: (request) => writing(files, (state) => recordRejected(files, state, request, clock)),
    looks: () => readHistory(files).looks,
    recordLook: (look) =>
      writing(files, () =>
        appendNote(files, LookSchema.parse({ status: "look", at: clock().toISOString(), ...look })),
      ),
    quarantined: () => readHistory(files).quarantined,
    recordQuarantined: (notes) => writing(files, () => recordQuarantined(files, notes, clock)),
    rollback: (version, reason) =>
      writing(files, (state) => rollback(files, state, { version, reason }, clock)),
  };
}

function recordQuarantined(files: LibraryFiles, notes: QuarantineNotes, clock: () => Date): Quarantined {
  const { quarantined } = readHistory(files);
  const words = normaliseText(notes.text);
  const known = quarantined.find((one) => normaliseText(one.text) === words);
  if (known !== undefined) return known;
  const last = Number(quarantined.at(-1)?.id.slice(1) ?? 0);
  const at = clock().toISOString();
  const line = QuarantinedSchema.parse({ ...notes, status: "quarantined", id: `Q${last + 1}`, at });
  appendNote(files, line);
  return line;
}

function load(files: LibraryFiles): LoadedLibrary {
  const found = readState(files);
  const recovered = isCutOff(files, found);
  const state = recovered ? recover(files, found) : found;
  requireFile(files, state);
  return { ...loadedFrom(files, state), recovered };
}

/** What a reader gets of a state. @throws GrpoError what is wrong with the library's text */
export function loadedFrom(files: LibraryFiles, state: LibraryState): Omit<LoadedLibrary, "recovered"> {
  const { entries, text, hash, last } = state;
  const document = withNextId(parseOwn(files, text, files.library), nextIdOf(entries));
  const edited = isEdited(state);
  const recorded = text === null ? 0 : (last?.version ?? 0);
  const version = edited ? nextVersion(state, document) : recorded;
  return { document, hash, version, edited };
}

/** Where the repair cannot be written (or another process is at it), the reader still gets the new version. */
function recover(files: LibraryFiles, found: LibraryState): LibraryState {
  try {
    return writing(files, (state) => state);
  } catch (error) {
    const isHarmless =
      error instanceof GrpoError &&
      (error.code === "LIBRARY_NOT_WRITABLE" || error.code === "LIBRARY_LOCKED");
    if (!isHarmless || found.last === null) throw error;
    return { ...found, text: found.last.text, hash: found.last.hash };
  }
}
