/** Finding phrases in what people write. Every function is linear in its input. */

/** Straight quotes, NFKC, no Markdown emphasis, single spaces; line breaks are kept. */
export function plain(text: string): string {
  return text
    .normalize("NFKC")
    .replace(/[\u2018\u2019\u02bc\u0060]/gu, "'")
    .replace(/[\u201c\u201d]/gu, '"')
    .replace(/[\u2010\u2011]/gu, "-")
    .replace(/\*/gu, "")
    .replace(/[^\S\n]+/gu, " ")
    .trim();
}

/** Sentences with their end marks; a line break ends a sentence too. */
export function sentences(text: string): string[] {
  const found = text.match(/[^.?!\n]+[.?!]*["')\]]*/gu) ?? [];
  return found.map((s) => s.trim()).filter((s) => /[\p{L}\p{N}]/u.test(s));
}

/** Lower-case words, apostrophes kept: `don't` is one word. */
export function words(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+(?:'\p{L}+)*/gu) ?? [];
}

/** One pattern out of several alternatives, at word boundaries, any case. */
export function anyOf(...sources: readonly string[]): RegExp {
  return new RegExp(`(?<![\\p{L}\\p{N}])(?:${sources.join("|")})(?![\\p{L}\\p{N}])`, "giu");
}

export interface Found {
  /** The words that matched, as written. */
  words: string;
  index: number;
}

/** The first match, in text order. */
export function find(text: string, pattern: RegExp): Found | undefined {
  pattern.lastIndex = 0;
  const match = pattern.exec(text);
  pattern.lastIndex = 0;
  return match === null ? undefined : { words: match[0].trim(), index: match.index };
}

/** Every match, in text order. */
export function findAll(text: string, pattern: RegExp): Found[] {
  return Array.from(text.matchAll(pattern), (m) => ({ words: m[0].trim(), index: m.index }));
}
