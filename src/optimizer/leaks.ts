import { ngramSet, sharedNgrams } from "../datasets/ngram.ts";
import type { Suite, SuiteExample } from "../suite/suite.ts";
import { queryOf } from "./criteria.ts";

/** Words in a row that an experience may not share with a question, or with a reference reply: stock phrases recur. */
const LEAK_WORDS = { question: 5, reference: 8 } as const;

/** Says why a text may not enter a library, if it may not. */
type TextCheck = (text: string) => string | undefined;

/** Refuses texts that copy from a question or a reference reply of any split. */
export function leakCheck(suite: Suite): TextCheck {
  const asked = ngramSet(questionsOf(suite), LEAK_WORDS.question);
  const references = ngramSet(referenceTexts(suite), LEAK_WORDS.reference);
  return (text) => {
    const [shared] = [
      ...sharedNgrams(text, asked, LEAK_WORDS.question),
      ...sharedNgrams(text, references, LEAK_WORDS.reference),
    ];
    return shared === undefined ? undefined : `it copies "${shared}" from an example`;
  };
}

/** Refuses texts that speak of the learner's worked examples (`topics`) where the user's own questions never do. */
export function topicCheck(suite: Suite, topics: readonly string[]): TextCheck {
  const own = ngramSet(questionsOf(suite), 1);
  const foreign = topics.filter((topic) => !own.has(topic));
  return (text) => {
    const topic = foreign.find((one) => sharedNgrams(text, [one], 1).length > 0);
    return topic === undefined
      ? undefined
      : `it speaks of "${topic}", which only the learner's worked examples are about`;
  };
}

const examplesOf = ({ examples, others = [] }: Suite): SuiteExample[] => [
  ...Object.values(examples).flat(),
  ...others,
];

const questionsOf = (suite: Suite): string[] => examplesOf(suite).map((example) => queryOf({ example }));

/** The texts in the examples' metadata, such as reference replies. */
export const referenceTexts = (suite: Suite): string[] =>
  examplesOf(suite).flatMap(({ test }) =>
    Object.values(test.metadata ?? {}).filter((value) => typeof value === "string"),
  );
