import type { Budget } from "./budget.ts";
import { Pace } from "./pace.ts";
import type { Spent } from "./usage.ts";

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
  /** Who came first. */
  nth: number;
  begin(pass: Pass): void;
  refuse(error: Error): void;
}

/** Waiters of one key and kind: what holds up the first holds up the others, so nobody looks further. */
interface Queue {
  pace: Pace;
  kind: string;
  waiters: Waiter[];
}

/**
 * Where calls wait for their turn: in order, but nobody waits for a provider that is paused or for another
 * call's pause before a retry. Once ended it lets nobody in.
 */
export class Turnstile {
  readonly #concurrency: number;
  readonly #budget: Budget;
  readonly #paces = new Map<string, Pace>();
  readonly #queues = new Map<string, Queue>();
  /** Calls that pause before a retry, and when the first of them is due. */
  #resting: Waiter[] = [];
  #due = Number.POSITIVE_INFINITY;
  #came = 0;
  #inFlight = 0;
  #ended: Error | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #onFree: () => void;

  /** @param onFree hears when a place is left free that nobody waits for */
  constructor(concurrency: number, budget: Budget, onFree: () => void = () => {}) {
    this.#concurrency = concurrency;
    this.#budget = budget;
    this.#onFree = onFree;
  }

  /** Places that neither a call nor one that waits has taken; none once it is ended. */
  get free(): number {
    if (this.#ended !== undefined) return 0;
    const waiting = [...this.#queues.values()].reduce((sum, { waiters }) => sum + waiters.length, 0);
    return Math.max(0, this.#concurrency - this.#inFlight - waiting - this.#resting.length);
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
    this.#came++;
    // A call that is tried again came before all that have not begun.
    const nth = entry.notBefore === undefined ? this.#came : -this.#came;
    const waiter: Waiter = { entry: { ...entry }, nth, begin: turn.resolve, refuse: turn.reject };
    if (entry.notBefore === undefined) this.#queueOf(entry).waiters.push(waiter);
    else this.#rest(waiter, entry.notBefore);
    // With every place taken there is nothing to see until a call leaves.
    if (this.#inFlight < this.#concurrency) this.#advance();
    return turn.promise;
  }

  /** The call may begin at once, or not at all: one that nobody waits for in line. */
  enterNow(entry: Entry): Pass | undefined {
    const queue = this.#queueOf(entry);
    const free = this.#ended === undefined && this.#inFlight < this.#concurrency;
    if (!free || !queue.pace.ready(performance.now()) || this.#budget.room(entry.kind) !== "now")
      return undefined;
    return this.#begin(entry, queue);
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
    this.#due = Number.POSITIVE_INFINITY;
    const waiting = [...this.#queues.values()].flatMap((queue) => queue.waiters.splice(0));
    for (const waiter of [...waiting, ...this.#resting.splice(0)]) waiter.refuse(this.#ended);
  }

  #queueOf({ key, kind }: Entry): Queue {
    const name = `${key}\n${kind}`;
    const queue = this.#queues.get(name) ?? { pace: this.paceOf(key), kind, waiters: [] };
    this.#queues.set(name, queue);
    return queue;
  }

  #rest(waiter: Waiter, until: number): void {
    this.#resting.push(waiter);
    this.#due = Math.min(this.#due, until);
  }

  #advance(): void {
    const now = performance.now();
    this.#wakeRested(now);
    while (this.#inFlight < this.#concurrency) {
      const queue = this.#next(now);
      const waiter = queue?.waiters.shift();
      if (queue === undefined || waiter === undefined) break;
      waiter.begin(this.#begin(waiter.entry, queue));
    }
    if (this.#inFlight >= this.#concurrency) return;
    this.#setTimer(now);
    this.#onFree();
  }

  #begin(entry: Entry, { pace, kind }: Queue): Pass {
    this.#inFlight++;
    return { entry, pace, nth: pace.begin(), reserved: this.#budget.take(kind) };
  }

  /** The queue whose first waiter came first, of those that may go on. */
  #next(now: number): Queue | undefined {
    let next: Queue | undefined;
    for (const queue of this.#queues.values()) {
      const [first] = queue.waiters;
      const best = next?.waiters[0]?.nth ?? Number.POSITIVE_INFINITY;
      if (first === undefined || first.nth > best || !queue.pace.ready(now)) continue;
      const room = this.#budget.room(queue.kind);
      if (room === "never") {
        this.end(this.#budget.reached(queue.kind));
        return undefined;
      }
      if (room === "now") next = queue;
    }
    return next;
  }

  #wakeRested(now: number): void {
    if (now < this.#due) return;
    const resting = this.#resting;
    this.#resting = [];
    this.#due = Number.POSITIVE_INFINITY;
    for (const waiter of resting) {
      const { notBefore = now } = waiter.entry;
      if (notBefore <= now) this.#queueOf(waiter.entry).waiters.unshift(waiter);
      else this.#rest(waiter, notBefore);
    }
  }

  /** Whoever waits for a clock is looked at when it strikes; all else is looked at when a call ends. */
  #setTimer(now: number): void {
    clearTimeout(this.#timer);
    const pauses = [...this.#queues.values()].flatMap(({ pace, waiters }) =>
      waiters.length > 0 && pace.pausedUntil > now ? [pace.pausedUntil] : [],
    );
    const next = Math.min(this.#due, ...pauses);
    if (next === Number.POSITIVE_INFINITY) return;
    // A timer may fire a little early on this clock: one millisecond more spares a second look.
    this.#timer = setTimeout(() => this.#advance(), Math.ceil(next - now) + 1);
  }
}
