import {
  applyOperations,
  type LibraryDocument,
  orderExperiences,
  type RefusedOperation,
} from "../library/index.ts";
import type { Settings } from "../suite/settings.ts";
import type { Admission, Refusal } from "./admission.ts";
import type { Proposal } from "./advantage.ts";

/** A candidate library, and what could not be part of it. */
export interface Candidate {
  document: LibraryDocument;
  proposal: Proposal;
  refused: readonly Refusal[];
}

/**
 * A whole candidate from a proposal: what may not enter and bad operations are left out with their reason, the
 * rest stands. A candidate without operations changes nothing.
 */
export function buildCandidate(
  library: LibraryDocument,
  proposal: Proposal,
  settings: Settings,
  refusalOf: Admission["refusal"],
): Candidate {
  const checked = proposal.operations.map((operation, index) => {
    const about = proposal.about[index] ?? { exampleIds: [] };
    return { operation, about, refused: refusalOf(operation, about) };
  });
  const clean = checked.filter((one) => one.refused === undefined);
  const limits = { maxExperiences: settings.maxExperiences, maxWords: settings.maxWords };
  const result = applyOperations(
    library,
    clean.map((one) => one.operation),
    limits,
  );
  const applied = clean.filter((one) => result.applied.some((done) => done.operation === one.operation));
  const front = proposal.front ?? [];
  const ids = result.document.experiences.map((one) => one.id);
  const order = [...front.filter((id) => ids.includes(id)), ...ids.filter((id) => !front.includes(id))];
  return {
    document: front.length === 0 ? result.document : orderExperiences(result.document, order),
    proposal: {
      ...proposal,
      operations: applied.map((one) => one.operation),
      about: applied.map((one) => one.about),
    },
    refused: [...result.refused.map(refusal), ...checked.flatMap((one) => one.refused ?? [])],
  };
}

const refusal = ({ operation, reason }: RefusedOperation): Refusal => ({
  text: `${operation.op} ${"text" in operation ? operation.text : (operation.id ?? "")}`,
  reason,
});
