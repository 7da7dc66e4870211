/** Answers after which a kind of call is known well enough to say that one is late. */
const KNOWN = 16;
/** Answers that are remembered: providers get slower and faster within a run. */
const REMEMBERED = 64;
/** So many times as long as 19 of 20 calls take, and at least so long, milliseconds. */
interface Limit {
  times: number;
  ms: number;
}
const LATE: Limit = { times: 3, ms: 1000 };
const LOST: Limit = { times: 20, ms: 20_000 };

/** How long calls of a kind take, and from when on one is late or lost. */
export class Latencies {
  readonly #recent = new Map<string, number[]>();
  readonly #late: Limit;

  constructor(late: Limit = LATE) {
    this.#late = late;
  }

  add(kind: string, ms: number): void {
    const recent = this.#recent.get(kind) ?? [];
    recent.push(ms);
    if (recent.length > REMEMBERED) recent.shift();
    this.#recent.set(kind, recent);
  }

  /** Milliseconds after which a second try is worth its price; undefined while too little is known. */
  late(kind: string): number | undefined {
    return this.#multiple(kind, this.#late);
  }

  /** Milliseconds after which a call has failed; undefined while too little is known. */
  lost(kind: string): number | undefined {
    return this.#multiple(kind, LOST);
  }

  #multiple(kind: string, { times, ms }: Limit): number | undefined {
    const recent = this.#recent.get(kind) ?? [];
    if (recent.length < KNOWN) return undefined;
    const slow = recent.toSorted((a, b) => a - b)[Math.floor(recent.length * 0.95)] ?? 0;
    return Math.max(ms, times * slow);
  }
}
