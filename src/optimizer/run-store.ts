import { nextDocument } from "../library/commits.ts";
import { hashText } from "../library/files.ts";
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
import type { Versions } from "../library/state.ts";
import { loadedFrom } from "../library/store.ts";
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
  runId: string;
  start: StartingLibrary;
  /** Called before an entry or a look is written: what the run has met until then will not change any more. */
  seal?: () => void;
}

/** What a run that begins now starts from. @throws GrpoError what is wrong with library or history */
export async function startingLibrary(store: LibraryStore): Promise<StartingLibrary> {
  const { document, hash } = await store.load();
  const entries = (await store.history()).length;
  return { text: hash === null ? null : document.source, hash, entries };
}

/**
 * The library as one training run sees it. A run that is resumed meets the library that it began with, and
 * its own entries answer what it commits, one after the other, as long as there are any; from then on this is
 * the store itself. A library that somebody else changed since the run last saw it stops the run.
 * @throws GrpoError LIBRARY_CONFLICT, at once when a run is resumed and later at every load; RESUME_DIVERGED
 */
export async function runStore(options: RunStoreOptions): Promise<LibraryStore> {
  const view = await openView(options);
  const { store } = options;
  return {
    ...store,
    load: () => view.load(),
    history: () => view.history(),
    commit: (request) => view.commit(request),
    recordRejected: (request) => view.recordRejected(request),
    looks: async () => (await store.looks()).filter((look) => look.run !== options.runId),
    recordLook: async (look) => {
      const known = (await store.looks()).some((one) => one.run === options.runId && one.hash === look.hash);
      if (known) return;
      options.seal?.();
      await store.recordLook({ ...look, run: options.runId });
    },
    recordQuarantined: async (notes) => {
      options.seal?.();
      return store.recordQuarantined({ ...notes, run: options.runId });
    },
  };
}

async function openView(options: RunStoreOptions): Promise<RunView> {
  const view = new RunView(options, await options.store.history());
  await view.requireOwn();
  return view;
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

  constructor(options: RunStoreOptions, recorded: readonly HistoryEntry[]) {
    this.#options = options;
    this.#recorded = recorded;
    this.#met = options.start.entries;
    this.#text = options.start.text;
    this.#hash = options.start.hash;
  }

  /** @throws GrpoError LIBRARY_CONFLICT when the library is not the one that the run left */
  async requireOwn(): Promise<void> {
    const { store, start, runId } = this.#options;
    const own = this.#recorded.slice(start.entries).filter((entry) => entry.run?.id === runId);
    const { hash } = await store.load();
    const last = own.findLast(isAccepted) ?? start;
    if (hash !== last.hash) throw await this.#conflict(last.text);
  }

  async load(): Promise<LoadedLibrary> {
    if (this.#next() !== undefined) {
      return { ...loadedFrom(this.#options.store, this.#state(this.#met)), recovered: false };
    }
    const loaded = await this.#options.store.load();
    if (loaded.hash !== this.#hash) throw await this.#conflict(this.#text);
    return loaded;
  }

  async history(): Promise<HistoryEntry[]> {
    return this.#next() === undefined ? this.#options.store.history() : this.#recorded.slice(0, this.#met);
  }

  async commit(request: CommitRequest): Promise<CommittedLibrary> {
    const { store } = this.#options;
    const next = this.#next();
    if (next === undefined) {
      const committed = await this.#writing(request, (entry) => store.commit({ ...request, entry }));
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

  async recordRejected(request: RejectRequest): Promise<HistoryEntry> {
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

  async #writing<T>(
    { document, entry }: Pick<CommitRequest, "document" | "entry">,
    write: (entry: CommitRequest["entry"]) => Promise<T>,
  ): Promise<T> {
    const { seal, runId } = this.#options;
    seal?.();
    try {
      const written = await write({ ...entry, run: { id: runId, entry: this.#own + 1 } });
      this.#own++;
      return written;
    } catch (error) {
      if (!(error instanceof GrpoError) || error.code !== "LIBRARY_CONFLICT") throw error;
      const path = await this.#options.store.keepCandidate(document.source);
      throw await this.#conflict(this.#text, { text: document.source, path }, error);
    }
  }

  #state(met: number): Versions {
    const entries = this.#recorded.slice(0, met);
    const text = this.#text;
    const hash = text === null ? null : hashText(text);
    return { entries, last: entries.findLast(isAccepted) ?? null, text, hash };
  }

  async #conflict(
    base: string | null,
    candidate?: { text: string; path: string },
    cause?: unknown,
  ): Promise<GrpoError> {
    const { store, runId, start } = this.#options;
    const from = start.hash === null ? "no library" : `the library ${start.hash.slice(0, 12)}`;
    const kept =
      candidate === undefined
        ? ""
        : ` The candidate is in ${candidate.path}; merge by hand what you want of it.`;
    const details = threeWayPicture(store.path, {
      base,
      theirs: await store.current(),
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
