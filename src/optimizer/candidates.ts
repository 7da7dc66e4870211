import { ngramSet, sharedNgrams } from "../datasets/ngram.ts";
import {
  applyOperations,
  type LibraryDocument,
  orderExperiences,
  type RefusedOperation,
} from "../library/index.ts";
import type { Settings } from "../suite/settings.ts";
import type { Suite, SuiteExample } from "../suite/suite.ts";
import type { Proposal } from "./advantage.ts";
import { queryOf } from "./criteria.ts";

/** Words in a row that an experience may not share with a question, or with a reference reply: stock phrases recur. */
const LEAK_WORDS = { question: 5, reference: 8 } as const;

/** A candidate library, and what could not be part of it. */
export interface Candidate {
  document: LibraryDocument;
  proposal: Proposal;
  refused: readonly { text: string; reason: string }[];
}

/**
 * A whole candidate from a proposal: leaking texts and bad operations are left out with their reason, the
 * rest stands. A candidate without operations changes nothing.
 */
export function buildCandidate(
  library: LibraryDocument,
  proposal: Proposal,
  settings: Settings,
  leaks: LeakCheck,
): Candidate {
  const checked = proposal.operations.map((operation, index) => ({
    operation,
    about: proposal.about[index] ?? { exampleIds: [] },
    leak: "text" in operation ? leaks(operation.text) : undefined,
  }));
  const clean = checked.filter((one) => one.leak === undefined);
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
    refused: [
      ...result.refused.map(refusal),
      ...checked.flatMap(({ operation, leak }) =>
        leak === undefined
          ? []
          : [{ text: "text" in operation ? operation.text : operation.op, reason: leak }],
      ),
    ],
  };
}

const refusal = ({ operation, reason }: RefusedOperation): { text: string; reason: string } => ({
  text: `${operation.op} ${"text" in operation ? operation.text : (operation.id ?? "")}`,
  reason,
});

/** Says why a text may not enter a library, if it may not. */
export type LeakCheck = (text: string) => string | undefined;

/**
 * Refuses texts that copy from a question or a reference reply of any split, and those that speak of the
 * learner's worked examples (`topics`) where the user's own questions never do.
 */
export function leakCheck(suite: Suite, topics: readonly string[] = []): LeakCheck {
  const examples = Object.values(suite.examples).flat();
  const questions = examples.map((example) => queryOf({ example }));
  const asked = ngramSet(questions, LEAK_WORDS.question);
  const references = ngramSet(
    examples.flatMap((example) => referencesOf(example)),
    LEAK_WORDS.reference,
  );
  const own = ngramSet(questions, 1);
  const foreign = topics.filter((topic) => !own.has(topic));
  return (text) => {
    const [shared] = [
      ...sharedNgrams(text, asked, LEAK_WORDS.question),
      ...sharedNgrams(text, references, LEAK_WORDS.reference),
    ];
    if (shared !== undefined) return `it copies "${shared}" from an example`;
    const topic = foreign.find((one) => sharedNgrams(text, [one], 1).length > 0);
    return topic === undefined
      ? undefined
      : `it speaks of "${topic}", which only the learner's worked examples are about`;
  };
}

const referencesOf = (example: SuiteExample): string[] =>
  Object.values(example.test.metadata ?? {}).filter((value) => typeof value === "string");
