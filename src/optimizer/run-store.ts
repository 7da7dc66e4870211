import { nextDocument } from "../library/commits.ts";
import { hashText, readText, writeDurably, writingTo } from "../library/files.ts";
import { isAccepted } from "../library/history.ts";
import {
  type CommitRequest,
  type CommittedLibrary,
  GrpoError,
  type HistoryEntry,
  type LibraryStore,
  type LoadedLibrary,
  type RejectRequest,
} from "../library/index.ts";
import { loadedFrom } from "../library/store.ts";
import { filesOf, type LibraryState } from "../library/store-files.ts";
import { threeWayPicture } from "../library/three-way.ts";

/** The library as it was when a run began. */
export interface StartingLibrary {
  /** The file's text and its hash; null when there was none. */
  text: string | null;
  hash: string | null;
  /** Entries that the history held. */
  entries: number;
}

export interface RunStoreOptions {
  store: LibraryStore;
  root: string;
  runId: string;
  start: StartingLibrary;
  /** Called before an entry or a look is written: what the run has met until then will not change any more. */
  seal?: () => void;
}

/** What a run that begins now starts from. @throws GrpoError what is wrong with library or history */
export function startingLibrary(store: LibraryStore): StartingLibrary {
  const { document, hash } = store.load();
  return { text: hash === null ? null : document.source, hash, entries: store.history().length };
}

/**
 * The library as one training run sees it. A run that is resumed meets the library that it began with, and
 * its own entries answer what it commits, one after the other, as long as there are any; from then on this is
 * the store itself. A library that somebody else changed since the run last saw it stops the run.
 * @throws GrpoError LIBRARY_CONFLICT, at once when a run is resumed and later at every load; RESUME_DIVERGED
 */
export function runStore(options: RunStoreOptions): LibraryStore {
  const view = new RunView(options);
  const { store } = options;
  return {
    ...store,
    load: () => view.load(),
    history: () => view.history(),
    commit: (request) => view.commit(request),
    recordRejected: (request) => view.recordRejected(request),
    looks: () => store.looks().filter((look) => look.run !== options.runId),
    recordLook: (look) => {
      const known = store.looks().some((one) => one.run === options.runId && one.hash === look.hash);
      if (known) return;
      options.seal?.();
      store.recordLook({ ...look, run: options.runId });
    },
    recordQuarantined: (notes) => {
      options.seal?.();
      return store.recordQuarantined({ ...notes, run: options.runId });
    },
  };
}

class RunView {
  readonly #options: RunStoreOptions;
  readonly #recorded: readonly HistoryEntry[];
  /** Entries of the history that the run has met. */
  #met: number;
  /** Entries of its own that it has made or replayed. */
  #own = 0;
  #text: string | null;
  #hash: string | null;

  constructor(options: RunStoreOptions) {
    const { store, start, runId } = options;
    this.#options = options;
    this.#recorded = store.history();
    this.#met = start.entries;
    this.#text = start.text;
    this.#hash = start.hash;
    const own = this.#recorded.slice(start.entries).filter((entry) => entry.run?.id === runId);
    const { hash } = store.load();
    const last = own.findLast(isAccepted) ?? start;
    if (hash !== last.hash) throw this.#conflict(last.text);
  }

  load(): LoadedLibrary {
    if (this.#next() !== undefined) {
      return { ...loadedFrom(this.#files(), this.#state(this.#met)), recovered: false };
    }
    const loaded = this.#options.store.load();
    if (loaded.hash !== this.#hash) throw this.#conflict(this.#text);
    return loaded;
  }

  history(): HistoryEntry[] {
    return this.#next() === undefined ? this.#options.store.history() : this.#recorded.slice(0, this.#met);
  }

  commit(request: CommitRequest): CommittedLibrary {
    const { store } = this.#options;
    const next = this.#next();
    if (next === undefined) {
      const committed = this.#writing(request, (entry) => store.commit({ ...request, entry }));
      this.#text = committed.document.source;
      this.#hash = committed.hash;
      return committed;
    }
    const document = nextDocument(this.#state(next.index), request.document);
    const parent = request.expectedParentHash;
    const { hash, version } = this.#replay(next, "accepted", document.source, parent);
    this.#text = document.source;
    this.#hash = hash;
    return { document, hash, version: version ?? document.version };
  }

  recordRejected(request: RejectRequest): HistoryEntry {
    const next = this.#next();
    if (next !== undefined)
      return this.#replay(next, "rejected", request.document.source, request.parentHash);
    return this.#writing(request, (entry) => this.#options.store.recordRejected({ ...request, entry }));
  }

  /** The run's next entry on record, if there is one left. */
  #next(): { entry: HistoryEntry; index: number } | undefined {
    const index = this.#recorded.findIndex(
      (entry, at) => at >= this.#met && entry.run?.id === this.#options.runId,
    );
    const entry = this.#recorded[index];
    return entry === undefined ? undefined : { entry, index };
  }

  #replay(
    { entry, index }: { entry: HistoryEntry; index: number },
    status: HistoryEntry["status"],
    text: string,
    parentHash: string | null,
  ): HistoryEntry {
    this.#own++;
    const same = entry.status === status && entry.text === text && entry.parentHash === parentHash;
    if (!same || entry.run?.entry !== this.#own) throw this.#diverged(entry, status);
    this.#met = index + 1;
    return entry;
  }

  #writing<T>(
    { document, entry }: Pick<CommitRequest, "document" | "entry">,
    write: (entry: CommitRequest["entry"]) => T,
  ): T {
    const { seal, runId } = this.#options;
    seal?.();
    try {
      const written = write({ ...entry, run: { id: runId, entry: this.#own + 1 } });
      this.#own++;
      return written;
    } catch (error) {
      if (!(error instanceof GrpoError) || error.code !== "LIBRARY_CONFLICT") throw error;
      const candidate = { text: document.source, path: this.#keep(document.source) };
      throw this.#conflict(this.#text, candidate, error);
    }
  }

  /** Puts a candidate that could not be committed beside the library. */
  #keep(text: string): string {
    const { library, folder } = this.#files();
    const path = `${library}.candidate`;
    writingTo(folder, () => writeDurably(path, text));
    return path;
  }

  #files() {
    const { root, store } = this.#options;
    return filesOf({ root, agent: store.agent, route: store.route });
  }

  #state(met: number): LibraryState {
    const entries = this.#recorded.slice(0, met);
    const text = this.#text;
    const hash = text === null ? null : hashText(text);
    return { entries, last: entries.findLast(isAccepted) ?? null, text, hash };
  }

  #conflict(base: string | null, candidate?: { text: string; path: string }, cause?: unknown): GrpoError {
    const { store, runId, start } = this.#options;
    const from = start.hash === null ? "no library" : `the library ${start.hash.slice(0, 12)}`;
    const kept =
      candidate === undefined
        ? ""
        : ` The candidate is in ${candidate.path}; merge by hand what you want of it.`;
    const details = threeWayPicture(store.path, {
      base,
      theirs: readText(this.#files().library),
      ...(candidate === undefined ? {} : { ours: candidate.text }),
    });
    return new GrpoError({
      code: "LIBRARY_CONFLICT",
      message: `The library was changed by somebody else while run ${runId}, which began with ${from}, was under way; nothing was written over it.${kept}`,
      place: store.path,
      remedy: `Put back what was there (promptfoo-grpo library log) and resume, or go on from what it says now with \`train --resume ${runId} --fork\`.`,
      details,
      exitCode: 5,
      cause,
    });
  }

  #diverged(entry: HistoryEntry, status: HistoryEntry["status"]): GrpoError {
    const { store, runId } = this.#options;
    return new GrpoError({
      code: "RESUME_DIVERGED",
      message: `Run ${runId} comes to another ${status} candidate than the ${entry.status} one that is entry ${this.#own} of its history, so something that is not journalled answers differently now (a grader, a script).`,
      place: store.historyPath,
      remedy: `Nothing was written; \`train --resume ${runId} --fork\` starts a new run from the library as it is, with the answers paid for.`,
    });
  }
}
