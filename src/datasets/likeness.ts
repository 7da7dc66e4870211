import { jaccard, ngrams, normaliseText, shingles } from "./ngram.ts";
import type { Dataset, Example } from "./schema.ts";
import type { Splits } from "./split.ts";

/** Two examples that are too alike, and why. */
export interface Likeness {
  a: Example;
  b: Example;
  why: string;
}

const NEAR_DUPLICATE_GRAM = 3;
/** Share of common word 3-grams, 0..1, from which two queries count as the same question. */
const NEAR_DUPLICATE_FROM = 0.5;
const LEAK_GRAM = 8;

/** Pairs of examples whose queries share half of their word 3-grams or more, in dataset order. */
export function nearDuplicates(dataset: Dataset): Likeness[] {
  const grams = new Map(
    dataset.examples.map((example) => [example, shingles(example.query, NEAR_DUPLICATE_GRAM)]),
  );
  const pairs = pairsThatShare(grams);
  return pairs.flatMap(({ a, b }) => {
    const likeness = jaccard(grams.get(a) ?? new Set(), grams.get(b) ?? new Set());
    return likeness >= NEAR_DUPLICATE_FROM
      ? [{ a, b, why: `${Math.round(likeness * 100)} % of their 3-grams` }]
      : [];
  });
}

/**
 * Pairs on different sides of a split whose words from the persona (query and user turns) are the same question or
 * share eight words in a row. Replies are left out: safety lines recur in good ones by design.
 */
export function leaks(dataset: Dataset, splits: Splits): Likeness[] {
  const apart = ({ a, b }: { a: Example; b: Example }) => splits.get(a.id) !== splits.get(b.id);
  const queries = new Map(
    dataset.examples.map((example) => [example, new Set([normaliseText(example.query)])]),
  );
  const spoken = new Map(dataset.examples.map((example) => [example, new Set(spokenGrams(example))]));
  const same = pairsThatShare(queries).filter(apart);
  const overlapping = pairsThatShare(spoken).filter(apart);
  const known = new Set(same.map(({ a, b }) => `${a.id} ${b.id}`));
  return [
    ...same.map(({ a, b }) => ({ a, b, why: "the same query" })),
    ...overlapping
      .filter(({ a, b }) => !known.has(`${a.id} ${b.id}`))
      .map(({ a, b, gram }) => ({ a, b, why: `shared words "${gram}"` })),
  ];
}

/** What of an example is compared. */
export interface Spoken {
  query: string;
  turns: readonly { role: string; content: string }[];
}

/** A text's grams, made once where it is compared with many. */
export interface Likened {
  query: string;
  shingles: ReadonlySet<string>;
  spoken: ReadonlySet<string>;
}

export const liken = (example: Spoken): Likened => ({
  query: normaliseText(example.query),
  shingles: shingles(example.query, NEAR_DUPLICATE_GRAM),
  spoken: new Set(spokenGrams(example)),
});

/** Why two examples count as the same question: one that may not be on two sides of a split; undefined if they do not. */
export function alike(a: Likened, b: Likened): string | undefined {
  if (a.query === b.query) return "the same query";
  const likeness = jaccard(a.shingles, b.shingles);
  if (likeness >= NEAR_DUPLICATE_FROM) return `${Math.round(likeness * 100)} % of their 3-grams`;
  const [shared] = a.spoken.intersection(b.spoken);
  return shared === undefined ? undefined : `the words "${shared}"`;
}

function spokenGrams(example: Spoken): string[] {
  const turns = example.turns.filter((turn) => turn.role === "user").map((turn) => turn.content);
  return [example.query, ...turns].flatMap((text) => ngrams(text, LEAK_GRAM));
}

/** Every pair that shares an item, once, with the first item shared; only such pairs are ever looked at. */
function pairsThatShare(
  items: ReadonlyMap<Example, ReadonlySet<string>>,
): { a: Example; b: Example; gram: string }[] {
  const holders = new Map<string, Example[]>();
  const pairs = new Map<string, { a: Example; b: Example; gram: string }>();
  for (const [example, grams] of items) {
    for (const gram of grams) {
      const earlier = holders.get(gram) ?? [];
      for (const other of earlier) {
        const key = `${other.id} ${example.id}`;
        if (!pairs.has(key)) pairs.set(key, { a: other, b: example, gram });
      }
      earlier.push(example);
      holders.set(gram, earlier);
    }
  }
  return [...pairs.values()];
}
