import { evaluationSampling } from "../evaluation/sampling.ts";
import type { LibraryDocument } from "../library/index.ts";
import type { Phase } from "../runs/events.ts";
import type { Proposal, Reflection, Screened } from "./advantage.ts";
import type { Anticipation } from "./anticipation.ts";
import { buildCandidate, type Candidate } from "./candidates.ts";
import { type Group, meanReward } from "./groups.ts";
import { wordingOf } from "./record.ts";
import { screeningSet } from "./steps.ts";
import { rollGroups, type TrainingRun } from "./training-run.ts";

export interface Search {
  library: LibraryDocument;
  groups: readonly Group[];
  reflection: Reflection;
  candidates: readonly Candidate[];
  /** The wordings of candidates that the gate refused when they were made from this library. */
  rejected: ReadonlySet<string>;
  /** What could not be part of a candidate, for the step's report; what is built here adds to it. */
  refused: Candidate["refused"][number][];
  draw: string;
  anticipation: Pick<Anticipation, "validation" | "acceptance">;
}

type ScreenedCandidate = Candidate & Screened;

/**
 * Compares whole candidate libraries on training examples, because experiences interact: one about questions
 * can silence the rest. Then tries the best parts together, and new wordings for what is still lost.
 * The best comes first; whether it beats the current library is the gate's to say, on examples that nothing
 * was learned from.
 */
export async function rankCandidates(run: TrainingRun, search: Search): Promise<Candidate[]> {
  const { settings } = run.suite;
  const candidates = untried(search, changing(search.candidates));
  if (candidates.length === 0) return [];
  const screen = async (phase: Phase, built: readonly Candidate[]): Promise<ScreenedCandidate[]> =>
    Promise.all(
      built.map(async (candidate) => ({
        ...candidate,
        ...(await screenOne(run, search, phase, candidate.document)),
      })),
    );
  const build = (from: LibraryDocument, proposals: readonly Proposal[]): Candidate[] => {
    const built = proposals.map((one) => buildCandidate(from, one, settings, run.admission.refusal));
    search.refused.push(...built.flatMap((one) => one.refused));
    return built;
  };
  const fresh = (built: readonly Candidate[]): Candidate[] => untried(search, changing(built));

  const screened = await screen("candidates", candidates);
  const combined = search.reflection.combine(search.library, screened);
  if (combined !== undefined)
    screened.push(...(await screen("candidates", fresh(build(search.library, [combined])))));
  let [best] = ranked(screened);
  run.runtime.emit({
    type: "phase-done",
    phase: "candidates",
    note: `best of ${screened.length} at ${rewardText(best?.reward)} on training`,
  });

  for (let round = 0; best !== undefined && round < settings.refinements; round++) {
    const base: ScreenedCandidate = best;
    const proposals = await search.reflection.refine(base, round, screened);
    const refined = build(base.document, proposals).map((candidate) => onTopOf(base, candidate));
    screened.push(...(await screen("refinement", fresh(refined))));
    [best] = ranked(screened);
    run.runtime.emit({
      type: "phase-done",
      phase: "refinement",
      note: `round ${round + 1}: ${rewardText(base.reward)} -> ${rewardText(best?.reward)}`,
    });
  }
  return distinct(ranked(screened));
}

export const changing = (candidates: readonly Candidate[]): Candidate[] =>
  candidates.filter((one) => one.proposal.operations.length > 0);

/**
 * The candidates that the gate has not refused before. Whole candidates are compared, because whole ones were
 * judged: a refused text may stand in another.
 */
export function untried({ rejected, refused }: Search, candidates: readonly Candidate[]): Candidate[] {
  return candidates.filter((candidate) => {
    if (!rejected.has(wordingOf(candidate.document))) return true;
    for (const operation of candidate.proposal.operations) {
      refused.push({
        text: "text" in operation ? operation.text : `${operation.op} ${operation.id ?? ""}`,
        reason: "it was part of a candidate that the gate refused",
      });
    }
    return false;
  });
}

async function screenOne(
  run: TrainingRun,
  search: Search,
  phase: Phase,
  library: LibraryDocument,
): Promise<Pick<Screened, "groups" | "reward">> {
  const set = screeningSet(
    search.groups.map((group) => group.example),
    run.suite.settings.screenSize,
  );
  const groups = await rollGroups(run, phase, set, evaluationSampling(library, `screen ${search.draw}`, 1));
  return { groups, reward: meanReward(groups) };
}

/** Best mean reward first; of equals the one that was built first. */
function ranked(screened: readonly ScreenedCandidate[]): ScreenedCandidate[] {
  return [...screened].sort((a, b) => (b.reward ?? -1) - (a.reward ?? -1));
}

/** The gate answers the same wording the same way: the better placed one speaks for all. */
function distinct(candidates: readonly ScreenedCandidate[]): ScreenedCandidate[] {
  const seen = new Set<string>();
  return candidates.filter(({ document }) => {
    const wording = wordingOf(document);
    return !seen.has(wording) && seen.add(wording);
  });
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

const rewardText = (reward: number | null | undefined): string =>
  reward === null || reward === undefined ? "ungraded" : reward.toFixed(2);
