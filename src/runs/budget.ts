import { GrpoError } from "../library/error.ts";
import type { Spent } from "./usage.ts";

/** What a run may use over everything: agent, judges, simulated users, learner. Undefined is no cap. */
export interface Caps {
  costUsd?: number | undefined;
  /** Requests sent, tries that failed included. */
  calls?: number | undefined;
  /** Tokens in and out. */
  tokens?: number | undefined;
}

const KINDS = ["costUsd", "calls", "tokens"] as const;
type Kind = (typeof KINDS)[number];

/** Sums of prices are not exact: reaching the cap to the cent is not passing it. */
const ROUNDING = 1e-9;
const nothing = (): Spent => ({ costUsd: 0, calls: 0, tokens: 0 });

/**
 * What was used and what calls in flight may still use. A call reserves the most that one of its kind has used
 * so far, so a cap is passed only by calls in flight whose like had not been seen.
 */
export class Budget {
  readonly #caps: Caps;
  readonly #most = new Map<string, Spent>();
  readonly #spent = nothing();
  #reserved = nothing();
  #inFlight = 0;

  constructor(caps: Caps) {
    this.#caps = caps;
  }

  /** Counts what the run had used before this process took it up. */
  add(spent: Spent): void {
    for (const one of KINDS) this.#spent[one] += spent[one];
  }

  get spent(): Spent {
    return { ...this.#spent };
  }

  /** Whether a call of this kind may begin now, once calls in flight are settled, or never. */
  room(kind: string): "now" | "later" | "never" {
    const need = this.#needOf(kind);
    const unseen = !this.#most.has(kind);
    if (!this.#fits(need, nothing(), unseen)) return "never";
    return this.#fits(need, this.#reserved, false) ? "now" : "later";
  }

  /** Reserves for one call; `settle` takes what this returns. */
  take(kind: string): Spent {
    const need = this.#needOf(kind);
    this.#inFlight++;
    for (const one of KINDS) this.#reserved[one] += need[one];
    return need;
  }

  /** What a call used, in place of what it reserved. Null: it was cut off, and is counted as reserved. */
  settle(kind: string, reserved: Spent, used: Spent | null): void {
    this.#inFlight--;
    for (const one of KINDS) this.#reserved[one] -= reserved[one];
    if (this.#inFlight === 0) this.#reserved = nothing();
    this.add(used ?? reserved);
    if (used !== null) this.#remember(kind, used);
  }

  /** The answer of a call that had been cut off, and counted as reserved, before. Returns the difference. */
  correct(kind: string, reserved: Spent, used: Spent): Spent {
    const difference = nothing();
    for (const one of KINDS) difference[one] = used[one] - reserved[one];
    this.add(difference);
    this.#remember(kind, used);
    return difference;
  }

  reached(kind: string): GrpoError {
    const need = this.#needOf(kind);
    const cap = KINDS.find((one) => this.#over(one, need[one], !this.#most.has(kind))) ?? "costUsd";
    return new GrpoError({
      code: "BUDGET_REACHED",
      message: `The cap of ${amount(cap, this.#caps[cap] ?? 0)} would be passed: ${amount(cap, this.#spent[cap])} used, ${amount(cap, this.#reserved[cap])} in flight.`,
      place: `metadata.grpo.${SETTING[cap]}`,
      remedy: `Raise ${FLAG[cap]}: \`train --resume\` goes on without paying again; libraries already accepted are on disk.`,
      exitCode: 4,
    });
  }

  #needOf(kind: string): Spent {
    return { ...(this.#most.get(kind) ?? nothing()), calls: 1 };
  }

  #remember(kind: string, used: Spent): void {
    const most = this.#most.get(kind) ?? nothing();
    this.#most.set(kind, {
      costUsd: Math.max(most.costUsd, used.costUsd),
      tokens: Math.max(most.tokens, used.tokens),
      calls: 1,
    });
  }

  #fits(need: Spent, reserved: Spent, unseen: boolean): boolean {
    return KINDS.every((one) => !this.#over(one, need[one] + reserved[one], unseen));
  }

  /** What a call of an unseen kind will use is not known, so it needs a cap that is not yet reached. */
  #over(kind: Kind, more: number, unseen: boolean): boolean {
    const cap = this.#caps[kind] ?? Number.POSITIVE_INFINITY;
    const spent = this.#spent[kind];
    return spent + more > cap + ROUNDING || (unseen && spent >= cap - ROUNDING);
  }
}

const SETTING: Record<Kind, string> = { costUsd: "maxCostUsd", calls: "maxCalls", tokens: "maxTokens" };
const FLAG: Record<Kind, string> = { costUsd: "--max-cost", calls: "--max-calls", tokens: "--max-tokens" };

function amount(kind: Kind, value: number): string {
  return kind === "costUsd" ? `$${Number(value.toFixed(4))}` : `${Math.round(value)} ${kind}`;
}
