/** Plain-text tools that the rules share. Every function is linear in its input. */
import { type Found, findAll, sentences, words } from "../library/phrases.ts";

export { anyOf, type Found, find, findAll, plain, sentences, words } from "../library/phrases.ts";

const FUNCTION_WORDS = new Set(
  `a an the and or but so if then than as of to in on at by for with from into about over out up off it its it's
  i i'm i've i'd i'll me my mine we us our you you're you've you'd you'll your yours yourself he she they them his her
  their this that that's these those there there's here is am are was were be been being do does did done doing don't
  didn't doesn't have has had having can can't could will would should may might must not no nor yes what what's how
  where when who which why just very really too also like some any all more most much many lot bit get got getting go
  going know think thing things something anything say said says sounds sound seems seem feel feels feeling felt make
  makes made one because still even only again right now okay ok well oh yeah hmm`.split(/\s+/u),
);

/** Roughly one form for `letter`, `letters`, `lettering`. */
function stem(word: string): string {
  const base = word.replace(/'.*$/u, "");
  return base.length > 4 ? base.replace(/(?:ings?|ed|es|ly|s)$/u, "") : base;
}

/** Stems of the words that carry meaning. */
export function contentStems(text: string): string[] {
  return words(text)
    .filter((w) => w.length > 2 && !FUNCTION_WORDS.has(w))
    .map(stem);
}

const NEGATION =
  /(?:\b(?:not|never|no|without|nor|neither|cannot|needn't|rather than|instead of|\w+n't)(?: (?:even|really|just|ever|going to|here to|have to|need to|trying to|want to|able to|saying|a|an|your|to|so|that|be|any|mean|feel|feeling)){0,3} )$/iu;

/** True when the words just before `index` turn the match into its opposite. */
export function isNegated(text: string, index: number): boolean {
  return NEGATION.test(text.slice(Math.max(0, index - 48), index));
}

/** The first match that is not negated. */
export function findAsserted(text: string, pattern: RegExp): Found | undefined {
  return findAll(text, pattern).find((hit) => !isNegated(text, hit.index));
}

/** A short quotation for a reason: at most `limit` words, in double quotes, inner ones made single. */
export function quote(text: string, limit = 12): string {
  const parts = text.trim().slice(0, 400).split(/\s+/u);
  const cut = parts.length > limit ? `${parts.slice(0, limit).join(" ")} ...` : parts.join(" ");
  return `"${cut.replaceAll('"', "'")}"`;
}

/** Questions, judged by their question mark. */
export function questions(text: string): string[] {
  return sentences(text).filter((s) => /\?["')\]]*$/u.test(s));
}
