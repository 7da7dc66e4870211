import { type Effect, measuredEffect } from "../evaluation/attribution.ts";
import { effectText, type LibraryDocument, type Operation } from "../library/index.ts";
import { buildCandidate, type Candidate } from "./candidates.ts";
import { testOperations } from "./operation-test.ts";
import { changing, type Search, untried } from "./ranking.ts";
import type { TrainingRun } from "./training-run.ts";

/** Probability of doing harm from which an operation is undone. */
const HARMFUL = 0.9;
/** The second candidate keeps what does good rather than harm. */
const DOUBTFUL = 0.5;

/**
 * The first candidate without the operations that were seen to do harm, then without those that may: what the
 * gate refuses as a whole is undone one experience after the other, not all at once.
 */
export async function testedCandidates(run: TrainingRun, search: Search): Promise<Candidate[]> {
  const [candidate] = untried(search, changing(search.candidates));
  if (candidate === undefined) return [];
  const { operations } = candidate.proposal;
  if (operations.length < 2) return [candidate];
  const withoutThose = (effects: readonly Effect[], limit: number): Candidate =>
    partOf(
      run,
      search.library,
      candidate,
      effects.filter((one) => one.harmful < limit),
    );
  const effects = await testOperations(run, search, operations, (known) => {
    const expected = withoutThose(known, HARMFUL).document;
    if (known.every(({ harmful }) => harmful < DOUBTFUL || harmful >= HARMFUL))
      search.anticipation.acceptance(expected);
    else search.anticipation.validation(expected);
  });
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
  const kept = [withoutThose(effects, HARMFUL), withoutThose(effects, DOUBTFUL)];
  return untried(search, distinct(kept));
}

/** A candidate with some of its operations, each with what it was measured to do. */
function partOf(
  run: TrainingRun,
  library: LibraryDocument,
  { proposal }: Candidate,
  kept: readonly Effect[],
): Candidate {
  const of = new Map(kept.map((effect) => [Number(effect.id), effect]));
  const part = {
    ...proposal,
    operations: proposal.operations.flatMap((operation, index) => {
      const effect = of.get(index);
      return effect === undefined ? [] : [{ ...operation, effect: measuredEffect(effect) }];
    }),
    about: proposal.about.filter((_, index) => of.has(index)),
  };
  return buildCandidate(library, part, run.suite.settings, run.admission.refusal);
}

const distinct = (candidates: readonly Candidate[]): Candidate[] =>
  changing(candidates).filter(
    ({ proposal }, index, all) =>
      all.findIndex((one) => one.proposal.operations.length === proposal.operations.length) === index,
  );

const wordsOf = (operation: Operation): string =>
  "text" in operation ? operation.text : `${operation.op} ${operation.id ?? ""}`;

const harmText = (effect: Effect): string => `it did harm on training: ${effectText(measuredEffect(effect))}`;
