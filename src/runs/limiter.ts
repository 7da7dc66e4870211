import { GrpoError } from "../library/error.ts";
import { Budget, type Caps } from "./budget.ts";
import { withDeadline } from "./deadline.ts";
import { type CallFailure, type FailureKind, kindOf, refusal } from "./failure.ts";
import { hedged } from "./hedge.ts";
import { interruptionOf } from "./interrupt.ts";
import { type CallKind, Latencies } from "./latencies.ts";
import { seededRandom } from "./random.ts";
import { redactText } from "./secrets.ts";
import type { Stage } from "./task.ts";
import { type Entry, type Pass, Turnstile } from "./turnstile.ts";
import { type CallUsage, type PaidTry, type Spent, spentBy, UsageMeter } from "./usage.ts";

/** What a call came back with: its value and usage, or why it failed. */
export type CallOutcome<T> =
  | { ok: true; value: T; usage: CallUsage }
  | ({ ok: false; usage?: CallUsage } & CallFailure);

/** Whom a call asks. Calls with one key share a pace and its pauses. */
export interface Callee {
  /** Provider, account and address. */
  key: string;
  /** The model's id: calls of one model and stage cost about the same. */
  model: string;
  /** Milliseconds, in place of the run's own deadline. */
  timeoutMs?: number;
  /** A call that is late against others of its kind is made a second time, and the first answer counts. */
  hedge?: boolean;
}

export interface LimiterOptions {
  /** Calls in flight at most, all models together. */
  concurrency: number;
  caps?: Caps;
  /** Tries of a call whose failure may pass; 1 is no retry. Default 8. */
  attempts?: number;
  /** First pause before a retry, milliseconds; doubles up to 30 s, with seeded jitter. Default 500. */
  backoffMs?: number;
  /** A try that takes longer has failed. Milliseconds, default 120,000. */
  timeoutMs?: number | undefined;
  /** When a call is late; default: three times what 19 of 20 take, and 1 s at least. */
  late?: { times: number; ms: number };
  seed?: number;
  /** No call begins once it is aborted; calls in flight go on. */
  signal?: AbortSignal | undefined;
  /** Ends calls in flight too. */
  kill?: AbortSignal | undefined;
  onCall?: (stage: Stage, totals: UsageMeter) => void;
  /** A try ended without an answer, or one that was given up was answered after all: what no result tells. */
  onLost?: (lost: PaidTry) => void;
  /** A place was left free that nobody waits for. */
  onFree?: () => void;
  /** A provider asked for a pause of its calls. */
  onPause?: (model: string, ms: number) => void;
}

/** Every paid call of a run passes here: pace and caps before it, counting after it, retries nowhere else. */
export interface Limiter {
  readonly usage: UsageMeter;
  /** What counts towards the caps. */
  spent(): Spent;
  /** Counts what an earlier process of the run paid for. */
  restore(paid: PaidTry): void;
  /** Places that neither a call nor one that waits has taken. */
  readonly free: number;
  /** Calls of this key that may be in flight at present. */
  allowed(key: string): number;
  /** Resolves with the outcome of the last try. @throws GrpoError BUDGET_REACHED, PROVIDER_REFUSED, PRICE_UNKNOWN, INTERRUPTED */
  call<T>(
    stage: Stage,
    fn: (signal: AbortSignal) => Promise<CallOutcome<T>>,
    callee?: Callee,
  ): Promise<CallOutcome<T>>;
  /** No call begins from now on. */
  end(error: Error): void;
}

const DEFAULTS = { attempts: 8, backoffMs: 500, timeoutMs: 120_000 };
const LONGEST_BACKOFF_MS = 30_000;
/** So many times sooner is a call tried again for the first time, where it failed for no limit of its provider. */
const SOONER = 4;
/** An empty reply is paid for, and a model that gave several is not going to say more. */
const EMPTY_TRIES = 4;
const ANYBODY: Callee = { key: "", model: "" };

export function createLimiter(options: LimiterOptions): Limiter {
  return new EmbeddedLimiter(options);
}

/** The limiter of one process. */
class EmbeddedLimiter implements Limiter {
  readonly usage = new UsageMeter();
  readonly #options: LimiterOptions;
  readonly #budget: Budget;
  readonly #turnstile: Turnstile;
  readonly #latencies: Latencies;
  readonly #random;

  constructor(options: LimiterOptions) {
    this.#options = options;
    this.#budget = new Budget(options.caps ?? {});
    this.#turnstile = new Turnstile(options.concurrency, this.#budget, options.onFree);
    this.#latencies = new Latencies(options.late);
    this.#random = seededRandom(options.seed ?? 1, "backoff");
    const { signal } = options;
    const stop = (): void => this.end(interruptionOf(signal as AbortSignal));
    if (signal?.aborted === true) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  }

  spent(): Spent {
    return this.#budget.spent;
  }

  get free(): number {
    return this.#turnstile.free;
  }

  restore({ stage, spent, usage }: PaidTry): void {
    this.#budget.add(spent);
    if (usage !== null) this.usage.add(stage, usage);
  }

  allowed(key: string): number {
    return this.#turnstile.paceOf(key).allowed;
  }

  end(error: Error): void {
    this.#turnstile.end(error);
  }

  async call<T>(
    stage: Stage,
    fn: (signal: AbortSignal) => Promise<CallOutcome<T>>,
    callee: Callee = ANYBODY,
  ): Promise<CallOutcome<T>> {
    const attempts = this.#options.attempts ?? DEFAULTS.attempts;
    const entry: Entry = { key: callee.key, kind: `${stage} ${callee.model}` };
    let empty = 0;
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#answer(stage, fn, callee, await this.#turnstile.enter(entry));
      if (outcome.ok) return outcome;
      const kind = kindOf(outcome);
      if (kind === "empty") empty++;
      if (kind === "lasting" || attempt >= attempts || empty >= EMPTY_TRIES) return outcome;
      // It does not hold its place meanwhile.
      entry.notBefore = performance.now() + this.#backoff(attempt, kind);
    }
  }

  /** One call, or two when the first keeps silent for longer than others of its kind. */
  #answer<T>(
    stage: Stage,
    fn: (signal: AbortSignal) => Promise<CallOutcome<T>>,
    callee: Callee,
    pass: Pass,
  ): Promise<CallOutcome<T>> {
    const { key, kind } = pass.entry;
    const once = (own: Pass, superseded?: AbortSignal) => this.#once(stage, fn, callee, own, superseded);
    if (callee.hedge !== true) return once(pass);
    return hedged({
      patienceMs: () => this.#latencies.late({ stage, model: callee.model }),
      first: (superseded) => once(pass, superseded),
      second: (superseded) => {
        const own = this.#turnstile.enterNow({ key, kind });
        return own === undefined ? undefined : once(own, superseded);
      },
      good: (outcome) => outcome.ok,
    });
  }

  async #once<T>(
    stage: Stage,
    fn: (signal: AbortSignal) => Promise<CallOutcome<T>>,
    callee: Callee,
    pass: Pass,
    superseded?: AbortSignal,
  ): Promise<CallOutcome<T>> {
    const began = performance.now();
    const kind = { stage, model: callee.model };
    const ms = this.#deadline(callee, kind);
    const ends = { kill: this.#options.kill, superseded };
    const answer = await withDeadline(ms, ends, (signal) => outcomeOf(fn, signal));
    if (answer.end !== "answered") {
      this.#budget.settle(pass.entry.kind, pass.reserved, null);
      this.#lose({ stage, spent: pass.reserved, usage: null });
      void answer.late.then((late) => this.#countLate(stage, pass, late.outcome));
      if (answer.end === "killed") this.end(interruptionOf(this.#options.kill as AbortSignal));
      this.#turnstile.leave(pass);
      if (answer.end === "killed") throw interruptionOf(this.#options.kill as AbortSignal);
      return { ok: false, error: `timed out after ${Math.round(ms)} ms`, kind: "passing" };
    }
    if (answer.value.outcome.ok) this.#latencies.add(kind, performance.now() - began);
    const { outcome, fatal = this.#fatalIn(callee, outcome) } = answer.value;
    this.#budget.settle(pass.entry.kind, pass.reserved, spentBy(outcome.usage));
    if (!outcome.ok) this.#lose({ stage, spent: spentBy(outcome.usage), usage: outcome.usage ?? null });
    this.#keepPace(callee, pass, outcome);
    // Before the call leaves, or another would take its place.
    if (fatal !== undefined) this.end(fatal);
    this.#turnstile.leave(pass);
    this.#count(stage, outcome.usage);
    if (fatal !== undefined) throw fatal;
    return outcome;
  }

  /** A call that takes many times as long as its kind does will not answer any more. */
  #deadline({ timeoutMs, hedge }: Callee, kind: CallKind): number {
    const stated = timeoutMs ?? this.#options.timeoutMs ?? DEFAULTS.timeoutMs;
    return hedge === true ? Math.min(stated, this.#latencies.lost(kind) ?? stated) : stated;
  }

  /** A call that answers after it was given up was paid for all the same. */
  #countLate(stage: Stage, pass: Pass, { usage }: CallOutcome<unknown>): void {
    if (usage === undefined) return;
    const spent = this.#budget.correct(pass.entry.kind, pass.reserved, spentBy(usage));
    this.#lose({ stage, spent, usage });
    this.#count(stage, usage);
  }

  /** Where it cannot be written down, nothing more is paid for. */
  #lose(lost: PaidTry): void {
    try {
      this.#options.onLost?.(lost);
    } catch (error) {
      this.end(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #count(stage: Stage, usage: CallUsage | undefined): void {
    if (usage !== undefined) this.usage.add(stage, usage);
    this.#options.onCall?.(stage, this.usage);
  }

  /** Before the call leaves, so that nobody takes its place in a pause. */
  #keepPace(callee: Callee, pass: Pass, outcome: CallOutcome<unknown>): void {
    if (outcome.ok) {
      pass.pace.succeeded();
      return;
    }
    const kind: FailureKind = kindOf(outcome);
    if (kind === "limited") pass.pace.limited(pass.nth);
    if (kind !== "limited" && kind !== "passing") return;
    const wait = outcome.retryAfterMs ?? 0;
    if (wait <= 0) return;
    const until = performance.now() + wait;
    if (until > pass.pace.pausedUntil) this.#options.onPause?.(callee.model, wait);
    pass.pace.pause(until);
  }

  /** Between half and all of a pause that doubles: calls that failed together are not tried again together. */
  #backoff(attempt: number, kind: FailureKind): number {
    const { backoffMs = DEFAULTS.backoffMs } = this.#options;
    // A cut connection or an error of the server seldom comes twice; who asks too much is told so again.
    const first = attempt === 1 && kind !== "limited" ? backoffMs / SOONER : backoffMs;
    return Math.min(LONGEST_BACKOFF_MS, first * 2 ** (attempt - 1)) * (0.5 + this.#random.next() / 2);
  }

  /** What ends the run: a refusal, or a provider that did not keep its word about prices, asked for before its first call. */
  #fatalIn(callee: Callee, outcome: CallOutcome<unknown>): GrpoError | undefined {
    if (!outcome.ok) return kindOf(outcome) === "refused" ? refusal(outcome) : undefined;
    if (this.#options.caps?.costUsd === undefined || outcome.usage.costUsd !== null) return undefined;
    const whose = callee.model === "" ? "A call" : `A call of ${callee.model}`;
    return new GrpoError({
      code: "PRICE_UNKNOWN",
      message: `${whose} came back without a price, so the cost cap cannot be kept.`,
      place: "metadata.grpo.prices",
      remedy: "Give its price under `prices:` in US dollars per million tokens, or run without --max-cost.",
    });
  }
}

/** What a call came back with; an error that was thrown is its message, and a GrpoError ends the run. */
async function outcomeOf<T>(
  fn: (signal: AbortSignal) => Promise<CallOutcome<T>>,
  signal: AbortSignal,
): Promise<{ outcome: CallOutcome<T>; fatal?: GrpoError }> {
  try {
    return { outcome: await fn(signal) };
  } catch (cause) {
    // What is thrown may quote a key, and goes into journals, which are UTF-8, and results.
    const error = redactText(cause instanceof Error ? cause.message : String(cause)).toWellFormed();
    return cause instanceof GrpoError
      ? { outcome: { ok: false, error, kind: "lasting" }, fatal: cause }
      : { outcome: { ok: false, error } };
  }
}
