import { setTimeout as sleep } from "node:timers/promises";
import pLimit from "p-limit";
import type { GrpoError } from "../library/error.ts";
import type { EventSink } from "./events.ts";
import { type Asked, type Executor, embeddedExecutor } from "./executor.ts";
import { interruptionOf } from "./interrupt.ts";
import { type Journal, memoryJournal } from "./journal.ts";
import { createLimiter, type Limiter } from "./limiter.ts";
import type { Prices } from "./price.ts";
import type { PriceTable } from "./price-table.ts";
import { PriceBook } from "./prices.ts";
import type { KeptScores } from "./scores.ts";
import { type SpareJob, SpareWork } from "./spare-work.ts";
import type { Json, Task } from "./task.ts";

export interface RuntimeOptions {
  concurrency: number;
  maxCostUsd?: number | undefined;
  maxCalls?: number | undefined;
  maxTokens?: number | undefined;
  /** Deadline of every call, milliseconds; default: 120,000, and half an hour for a model on this machine. */
  callTimeoutMs?: number | undefined;
  /** Calls that are late against others of their kind are made a second time; default true. */
  hedge?: boolean | undefined;
  prices?: Prices | undefined;
  priceTable?: PriceTable;
  seed?: number;
  journal?: Journal;
  /** No new call begins once it is aborted; its reason, if a GrpoError, is what the run ends with. */
  signal?: AbortSignal | undefined;
  /** Ends calls in flight. */
  kill?: AbortSignal | undefined;
  events?: EventSink;
  backoffMs?: number;
}

/** A pause that is worth a line to whoever watches, milliseconds. */
const LONG_PAUSE_MS = 5000;

/** How long calls in flight may take to be recorded once a run has failed by itself. */
const SETTLE_MS = 3000;

/**
 * Each group that is under way has at least one call in flight or waiting, but for moments of scoring: twice as many
 * as there are places keep all of them taken, also when every group waits for its last call.
 */
const GROUPS_PER_PLACE = 2;

/** What every paid call of a run goes through: the executor with its journal, the limiter, the event stream. */
export class Runtime {
  readonly executor: Executor;
  readonly limiter: Limiter;
  readonly prices: PriceBook;
  readonly signal: AbortSignal | undefined;
  readonly callTimeoutMs: number | undefined;
  readonly hedge: boolean;
  /** Whether calls, tokens or dollars are limited. */
  readonly capped: boolean;
  readonly emit: EventSink;
  /** From now on tasks are answered from the journal alone; what failed before is not asked again. */
  onlyRecorded = false;
  /** Where a recorded run keeps how its groups were scored. */
  scores: KeptScores | undefined;
  readonly #groups;
  readonly #spare: SpareWork;
  readonly #open = new Set<Promise<unknown>>();
  /** Until now the journal has answered everything: what was asked in vain before is not asked for once more. */
  #isReplay = true;
  #stopped: GrpoError | undefined;
  #woundUp: Promise<void> | undefined;
  #journal: Journal;

  constructor(options: RuntimeOptions) {
    const { maxCostUsd, maxCalls, maxTokens, seed, backoffMs, priceTable } = options;
    this.#journal = options.journal ?? memoryJournal();
    this.executor = embeddedExecutor({
      get: (id) => this.#journal.get(id),
      willFail: (id) => this.#journal.willFail(id),
      record: (...entry) => this.#journal.record(...entry),
      fail: (...entry) => this.#journal.fail(...entry),
    });
    this.emit = options.events ?? (() => {});
    this.#groups = pLimit(GROUPS_PER_PLACE * options.concurrency);
    this.signal = options.signal;
    this.callTimeoutMs = options.callTimeoutMs;
    this.hedge = options.hedge ?? true;
    this.capped = [maxCostUsd, options.maxCalls, options.maxTokens].some((cap) => cap !== undefined);
    this.prices = new PriceBook({
      prices: options.prices,
      capped: maxCostUsd !== undefined,
      ...(priceTable === undefined ? {} : { table: priceTable }),
    });
    this.#spare = new SpareWork(() => (this.#isReplay ? 0 : this.limiter.free));
    this.limiter = createLimiter({
      concurrency: options.concurrency,
      caps: { costUsd: maxCostUsd, calls: maxCalls, tokens: maxTokens },
      signal: options.signal,
      kill: options.kill,
      timeoutMs: options.callTimeoutMs,
      ...(seed === undefined ? {} : { seed }),
      ...(backoffMs === undefined ? {} : { backoffMs }),
      onCall: (stage, usage) => this.emit({ type: "call", stage, usage: usage.total() }),
      onFree: () => this.#spare.lookSoon(),
      onLost: (lost) => this.#journal.lose(lost),
      onPause: (model, ms) => {
        if (ms < LONG_PAUSE_MS) return;
        const text = `pause       ${model} asks to wait ${Math.ceil(ms / 1000)} s`;
        this.emit({ type: "note", text });
      },
    });
  }

  /** The executor's `exec`, remembered until its result is in the journal. */
  exec<R extends Json>(task: Task, work: () => Promise<R>, asked: Asked = "needed"): Promise<R> {
    const begin = (): Promise<R> => {
      this.#isReplay = false;
      return work();
    };
    const open = this.executor.exec(task, begin, asked);
    this.#open.add(open);
    const done = (): void => void this.#open.delete(open);
    open.then(done, done);
    return open;
  }

  /**
   * Works on one group, first come, first served: a group that is begun holds memory, and a step may have thousands.
   * Work must not wait for another group.
   * @throws GrpoError what stopped the run, before the work is begun
   */
  group<T>(work: () => Promise<T>): Promise<T> {
    return this.#groups(() => {
      this.throwIfStopped();
      return work();
    });
  }

  /**
   * Has calls made ahead, in places that would stand empty: their answers are in the journal when they are needed.
   * `work` is given a runtime whose failures are no part of the run.
   * @returns drops what has not begun
   */
  ahead(jobs: readonly { calls: number; work(runtime: Runtime): Promise<unknown> }[]): () => void {
    const spare = jobs.map(
      ({ calls, work }): SpareJob => ({ calls, work: (entered) => work(this.#asking(entered)) }),
    );
    this.#spare.add(spare);
    return () => this.#spare.drop(spare);
  }

  /** This runtime, where tasks are asked ahead. */
  #asking(entered: () => void): Runtime {
    const exec: Runtime["exec"] = (task, work) => {
      entered();
      return this.exec(task, work, "ahead");
    };
    return new Proxy(this, {
      get: (_, name) => {
        const own: unknown = name === "exec" ? exec : Reflect.get(this, name, this);
        return typeof own === "function" ? own.bind(this) : own;
      },
    });
  }

  /** Resolves when every task that was begun is journalled or has failed. */
  async settled(): Promise<void> {
    while (this.#open.size > 0) await Promise.allSettled(this.#open);
  }

  /** Waits for what was asked ahead in vain, which is paid for and recorded, but for a short while only. */
  async settledSoon(): Promise<void> {
    const enough = new AbortController();
    const patience = sleep(SETTLE_MS, undefined, { signal: enough.signal }).catch(() => undefined);
    await Promise.race([this.settled(), patience]);
    enough.abort();
  }

  /**
   * Lets no call begin and those in flight finish, so that what was paid for is recorded: for a short while, and
   * after a signal until its watch cuts them off. Asked again, it does not wait again.
   */
  windUp(why: unknown): Promise<void> {
    this.#woundUp ??= this.#finish(why);
    return this.#woundUp;
  }

  async #finish(why: unknown): Promise<void> {
    this.limiter.end(why instanceof Error ? why : new Error(String(why)));
    const enough = new AbortController();
    const patience = sleep(SETTLE_MS, undefined, { signal: enough.signal }).then(async () => {
      if (this.signal?.aborted === true) await this.settled();
    });
    await Promise.race([this.settled(), patience]);
    enough.abort();
    await patience.catch(() => undefined);
  }

  /** From now on results are kept in this journal. To be called before the first paid call. */
  keepIn(journal: Journal): void {
    this.#journal = journal;
  }

  /**
   * Remembers why the run must end, and lets no call begin: promptfoo turns whatever a provider throws into a
   * row, so the loop asks `throwIfStopped`.
   */
  stop(error: GrpoError): void {
    this.#stopped ??= error;
    this.limiter.end(this.#stopped);
  }

  /** @throws GrpoError what stopped the run, if anything did */
  throwIfStopped(): void {
    if (this.#stopped !== undefined) throw this.#stopped;
    if (this.signal?.aborted === true) throw interruptionOf(this.signal);
  }
}
