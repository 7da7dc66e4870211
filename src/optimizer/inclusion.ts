import {
  attributeEffects,
  type Effect,
  type InclusionRow,
  inclusionPlan,
} from "../evaluation/attribution.ts";
import { rollOne } from "../evaluation/roll.ts";
import { injectionOf } from "../evaluation/sampling.ts";
import { applyOperations, type LibraryDocument, type Operation } from "../library/index.ts";
import type { Injection } from "../providers/experience-agent.ts";
import { seededRandom } from "../runs/random.ts";
import type { SuiteExample } from "../suite/suite.ts";
import type { Candidate } from "./candidates.ts";
import type { TrainingRun } from "./training-run.ts";

/** Each operation's measured effect, in the order of the candidate's operations. */
export interface TestedOperation {
  operation: Operation;
  effect: Effect;
}

/** Rollouts of an example, each with half of the operations: what one has, the other lacks. */
const REPEATS = 2;

/**
 * Tests a candidate's operations one by one at the cost of a few rollouts in all: each rollout of an example is
 * made under the current library with a random half of the operations, so that every rollout is one with or
 * without each of them. An experience that harms is found although it came with many that help.
 */
export async function testOperations(
  run: TrainingRun,
  library: LibraryDocument,
  { proposal }: Candidate,
  examples: readonly SuiteExample[],
  draw: string,
): Promise<TestedOperation[]> {
  const { suite, runtime } = run;
  const { operations } = proposal;
  const ids = operations.map((_, index) => String(index));
  const injectionWith = injections(run, library, operations);
  runtime.emit({ type: "phase-planned", phase: "candidates", total: examples.length * REPEATS });
  const rows = await Promise.all(
    examples.map(async (example): Promise<InclusionRow[]> => {
      const random = seededRandom(suite.settings.seed, "inclusion", draw, example.id);
      const plan = inclusionPlan(ids, REPEATS, 0.5, random);
      const sampling = {
        injection: plan.map(injectionWith),
        repeats: REPEATS,
        draw: `inclusion ${draw}`,
      };
      const rollouts = await rollOne(runtime, { suite, sampling }, "candidates", example);
      return rollouts.flatMap(({ repeat, headline }) => {
        const included = plan[repeat];
        return headline === null || included === undefined
          ? []
          : [{ group: example.id, reward: headline, included }];
      });
    }),
  );
  runtime.throwIfStopped();
  const effects = attributeEffects(ids, rows.flat());
  return operations.flatMap((operation, index) => {
    const effect = effects[index];
    return effect === undefined ? [] : [{ operation, effect }];
  });
}

/** The library with some of the operations, as it enters a prompt. */
function injections(
  { suite: { settings } }: TrainingRun,
  library: LibraryDocument,
  operations: readonly Operation[],
): (included: ReadonlySet<string>) => Injection {
  const { maxExperiences, maxWords } = settings;
  return (included) => {
    const some = operations.filter((_, index) => included.has(String(index)));
    return injectionOf(applyOperations(library, some, { maxExperiences, maxWords }).document);
  };
}
