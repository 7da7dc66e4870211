/** Of what was allowed, after a rate limit. */
const FALL = 0.8;
/** Successes in a row after which one call more is allowed. */
const RECOVERY = 10;

/**
 * How fast one provider key is called: at most as many calls side by side as the run allows, fewer once the
 * provider has said that it is too much, none while it asks for a pause.
 */
export class Pace {
  readonly #most: number;
  /** Not whole: small numbers must fall too, and 0.8 of 4 five times over is not 0.8 of 4 rounded five times. */
  #allowed: number;
  #inFlight = 0;
  #inRow = 0;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  /** Calls begun so far; those begun before the last fall say nothing new about it. */
  #begun = 0;
  #fellAt = 0;

  constructor(most: number) {
    this.#most = most;
    this.#allowed = most;
  }

  /** Calls side by side, at present. */
  get allowed(): number {
    return Math.max(1, Math.floor(this.#allowed));
  }

  get pausedUntil(): number {
    return this.#pausedUntil;
  }

  ready(now: number): boolean {
    return this.#inFlight < this.allowed && now >= this.#pausedUntil;
  }

  /** The call's number, for `limited`. */
  begin(): number {
    this.#inFlight++;
    return ++this.#begun;
  }

  end(): void {
    this.#inFlight--;
  }

  succeeded(): void {
    if (++this.#inRow < RECOVERY) return;
    this.#inRow = 0;
    this.#allowed = Math.min(this.#most, this.allowed + 1);
  }

  /** A rate limit met by call `nth`. A burst of them, all begun under the same allowance, is one fall. */
  limited(nth: number): void {
    this.#inRow = 0;
    if (nth <= this.#fellAt) return;
    this.#fellAt = this.#begun;
    this.#allowed = Math.max(1, this.#allowed * FALL);
  }

  /** No call begins before `until`, on the clock of `ready`. */
  pause(until: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, until);
  }
}
