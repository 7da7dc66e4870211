import { GrpoError } from "../library/error.ts";
import type { EventSink } from "./events.ts";
import { type Executor, embeddedExecutor } from "./executor.ts";
import { type Journal, memoryJournal } from "./journal.ts";
import { createLimiter, type Limiter } from "./limiter.ts";

export interface RuntimeOptions {
  concurrency: number;
  maxCostUsd?: number | undefined;
  journal?: Journal;
  signal?: AbortSignal | undefined;
  events?: EventSink;
  backoffMs?: number;
}

/** What every paid call of a run goes through: the executor with its journal, the limiter, the event stream. */
export class Runtime {
  readonly executor: Executor;
  readonly limiter: Limiter;
  readonly signal: AbortSignal | undefined;
  readonly emit: EventSink;
  /** From now on tasks are answered from the journal alone; what failed before is not asked again. */
  onlyRecorded = false;
  #stopped: GrpoError | undefined;
  #journal: Journal;

  constructor(options: RuntimeOptions) {
    this.#journal = options.journal ?? memoryJournal();
    this.executor = embeddedExecutor({
      get: (id) => this.#journal.get(id),
      record: (...entry) => this.#journal.record(...entry),
      fail: (...entry) => this.#journal.fail(...entry),
    });
    this.emit = options.events ?? (() => {});
    this.signal = options.signal;
    this.limiter = createLimiter({
      concurrency: options.concurrency,
      maxCostUsd: options.maxCostUsd,
      signal: options.signal,
      ...(options.backoffMs === undefined ? {} : { backoffMs: options.backoffMs }),
      onCall: (stage, usage) => this.emit({ type: "call", stage, usage: usage.total() }),
    });
  }

  /** From now on results are kept in this journal. To be called before the first paid call. */
  keepIn(journal: Journal): void {
    this.#journal = journal;
  }

  /** Remembers why the run must end: promptfoo turns whatever a provider throws into a row, so the loop asks here. */
  stop(error: GrpoError): void {
    this.#stopped ??= error;
  }

  /** @throws GrpoError what stopped the run, if anything did */
  throwIfStopped(): void {
    if (this.#stopped !== undefined) throw this.#stopped;
    if (this.signal?.aborted === true) {
      throw new GrpoError({
        code: "INTERRUPTED",
        message: "The run was interrupted.",
        remedy: "Libraries already accepted are on disk; `train --resume` goes on without paying again.",
        exitCode: 130,
      });
    }
  }
}
