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
import { readText, writeDurably, writingTo } from "./files.ts";
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
  type LibraryPlace,
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

/** One library with its history, wherever it is kept. */
export interface LibraryStore {
  readonly agent: string;
  readonly route: string;
  /** Where the library is: the Markdown file's path. */
  readonly path: string;
  readonly historyPath: string;
  /** The current library; the empty one when nothing was ever written. */
  load(): Promise<LoadedLibrary>;
  /** The library's text as it stands, whether or not it can be read as one; null when there is none. */
  current(): Promise<string | null>;
  /** Accepted versions and rejected candidates, oldest first. */
  history(): Promise<HistoryEntry[]>;
  readVersion(version: number): Promise<LibraryDocument>;
  /**
   * Makes the document the next version, if the library still is the one it was made from; a person's edit
   * that is not in the history yet becomes a version of its own before it.
   * @throws GrpoError LIBRARY_CONFLICT, LIBRARY_UNCHANGED, LIBRARY_ID_REUSED, LIBRARY_NOT_WRITABLE, LIBRARY_LOCKED
   */
  commit(request: CommitRequest): Promise<CommittedLibrary>;
  /** Keeps a candidate that could not be committed, in the place of an earlier one; says where. */
  keepCandidate(text: string): Promise<string>;
  /** Remembers a candidate that was not taken; it gets no version number and the library stays as it is. */
  recordRejected(request: RejectRequest): Promise<HistoryEntry>;
  /** Every time that the sealed test was read with this agent and route, oldest first. */
  looks(): Promise<Look[]>;
  recordLook(look: LookNotes): Promise<void>;
  /** Texts that may not enter by themselves, oldest first. */
  quarantined(): Promise<Quarantined[]>;
  /** Keeps such a text, once: the same words again are the line that is there. */
  recordQuarantined(notes: QuarantineNotes): Promise<Quarantined>;
  /** Makes an earlier version's text the next version. */
  rollback(version: number, reason: string): Promise<CommittedLibrary>;
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
    load: async () => load(files),
    current: async () => readText(files.library),
    history: async () => readEntries(files),
    readVersion: async (version) =>
      parseOwn(
        files,
        requireVersion(files, readEntries(files), version).text,
        `${files.history} version ${version}`,
      ),
    commit: async (request) => writing(files, (state) => commit(files, state, request, clock)),
    keepCandidate: async (text) => keepCandidate(files, text),
    recordRejected: async (request) =>
      writing(files, (state) => recordRejected(files, state, request, clock)),
    looks: async () => readHistory(files).looks,
    recordLook: async (look) =>
      writing(files, () =>
        appendNote(files, LookSchema.parse({ status: "look", at: clock().toISOString(), ...look })),
      ),
    quarantined: async () => readHistory(files).quarantined,
    recordQuarantined: async (notes) => writing(files, () => recordQuarantined(files, notes, clock)),
    rollback: async (version, reason) =>
      writing(files, (state) => rollback(files, state, { version, reason }, clock)),
  };
}

function keepCandidate({ folder, library }: LibraryFiles, text: string): string {
  const path = `${library}.candidate`;
  writingTo(folder, () => writeDurably(path, text));
  return path;
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
  return { ...loadedFrom({ ...files, path: files.library }, state), recovered };
}

/** What a reader gets of a state. @throws GrpoError what is wrong with the library's text */
export function loadedFrom(place: LibraryPlace, state: LibraryState): Omit<LoadedLibrary, "recovered"> {
  const { entries, text, hash, last } = state;
  const document = withNextId(parseOwn(place, text, place.path), nextIdOf(entries));
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
