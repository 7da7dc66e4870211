import { seededRandom } from "../runs/random.ts";
import type { Settings } from "../suite/settings.ts";
import type { SuiteExample } from "../suite/suite.ts";

/** One step of training: a batch of examples in one epoch. Numbers are 1-based. */
export interface Step {
  epoch: number;
  step: number;
  steps: number;
  batch: readonly SuiteExample[];
}

/** The steps of an epoch: the training examples in an order by seed, cut into batches. */
export function planEpoch(train: readonly SuiteExample[], epoch: number, settings: Settings): Step[] {
  const sorted = [...train].sort((a, b) => (a.id < b.id ? -1 : 1));
  const order = seededRandom(settings.seed, "epoch", epoch).shuffle(sorted);
  const steps = Math.ceil(order.length / settings.batchSize);
  return Array.from({ length: steps }, (_, step) => ({
    epoch,
    step: step + 1,
    steps,
    batch: order.slice(step * settings.batchSize, (step + 1) * settings.batchSize),
  }));
}

/** Every step of a run at most, as if each epoch took all examples. */
export function planSteps(train: readonly SuiteExample[], settings: Settings): Step[] {
  return Array.from({ length: settings.epochs }, (_, index) => planEpoch(train, index + 1, settings)).flat();
}

/**
 * The batch's examples on which candidates are compared: taken in turn from every set of user types, so that
 * a rare type is not missing from the comparison.
 */
export function screeningSet(batch: readonly SuiteExample[], size: number): SuiteExample[] {
  const kinds = new Map<string, SuiteExample[]>();
  for (const example of batch) {
    const kind = [...example.userTypes].sort().join("+");
    kinds.set(kind, [...(kinds.get(kind) ?? []), example]);
  }
  const queues = [...kinds.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, examples]) => examples);
  const longest = Math.max(0, ...queues.map((queue) => queue.length));
  const turns = Array.from({ length: longest }, (_, turn) =>
    queues.flatMap((queue) => queue.slice(turn, turn + 1)),
  );
  return turns.flat().slice(0, size);
}
