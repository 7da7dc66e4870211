/** Work that may be needed later, and how many calls it begins with. */
export interface SpareJob {
  calls: number;
  /** `entered` is told of each call that has taken its place or waits for one. */
  work(entered: () => void): Promise<unknown>;
}

/** A place that is free for so short a time is not free: its next call is being prepared. Milliseconds. */
const MOMENT_MS = 10;

/**
 * Begins jobs in order, each only where calls find a free place at once: what is needed now never waits for what
 * may be needed. What a job throws is nobody's concern: whoever needs its answers asks again.
 */
export class SpareWork {
  readonly #free: () => number;
  #waiting: SpareJob[] = [];
  /** Calls of jobs that have begun, on their way to a place. */
  #entering = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param free places that neither a call nor one that waits has taken */
  constructor(free: () => number) {
    this.#free = free;
  }

  add(jobs: readonly SpareJob[]): void {
    this.#waiting.push(...jobs);
    this.lookSoon();
  }

  /** Those that have not begun never will. */
  drop(jobs: readonly SpareJob[]): void {
    this.#waiting = this.#waiting.filter((one) => !jobs.includes(one));
  }

  /** To be told when places may be free. */
  lookSoon(): void {
    if (this.#waiting.length > 0) this.#timer ??= setTimeout(() => this.#look(), MOMENT_MS);
  }

  #look(): void {
    this.#timer = undefined;
    while (this.#free() > this.#entering) {
      const job = this.#waiting.shift();
      if (job === undefined) return;
      void this.#begin(job);
    }
  }

  async #begin({ calls, work }: SpareJob): Promise<void> {
    let left = calls;
    this.#entering += left;
    const entered = (): void => {
      if (left === 0) return;
      left--;
      this.#entering--;
    };
    await work(entered).catch(() => undefined);
    this.#entering -= left;
    left = 0;
    this.lookSoon();
  }
}
