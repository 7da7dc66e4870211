import { attributeEffects, type Effect } from "../evaluation/attribution.ts";
import { injectionOf } from "../evaluation/sampling.ts";
import { applyOperations, type Operation } from "../library/index.ts";
import type { Injection } from "../providers/experience-agent.ts";
import { inclusionRounds } from "./inclusion-rounds.ts";
import type { Search } from "./ranking.ts";
import { screeningSet } from "./steps.ts";
import type { TrainingRun } from "./training-run.ts";

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
 * @param learned hears what is known after each round
 * @returns the effect of each operation, by its index as id
 */
export async function testOperations(
  run: TrainingRun,
  search: Search,
  operations: readonly Operation[],
  learned: (effects: readonly Effect[]) => void,
): Promise<Effect[]> {
  const { settings } = run.suite;
  const ids = operations.map((_, index) => String(index));
  const groups = search.groups.filter((group) => group.kind !== "incomplete");
  const before = groups.flatMap(({ example, rollouts }) =>
    rollouts.flatMap(({ headline }) =>
      headline === null ? [] : [{ group: example.id, reward: headline, included: new Set<string>() }],
    ),
  );
  let effects: Effect[] = [];
  await inclusionRounds(run.suite, run.runtime, {
    phase: "candidates",
    draw: `operations ${search.draw}`,
    rounds: ROUNDS,
    examples: screeningSet(
      groups.map((group) => group.example),
      settings.screenSize,
    ),
    // As the step's own rollouts, with which they are compared.
    temperature: settings.temperature,
    start: { open: ids, present: [] },
    rewardOf: ({ headline }) => headline,
    injectionWith: injections(run, search, operations),
    judge: (rows) => {
      effects = attributeEffects(ids, [...before, ...rows]);
      learned(effects);
      const those = (test: (serious: number) => boolean): string[] =>
        effects.filter((one) => test(one.serious)).map((one) => one.id);
      return {
        open: those((serious) => serious >= HARMLESS && serious < GUILTY),
        present: those((serious) => serious < HARMLESS),
      };
    },
  });
  return effects;
}

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
