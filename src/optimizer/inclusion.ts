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
import { buildCandidate, type Candidate } from "./candidates.ts";
import { changing, type Search, untried } from "./ranking.ts";
import { screeningSet } from "./steps.ts";
import type { TrainingRun } from "./training-run.ts";

/** Probability of doing harm from which an operation is undone. */
const HARMFUL = 0.9;
/** The second candidate keeps what does good rather than harm. */
const DOUBTFUL = 0.5;

/** Rollouts of an example, each with half of the operations: what one has, the other lacks. */
const REPEATS = 2;

/**
 * The first candidate without the operations that were seen to do harm, then without those that may: what the
 * gate refuses as a whole is undone one experience after the other, not all at once.
 */
export async function testedCandidates(run: TrainingRun, search: Search): Promise<Candidate[]> {
  const [candidate] = untried(search, changing(search.candidates));
  if (candidate === undefined) return [];
  const { operations } = candidate.proposal;
  if (operations.length < 2) return [candidate];
  const { settings } = run.suite;
  const taught = search.groups.filter((group) => group.kind !== "incomplete").map((group) => group.example);
  const examples = screeningSet(taught, settings.screenSize);
  const effects = await testOperations(run, search.library, operations, examples, search.draw);
  const harmful = effects.filter((one) => one.harmful >= HARMFUL);
  for (const effect of harmful) {
    const operation = operations[Number(effect.id)];
    if (operation !== undefined) search.refused.push({ text: wordsOf(operation), reason: harmText(effect) });
  }
  run.runtime.emit({
    type: "phase-done",
    phase: "candidates",
    note: `${operations.length - harmful.length} of ${operations.length} operations do no harm on training`,
  });
  const without = (limit: number): Candidate => {
    const kept = new Set(effects.flatMap((one) => (one.harmful < limit ? [Number(one.id)] : [])));
    return partOf(run, search.library, candidate, kept);
  };
  return untried(search, distinct([without(HARMFUL), without(DOUBTFUL)]));
}

/** A candidate with some of its operations. */
function partOf(
  run: TrainingRun,
  library: LibraryDocument,
  { proposal }: Candidate,
  kept: ReadonlySet<number>,
): Candidate {
  const some = <T>(items: readonly T[]): T[] => items.filter((_, index) => kept.has(index));
  const part = { ...proposal, operations: some(proposal.operations), about: some(proposal.about) };
  return buildCandidate(library, part, run.suite.settings, run.admission.refusal);
}

const distinct = (candidates: readonly Candidate[]): Candidate[] =>
  changing(candidates).filter(
    ({ proposal }, index, all) =>
      all.findIndex((one) => one.proposal.operations.length === proposal.operations.length) === index,
  );

const wordsOf = (operation: Operation): string =>
  "text" in operation ? operation.text : `${operation.op} ${operation.id ?? ""}`;

const signed = (value: number): string => `${value < 0 ? "" : "+"}${value.toFixed(2)}`;

const harmText = ({ effect, low, high, with: present, without }: Effect): string =>
  `it did harm on training: ${signed(effect)} (95 % ${signed(low)} to ${signed(high)}), ${present} rollouts with it and ${without} without`;

/**
 * Tests operations one by one at the cost of a few rollouts in all: each rollout of an example is
 * made under the current library with a random half of the operations, so that every rollout is one with or
 * without each of them. An experience that harms is found although it came with many that help.
 */
async function testOperations(
  run: TrainingRun,
  library: LibraryDocument,
  operations: readonly Operation[],
  examples: readonly SuiteExample[],
  draw: string,
): Promise<Effect[]> {
  const { suite, runtime } = run;
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
  return attributeEffects(ids, rows.flat());
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
