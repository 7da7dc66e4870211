import { setTimeout as sleep } from "node:timers/promises";
import pLimit from "p-limit";
import { GrpoError } from "../library/error.ts";
import type { Stage } from "./task.ts";
import { type CallUsage, UsageMeter } from "./usage.ts";

/** What a call came back with: its value and usage, or why it failed. */
export type CallOutcome<T> =
  | { ok: true; value: T; usage: CallUsage }
  | { ok: false; error: string; usage?: CallUsage };

export interface LimiterOptions {
  /** Calls in flight at most, all models together. */
  concurrency: number;
  /** Dollars at most, over all stages; undefined is no cap. */
  maxCostUsd?: number | undefined;
  /** Tries of a call whose failure is transient; 1 is no retry. */
  attempts?: number;
  /** First pause before a retry, milliseconds; doubles. */
  backoffMs?: number;
  signal?: AbortSignal | undefined;
  onCall?: (stage: Stage, totals: UsageMeter) => void;
}

/** Every paid call of a run passes here: pace and dollars before it, counting after it, retries nowhere else. */
export interface Limiter {
  readonly usage: UsageMeter;
  /** Resolves with the outcome of the last try. @throws GrpoError BUDGET_REACHED, PROVIDER_REFUSED, PRICE_UNKNOWN */
  call<T>(stage: Stage, fn: () => Promise<CallOutcome<T>>): Promise<CallOutcome<T>>;
}

/** Rate limits, server errors, time-outs and broken connections: worth another try. */
const TRANSIENT =
  /(error|status|http)[^0-9]{0,12}(408|429|5\d\d)\b|rate.?limit|overloaded|timed?.?out|connection error|ECONNRESET|ECONNREFUSED|EPIPE|socket hang up|fetch failed|terminated/i;
/** No later call of this run can succeed either. */
const REFUSED =
  /(error|status|http)[^0-9]{0,12}(401|402)\b|insufficient.?quota|invalid.?api.?key|incorrect api key|api key.*(missing|not set)|billing.?(hard|not active)/i;

export function createLimiter(options: LimiterOptions): Limiter {
  const usage = new UsageMeter();
  const gate = pLimit(options.concurrency);
  const budget = new Budget(options.maxCostUsd, options.signal);
  const attempts = options.attempts ?? 4;

  let fatal: GrpoError | undefined;

  const once = async <T>(stage: Stage, fn: () => Promise<CallOutcome<T>>): Promise<CallOutcome<T>> => {
    if (fatal !== undefined) throw fatal;
    const reserved = await budget.take(stage);
    let outcome: CallOutcome<T> | undefined;
    try {
      outcome = await fn();
    } catch (cause) {
      outcome = { ok: false, error: cause instanceof Error ? cause.message : String(cause) };
    } finally {
      budget.settle(stage, reserved, outcome?.usage);
    }
    if (outcome.usage !== undefined) usage.add(stage, outcome.usage);
    options.onCall?.(stage, usage);
    if (outcome.ok) budget.requirePrice(outcome.usage);
    return outcome;
  };

  const withRetries = async <T>(stage: Stage, fn: () => Promise<CallOutcome<T>>): Promise<CallOutcome<T>> => {
    for (let attempt = 1; ; attempt++) {
      const outcome = await once(stage, fn);
      if (outcome.ok) return outcome;
      if (REFUSED.test(outcome.error)) throw refused(outcome.error);
      if (attempt >= attempts || !TRANSIENT.test(outcome.error)) return outcome;
      await sleep((options.backoffMs ?? 500) * 2 ** (attempt - 1), undefined, { signal: options.signal });
    }
  };
  /** What ends the run ends every call that has not begun. */
  const remembered = async <T>(stage: Stage, fn: () => Promise<CallOutcome<T>>): Promise<CallOutcome<T>> => {
    try {
      return await withRetries(stage, fn);
    } catch (error) {
      if (error instanceof GrpoError) fatal ??= error;
      throw error;
    }
  };
  return { usage, call: (stage, fn) => gate(() => remembered(stage, fn)) };
}

/** Sums of prices are not exact: reaching the cap to the cent is not passing it. */
const ROUNDING = 1e-9;

/** Dollars spent and reserved. A call in flight reserves the dearest price seen so far in its stage. */
class Budget {
  readonly #cap: number;
  readonly #signal: AbortSignal | undefined;
  readonly #dearest = new Map<Stage, number>();
  #spent = 0;
  #inFlight = 0;
  #reserved = 0;
  #waiting: (() => void)[] = [];

  constructor(cap: number | undefined, signal: AbortSignal | undefined) {
    this.#cap = cap ?? Number.POSITIVE_INFINITY;
    this.#signal = signal;
  }

  /** What a call of this stage reserves. Waits where calls in flight, once settled, may leave room for it. */
  async take(stage: Stage): Promise<number> {
    for (;;) {
      this.#signal?.throwIfAborted();
      const reserve = this.#dearest.get(stage) ?? 0;
      if (this.#fits(this.#reserved + reserve)) {
        this.#inFlight++;
        this.#reserved += reserve;
        return reserve;
      }
      if (!this.#fits(reserve)) throw this.#reached();
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  settle(stage: Stage, reserved: number, usage: CallUsage | undefined): void {
    const cost = usage?.costUsd ?? 0;
    this.#inFlight--;
    this.#reserved = this.#inFlight === 0 ? 0 : this.#reserved - reserved;
    this.#spent += cost;
    this.#dearest.set(stage, Math.max(this.#dearest.get(stage) ?? 0, cost));
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #fits(more: number): boolean {
    return this.#spent + more <= this.#cap + ROUNDING;
  }

  requirePrice(usage: CallUsage): void {
    if (this.#cap === Number.POSITIVE_INFINITY || usage.costUsd !== null) return;
    throw new GrpoError({
      code: "PRICE_UNKNOWN",
      message: "A call came back without a price, so the cost cap cannot be kept.",
      place: "metadata.grpo.maxCostUsd",
      remedy:
        "Set `cost` per token in the provider's config (promptfoo's `cost` key), or run without --max-cost.",
    });
  }

  #reached(): GrpoError {
    return new GrpoError({
      code: "BUDGET_REACHED",
      message: `The cap of $${this.#cap} would be passed: $${this.#spent.toFixed(4)} spent, $${this.#reserved.toFixed(4)} in flight.`,
      place: "metadata.grpo.maxCostUsd",
      remedy: "Raise --max-cost; libraries already accepted are on disk.",
      exitCode: 4,
    });
  }
}

function refused(error: string): GrpoError {
  return new GrpoError({
    code: "PROVIDER_REFUSED",
    message: `The provider refuses to serve: ${error.split("\n")[0]?.slice(0, 300)}`,
    remedy:
      "Check the API key and the account's credit, then run again; libraries already accepted are on disk.",
    exitCode: 6,
  });
}
