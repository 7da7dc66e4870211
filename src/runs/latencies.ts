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
const LOST: Limit = { times: 20, ms: 10_000 };
/** A kind of which too little is known is judged by its model's other calls, with so many times as much patience. */
const STRANGE = 3;

/** What a call is for, and which model it asks. */
export interface CallKind {
  stage: string;
  model: string;
}

/** How long calls of a kind take, and from when on one is late or lost. */
export class Latencies {
  readonly #recent = new Map<string, number[]>();
  readonly #late: Limit;

  constructor(late: Limit = LATE) {
    this.#late = late;
  }

  add(kind: CallKind, ms: number): void {
    for (const name of [nameOf(kind), kind.model]) {
      const recent = this.#recent.get(name) ?? [];
      recent.push(ms);
      if (recent.length > REMEMBERED) recent.shift();
      this.#recent.set(name, recent);
    }
  }

  /** Milliseconds after which a second try is worth its price; undefined while too little is known. */
  late(kind: CallKind): number | undefined {
    return this.#multiple(kind, this.#late);
  }

  /** Milliseconds after which a call has failed; undefined while too little is known. */
  lost(kind: CallKind): number | undefined {
    return this.#multiple(kind, LOST);
  }

  #multiple(kind: CallKind, { times, ms }: Limit): number | undefined {
    const own = this.#slow(nameOf(kind));
    if (own !== undefined) return Math.max(ms, times * own);
    const ofModel = this.#slow(kind.model);
    return ofModel === undefined ? undefined : STRANGE * Math.max(ms, times * ofModel);
  }

  /** What 19 of 20 calls take at most. */
  #slow(name: string): number | undefined {
    const recent = this.#recent.get(name) ?? [];
    if (recent.length < KNOWN) return undefined;
    return recent.toSorted((a, b) => a - b)[Math.floor(recent.length * 0.95)];
  }
}

const nameOf = ({ stage, model }: CallKind): string => `${stage} ${model}`;
