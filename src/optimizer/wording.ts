import { ngrams, normaliseText } from "../datasets/ngram.ts";
import { countWords, safeText } from "../library/index.ts";

/** A double quote inside a grammar-bound JSON string ends it, so small learners read single ones only. */
export const quiet = (text: string): string =>
  safeText(text).replaceAll('"', "'").replace(/\s+/g, " ").trim();

export function clip(text: string, words: number): string {
  const parts = text.split(" ");
  return parts.length <= words ? text : `${parts.slice(0, words).join(" ")} …`;
}

/** One line, without the list number or label that small models put in front. */
export function tidy(text: string): string {
  return text
    .replace(/\s+/g, " ")
    .replace(/^\s*(?:instruction:|\d+[.)]|\[E?\d+\]|[-*])\s*/i, "")
    .trim();
}

/** A sentence that stops in the middle teaches half of what it should. */
const WHOLE = /[^\s,:;][.!?…'’”)]$/;
const DANGLING = /\b(for example|such as|like|and|or|the)[.…]*$/i;

/** Why a text cannot be an experience, if it cannot. */
export function whyUnusable(text: string, maxWords: number): string | undefined {
  if (!WHOLE.test(text) || DANGLING.test(text)) return `it is not a whole sentence: "${text}"`;
  return countWords(text) > maxWords ? `it has more than ${maxWords} words: "${text}"` : undefined;
}

/** Words in a row that make a wording a copy of a reply. */
const COPIED_WORDS = 5;
/** Words in a row that show a grader's demand in a wording. */
const DEMAND_WORDS = 3;

/**
 * How closely a wording keeps to what the graders asked for, -1..2: how well its three-word runs cover theirs
 * and are theirs (each demand by how often it was made), plus the share of the phrases they quote that it
 * quotes too; less one when it copies from a reply. Phrases that graders quote from the replies themselves do
 * not count. A small learner that puts a demand into words of its own loses what made it checkable.
 * @param reasons one a failed reply, repeated ones repeated
 */
export function faithfulness(text: string, reasons: readonly string[], replies: readonly string[]): number {
  const said = replies.map(normaliseText);
  const inReplies = (words: string): boolean => said.some((reply) => reply.includes(words));
  const asked = [...new Set(reasons.flatMap(quotedIn))].filter((phrase) => !inReplies(phrase));
  const own = normaliseText(text);
  const quoted = share(asked, (phrase) => own.includes(phrase));
  const demands = reasons
    .flatMap((reason) => ngrams(reason, DEMAND_WORDS))
    .filter((gram) => !inReplies(gram));
  const [made, kept] = [new Set(demands), new Set(ngrams(text, DEMAND_WORDS))];
  const precision = share([...kept], (gram) => made.has(gram));
  const recall = share(demands, (gram) => kept.has(gram));
  const demanded = precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall);
  const copied = quoted === 0 && ngrams(text, COPIED_WORDS).some(inReplies);
  return demanded + quoted - Number(copied);
}

const quotedIn = (reason: string): string[] =>
  [...reason.matchAll(/"([^"]{3,80})"/g)].flatMap(([, phrase = ""]) => normaliseText(phrase) || []);

function share<T>(items: readonly T[], test: (item: T) => boolean): number {
  return items.length === 0 ? 0 : items.filter(test).length / items.length;
}
