import type { Budget, Spent } from "./budget.ts";
import { Pace } from "./pace.ts";

/** A call that wants to begin: whose pace it keeps, what it is for in the budget, and when it may at the earliest. */
export interface Entry {
  /** Provider key. */
  key: string;
  /** Calls of one kind cost about the same: stage and model. */
  kind: string;
  /** On the clock of `performance.now()`. */
  notBefore?: number;
}

/** A call that has begun. */
export interface Pass {
  entry: Entry;
  pace: Pace;
  nth: number;
  reserved: Spent;
}

interface Waiter {
  entry: Entry;
  begin(pass: Pass): void;
  refuse(error: Error): void;
}

/**
 * Where calls wait for their turn: in order, but nobody waits for a provider that is paused or for another
 * call's pause before a retry. Once ended it lets nobody in.
 */
export class Turnstile {
  readonly #concurrency: number;
  readonly #budget: Budget;
  readonly #paces = new Map<string, Pace>();
  readonly #waiting: Waiter[] = [];
  #inFlight = 0;
  #ended: Error | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(concurrency: number, budget: Budget) {
    this.#concurrency = concurrency;
    this.#budget = budget;
  }

  paceOf(key: string): Pace {
    const pace = this.#paces.get(key) ?? new Pace(this.#concurrency);
    this.#paces.set(key, pace);
    return pace;
  }

  /** Resolves when the call may begin. @throws what the turnstile was ended with, GrpoError BUDGET_REACHED */
  enter(entry: Entry): Promise<Pass> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const turn = Promise.withResolvers<Pass>();
    const waiter: Waiter = { entry, begin: turn.resolve, refuse: turn.reject };
    // A call that is tried again has waited before.
    if (entry.notBefore === undefined) this.#waiting.push(waiter);
    else this.#waiting.unshift(waiter);
    // With every place taken there is nothing to see until a call leaves.
    if (this.#inFlight < this.#concurrency) this.#advance();
    return turn.promise;
  }

  /** After the budget was settled for the call. */
  leave(pass: Pass): void {
    pass.pace.end();
    this.#inFlight--;
    this.#advance();
  }

  /** No call begins from now on; the first reason stays. */
  end(error: Error): void {
    this.#ended ??= error;
    clearTimeout(this.#timer);
    for (const waiter of this.#waiting.splice(0)) waiter.refuse(this.#ended);
  }

  #advance(): void {
    const now = performance.now();
    let at = 0;
    while (at < this.#waiting.length && this.#inFlight < this.#concurrency) {
      const waiter = this.#waiting[at];
      if (waiter === undefined) break;
      const { key, kind, notBefore = now } = waiter.entry;
      const pace = this.paceOf(key);
      const room = notBefore <= now && pace.ready(now) ? this.#budget.room(kind) : "later";
      if (room === "never") {
        this.end(this.#budget.reached(kind));
        return;
      }
      if (room === "later") {
        at++;
        continue;
      }
      this.#waiting.splice(at, 1);
      this.#inFlight++;
      waiter.begin({ entry: waiter.entry, pace, nth: pace.begin(), reserved: this.#budget.take(kind) });
    }
    if (this.#inFlight < this.#concurrency) this.#wakeAtNextPause(now);
  }

  /** Whoever waits for a clock is looked at when it strikes; all else is looked at when a call ends. */
  #wakeAtNextPause(now: number): void {
    clearTimeout(this.#timer);
    const times = this.#waiting
      .map(({ entry }) => Math.max(entry.notBefore ?? 0, this.paceOf(entry.key).pausedUntil))
      .filter((time) => time > now);
    if (times.length === 0) return;
    // A timer may fire a little early on this clock: one millisecond more spares a second look.
    this.#timer = setTimeout(() => this.#advance(), Math.ceil(Math.min(...times) - now) + 1);
  }
}
