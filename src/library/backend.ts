import type { History } from "./history.ts";
import type { LibraryPlace, LibraryState } from "./state.ts";

/** A line for the history, a text for the library, or both where the line is the version that the text makes. */
export interface Step {
  /** JSON, without its line end. */
  line?: string;
  text?: string;
}

/** What a rule makes of a state. */
export interface Change<T> {
  /** In this order; none leaves everything as it is. */
  steps: readonly Step[];
  result: T;
}

/** Where one library is kept. What a change means is none of its business. */
export interface LibraryBackend extends LibraryPlace {
  /** The library's text as it stands. */
  text(): Promise<string | null>;
  /** @throws GrpoError LIBRARY_HISTORY_INVALID, LIBRARY_HISTORY_TRUNCATED */
  history(): Promise<History>;
  /** Text and history of one moment, and whether a change that had been cut off was completed for it. */
  state(): Promise<{ state: LibraryState; recovered: boolean }>;
  /**
   * Makes the change that the rule asks for, while nobody else can write: the rule sees the state that the change
   * is made on. What a rule throws changes nothing.
   * @throws GrpoError LIBRARY_LOCKED, LIBRARY_NOT_WRITABLE
   */
  change<T>(rule: (state: LibraryState) => Change<T>): Promise<T>;
  /** Keeps a candidate where a person finds it, in the place of an earlier one; says where. */
  keep(text: string): Promise<string>;
  /**
   * Keeps the library to one training run over all machines, where the backend can. Resolves to what gives it back.
   * @throws GrpoError LIBRARY_IN_TRAINING, at once
   */
  lockForTraining?(): Promise<() => Promise<void>>;
}
