/** Text as it is compared: one spelling of quotes and case, no punctuation, single spaces. */
export function normaliseText(text: string): string {
  return words(text).join(" ");
}

/** Lower-case words of letters, digits and inner apostrophes. */
export function words(text: string): string[] {
  const plain = text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[‘’ʼ`]/g, "'");
  return plain.match(/[\p{L}\p{M}\p{N}]+(?:'[\p{L}\p{M}\p{N}]+)*/gu) ?? [];
}

/** The word n-grams of `text` in order, each once; none when it has fewer than `n` words. */
export function ngrams(text: string, n: number): string[] {
  if (!Number.isInteger(n) || n < 1) throw new RangeError("n must be a positive integer");
  const all = words(text);
  const grams = new Set<string>();
  for (let start = 0; start + n <= all.length; start++) grams.add(all.slice(start, start + n).join(" "));
  return [...grams];
}

/** Every n-gram of several texts; make it once when one corpus is asked about many times. */
export function ngramSet(corpus: Iterable<string>, n: number): Set<string> {
  const grams = new Set<string>();
  for (const text of corpus) for (const gram of ngrams(text, n)) grams.add(gram);
  return grams;
}

/** The word n-grams that `text` shares with a corpus of texts, or with a set from `ngramSet` of the same `n`. */
export function sharedNgrams(
  text: string,
  corpus: readonly string[] | ReadonlySet<string>,
  n: number,
): string[] {
  const known = "has" in corpus ? corpus : ngramSet(corpus, n);
  return ngrams(text, n).filter((gram) => known.has(gram));
}

/** N-grams for likeness: a text shorter than `n` words counts as one gram, so that short twins are found too. */
export function shingles(text: string, n: number): ReadonlySet<string> {
  const grams = ngrams(text, n);
  return new Set(grams.length > 0 ? grams : [normaliseText(text)]);
}

/** Shared items over all items, 0..1; two empty sets are not alike. */
export function jaccard(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const shared = a.intersection(b).size;
  return shared === 0 ? 0 : shared / (a.size + b.size - shared);
}
