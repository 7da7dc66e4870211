import pLimit from "p-limit";
import type { Phase } from "../runs/events.ts";
import type { Runtime } from "../runs/runtime.ts";
import type { Rollout } from "../suite/rollout.ts";
import type { SuiteExample } from "../suite/suite.ts";
import type { PairedExample } from "./arms.ts";
import { pairOf, type RolledArm, rollExamples, rollOne } from "./roll.ts";

/** How far a race went. */
export interface Race {
  /** The shortest run of examples, from the first, that decides; all of them when nothing did. */
  pairs: PairedExample[];
  /** The examples after those, with the baseline's rollouts only; empty when all were needed. */
  rest: PairedExample[];
  stopped: boolean;
}

/** Whether the first examples decide, whatever the rest brings; the rest has the baseline's rollouts only. */
export type Decide = (pairs: readonly PairedExample[], rest: readonly PairedExample[]) => boolean;

/**
 * Two arms of one suite on the same examples, stopped as soon as `decide` says that the rest cannot matter.
 * The candidate is asked in the examples' order, with as many in flight as keep all calls busy. Only a run of
 * completed examples from the first is ever judged, shortest first, so the order in which replies arrive
 * changes what was paid for, never the evidence. What is in flight at the end is finished (and journalled,
 * where it was paid for) but not used.
 * @throws GrpoError what stopped the run
 */
export async function race(
  runtime: Runtime,
  phase: Phase,
  examples: readonly SuiteExample[],
  [baseline, candidate]: readonly [RolledArm, RolledArm],
  decide: Decide,
): Promise<Race> {
  const before = await rollExamples(runtime, baseline, phase, examples, (example, rollouts) =>
    pairOf(example, rollouts, []),
  );
  const finish = new PrefixWatch(before, decide);
  const { suite, sampling } = candidate;
  runtime.emit({ type: "phase-planned", phase, total: examples.length * sampling.repeats });
  const window = pLimit(Math.max(1, Math.ceil(suite.settings.concurrency / sampling.repeats)));
  const roll = async (example: SuiteExample, index: number): Promise<void> => {
    if (finish.reached) return;
    finish.take(index, await rollOne(runtime, candidate, phase, example));
  };
  try {
    await Promise.all(examples.map((example, index) => window(roll, example, index)));
  } finally {
    // After an error nothing new begins.
    window.clearQueue();
  }
  return finish.result();
}

/** Looks at ever longer runs of completed examples, and stops at the first that decides. */
class PrefixWatch {
  readonly #before: readonly PairedExample[];
  readonly #decide: Decide;
  readonly #waiting = new Map<number, readonly Rollout[]>();
  readonly #pairs: PairedExample[] = [];
  #stopped = false;

  constructor(before: readonly PairedExample[], decide: Decide) {
    this.#before = before;
    this.#decide = decide;
    this.#judge();
  }

  get reached(): boolean {
    return this.#stopped;
  }

  take(index: number, rollouts: readonly Rollout[]): void {
    this.#waiting.set(index, rollouts);
    while (!this.#stopped) {
      const enhanced = this.#waiting.get(this.#pairs.length);
      const next = this.#before[this.#pairs.length];
      if (enhanced === undefined || next === undefined) return;
      this.#pairs.push({ ...next, enhanced });
      this.#judge();
    }
  }

  result(): Race {
    const rest = this.#before.slice(this.#pairs.length);
    return { pairs: this.#pairs, rest, stopped: this.#stopped };
  }

  /** When all examples are there, nothing is left to stop. */
  #judge(): void {
    const rest = this.#before.slice(this.#pairs.length);
    this.#stopped = rest.length > 0 && this.#decide(this.#pairs, rest);
  }
}
