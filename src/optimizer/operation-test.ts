import {
  attributeEffects,
  type Effect,
  type InclusionRow,
  inclusionPlan,
} from "../evaluation/attribution.ts";
import { rollOne } from "../evaluation/roll.ts";
import { injectionOf } from "../evaluation/sampling.ts";
import { applyOperations, type Operation } from "../library/index.ts";
import type { Injection } from "../providers/experience-agent.ts";
import { seededRandom } from "../runs/random.ts";
import type { SuiteExample } from "../suite/suite.ts";
import type { Search } from "./ranking.ts";
import { screeningSet } from "./steps.ts";
import type { TrainingRun } from "./training-run.ts";

/** Rollouts of an example in a round: an operation that one has, the other lacks. */
export const REPEATS = 2;
export const ROUNDS = 3;
/** Probability of serious harm up to which an operation is believed to do none, and from which to do it. */
const HARMLESS = 0.1;
const GUILTY = 0.95;

/**
 * Tests operations one by one at the cost of a few rollouts in all. In the first round each rollout is made under
 * the current library with a random half of the operations, so that it is one with or without each of them; the
 * step's own rollouts tell what there was before. What may still do serious harm goes into another round, beside
 * what is harmless by then, where its effect shows best. So an experience that harms is found although it came
 * with many that help.
 * @returns the effect of each operation, by its index as id
 */
export async function testOperations(
  run: TrainingRun,
  search: Search,
  operations: readonly Operation[],
): Promise<Effect[]> {
  const ids = operations.map((_, index) => String(index));
  const groups = search.groups.filter((group) => group.kind !== "incomplete");
  const examples = screeningSet(
    groups.map((group) => group.example),
    run.suite.settings.screenSize,
  );
  const rows = groups.flatMap(({ example, rollouts }) =>
    rollouts.flatMap(({ headline }) => (headline === null ? [] : [rowOf(example, headline, new Set())])),
  );
  let effects: Effect[] = [];
  let [open, harmless]: [string[], string[]] = [ids, []];
  for (let round = 1; round <= ROUNDS && open.length > 0; round++) {
    rows.push(...(await rowsOfRound(run, search, { operations, examples, open, harmless, round })));
    effects = attributeEffects(ids, rows);
    const those = (test: (serious: number) => boolean): string[] =>
      effects.filter((one) => test(one.serious)).map((one) => one.id);
    open = those((serious) => serious >= HARMLESS && serious < GUILTY);
    harmless = those((serious) => serious < HARMLESS);
  }
  return effects;
}

interface Round {
  operations: readonly Operation[];
  examples: readonly SuiteExample[];
  /** Those that are drawn, and those that every rollout has; the others are left out. */
  open: readonly string[];
  harmless: readonly string[];
  round: number;
}

async function rowsOfRound(run: TrainingRun, search: Search, round: Round): Promise<InclusionRow[]> {
  const { suite, runtime } = run;
  const { temperature, seed } = suite.settings;
  const draw = `operations ${search.draw} round ${round.round}`;
  const injectionWith = injections(run, search, round.operations);
  runtime.emit({ type: "phase-planned", phase: "candidates", total: round.examples.length * REPEATS });
  const rows = await Promise.all(
    round.examples.map(async (example): Promise<InclusionRow[]> => {
      const random = seededRandom(seed, draw, example.id);
      const plan = inclusionPlan(round.open, REPEATS, 0.5, random).map((drawn) =>
        drawn.union(new Set(round.harmless)),
      );
      // As the step's own rollouts, with which they are compared.
      const sampling = { injection: plan.map(injectionWith), repeats: REPEATS, draw, temperature };
      const rollouts = await rollOne(runtime, { suite, sampling }, "candidates", example);
      return rollouts.flatMap(({ repeat, headline }) => {
        const included = plan[repeat];
        return headline === null || included === undefined ? [] : [rowOf(example, headline, included)];
      });
    }),
  );
  runtime.throwIfStopped();
  return rows.flat();
}

const rowOf = ({ id }: SuiteExample, reward: number, included: ReadonlySet<string>): InclusionRow => ({
  group: id,
  reward,
  included,
});

/** The library with some of the operations, as it enters a prompt. */
function injections(
  { suite: { settings } }: TrainingRun,
  { library }: Search,
  operations: readonly Operation[],
): (included: ReadonlySet<string>) => Injection {
  const { maxExperiences, maxWords } = settings;
  return (included) => {
    const some = operations.filter((_, index) => included.has(String(index)));
    return injectionOf(applyOperations(library, some, { maxExperiences, maxWords }).document);
  };
}
