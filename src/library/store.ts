import type { LibraryBackend } from "./backend.ts";
import {
  type CommitRequest,
  type CommittedLibrary,
  commit,
  type RejectRequest,
  recordRejected,
  rollback,
} from "./commits.ts";
import { type LibraryDocument, withNextId } from "./document.ts";
import type { HistoryEntry } from "./history.ts";
import { type Look, type LookNotes, LookSchema } from "./looks.ts";
import { type Quarantined, type QuarantineNotes, recordQuarantined } from "./quarantine.ts";
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
import { type FileAddress, fileBackend, filesOf } from "./store-files.ts";
import { type LibrarySnapshot, type Received, receive, snapshotOf } from "./transfer.ts";

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
  /** Where the text is, and where the history: paths, or names of what is in a database. */
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
  /** The whole library as it stands, to be received by another store. @throws GrpoError what is wrong with it */
  snapshot(): Promise<LibrarySnapshot>;
  /**
   * Takes a library's text and history over as they are, where what is here is an earlier state of it or nothing.
   * @throws GrpoError LIBRARY_DIVERGED
   */
  receive(snapshot: LibrarySnapshot): Promise<Received>;
  /**
   * Keeps the library to one training run over all machines; null where the store cannot. Resolves to what gives it back.
   * @throws GrpoError LIBRARY_IN_TRAINING, at once
   */
  lockForTraining(): Promise<(() => Promise<void>) | null>;
  /** Makes an earlier version's text the next version. */
  rollback(version: number, reason: string): Promise<CommittedLibrary>;
}

export interface StoreOptions extends FileAddress {
  now?: () => Date;
}

/** A library in files. @throws GrpoError LIBRARY_NAME_INVALID */
export function openLibraryStore({ now, ...address }: StoreOptions): LibraryStore {
  return storeOn(fileBackend(filesOf(address)), now);
}

/** A store wherever the backend keeps it: what a commit, an edit or a look makes of a library is the same for all. */
export function storeOn(backend: LibraryBackend, now: () => Date = () => new Date()): LibraryStore {
  const { agent, route, path, historyPath } = backend;
  return {
    agent,
    route,
    path,
    historyPath,
    load: () => load(backend),
    current: () => backend.text(),
    history: async () => (await backend.history()).entries,
    readVersion: async (version) => {
      const { text } = requireVersion(backend, (await backend.history()).entries, version);
      return parseOwn(backend, text, `${historyPath} version ${version}`);
    },
    commit: (request) => backend.change((state) => commit(backend, state, request, now)),
    keepCandidate: (text) => backend.keep(text),
    recordRejected: (request) => backend.change((state) => recordRejected(backend, state, request, now)),
    looks: async () => (await backend.history()).looks,
    recordLook: async (notes) => {
      const look = LookSchema.parse({ status: "look", at: now().toISOString(), ...notes });
      return backend.change(() => ({ steps: [{ line: JSON.stringify(look) }], result: undefined }));
    },
    quarantined: async () => (await backend.history()).quarantined,
    recordQuarantined: (notes) =>
      backend.change(({ quarantined }) => recordQuarantined(quarantined, notes, now)),
    snapshot: async () => snapshotOf(backend, (await backend.state()).state),
    receive: (snapshot) => backend.change((state) => receive(backend, state, snapshot)),
    lockForTraining: async () => (await backend.lockForTraining?.()) ?? null,
    rollback: (version, reason) =>
      backend.change((state) => rollback(backend, state, { version, reason }, now)),
  };
}

async function load(backend: LibraryBackend): Promise<LoadedLibrary> {
  const { state, recovered } = await backend.state();
  requireFile(backend, state);
  return { ...loadedFrom(backend, state), recovered };
}

/** What a reader gets of a state. @throws GrpoError what is wrong with the library's text */
export function loadedFrom(place: LibraryPlace, state: Versions): Omit<LoadedLibrary, "recovered"> {
  const { entries, text, hash, last } = state;
  const document = withNextId(parseOwn(place, text, place.path), nextIdOf(entries));
  const edited = isEdited(state);
  const recorded = text === null ? 0 : (last?.version ?? 0);
  const version = edited ? nextVersion(state, document) : recorded;
  return { document, hash, version, edited };
}
