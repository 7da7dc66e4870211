import type { LibraryDocument } from "../library/index.ts";
import type { Phase } from "../runs/events.ts";
import type { Proposal, Reflection, Screened } from "./advantage.ts";
import { buildCandidate, type Candidate } from "./candidates.ts";
import { type Group, meanReward } from "./groups.ts";
import { screeningSet } from "./steps.ts";
import { evaluationSampling, rollGroups, type TrainingRun } from "./training-run.ts";

interface Search {
  library: LibraryDocument;
  groups: readonly Group[];
  reflection: Reflection;
  candidates: readonly Candidate[];
  draw: string;
}

type ScreenedCandidate = Candidate & Screened;

/**
 * Compares whole candidate libraries on training examples, because experiences interact: one about questions
 * can silence the rest. Then tries the best parts together, and new wordings for what is still lost.
 * Undefined when none beats the current library on the same examples.
 */
export async function bestCandidate(run: TrainingRun, search: Search): Promise<Candidate | undefined> {
  const { settings } = run.suite;
  const screen = async (phase: Phase, candidates: readonly Candidate[]): Promise<ScreenedCandidate[]> =>
    Promise.all(changing(candidates).map((candidate) => screenOne(run, search, phase, candidate)));
  const build = (from: LibraryDocument, proposals: readonly Proposal[]): Candidate[] =>
    proposals.map((proposal) => buildCandidate(from, proposal, settings, run.leaks));

  const screened = await screen("candidates", search.candidates);
  const combined = search.reflection.combine(search.library, screened);
  if (combined !== undefined) screened.push(...(await screen("candidates", build(search.library, [combined]))));
  let best = better(undefined, screened);
  run.runtime.emit({ type: "phase-done", phase: "candidates", note: `best of ${screened.length} at ${rewardText(best?.reward)} on training` });

  for (let round = 0; best !== undefined && round < settings.refinements; round++) {
    const base: ScreenedCandidate = best;
    const proposals = await search.reflection.refine(base, round);
    const refined = build(base.document, proposals).map((candidate) => onTopOf(base, candidate));
    best = better(base, await screen("refinement", refined));
    run.runtime.emit({ type: "phase-done", phase: "refinement", note: `round ${round + 1}: ${rewardText(base.reward)} -> ${rewardText(best?.reward)}` });
  }
  const current = meanReward(search.groups);
  return best?.reward != null && current !== null && best.reward > current ? best : undefined;
}

const changing = (candidates: readonly Candidate[]): Candidate[] => candidates.filter((one) => one.proposal.operations.length > 0);

async function screenOne(run: TrainingRun, search: Search, phase: Phase, candidate: Candidate): Promise<ScreenedCandidate> {
  const set = screeningSet(search.groups.map((group) => group.example), run.suite.settings.screenSize);
  const groups = await rollGroups(run, phase, set, evaluationSampling(candidate.document, `screen ${search.draw}`, 1));
  return { ...candidate, groups, reward: meanReward(groups) };
}

function better(incumbent: ScreenedCandidate | undefined, challengers: readonly ScreenedCandidate[]): ScreenedCandidate | undefined {
  let best = incumbent;
  for (const one of challengers) if ((one.reward ?? -1) > (best?.reward ?? -1)) best = one;
  return best;
}

/** A refinement's operations come after those of the candidate that it refines. */
function onTopOf(base: Candidate, refined: Candidate): Candidate {
  return {
    ...refined,
    proposal: {
      operations: [...base.proposal.operations, ...refined.proposal.operations],
      about: [...base.proposal.about, ...refined.proposal.about],
    },
    refused: [...base.refused, ...refined.refused],
  };
}

const rewardText = (reward: number | null | undefined): string => (reward === null || reward === undefined ? "ungraded" : reward.toFixed(2));
